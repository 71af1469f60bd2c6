"""How well the culture's temperature is inferred and held: `python -m tests.bench.culture_temperature`.

Two ways to sample the cooling heater board, and several derivative gains, on the simulator's model of heat.
"""

from __future__ import annotations

import itertools

import numpy as np

from core.automations.temperature.culture_temperature import by_linear_model
from core.automations.temperature.thermometer import SAMPLE_EVERY_S, Thermometer
from core.jobs.pid import Pid
from device.simulator.heat import Heat

SAMPLES, ON_S = 21, 95.0
READS, READ_EVERY_S, SUPPLY_V = 6, 0.05, 5.0


class Bench:
    """A vial in a room, with a thermometer that has 0.03 °C of noise in steps of 0.0625 °C."""

    def __init__(self, room: float, volume_ml: float, seed: int = 1) -> None:
        self.heat = Heat(room)
        self.volume_ml = volume_ml
        self.rng = np.random.default_rng(seed)
        self.time_s = 0.0

    def go(self, seconds: float, duty: float = 0.0) -> None:
        self.heat.advance(seconds, duty / 100, SUPPLY_V, self.volume_ml)
        self.time_s += seconds

    def read(self) -> float:
        return float(round((self.heat.board + 0.03 * self.rng.standard_normal()) / 0.0625) * 0.0625)

    def by_reads(self, duty: float) -> float:
        """Ask the thermometer six times for each sample: 126 commands."""
        samples = []
        for k in range(SAMPLES):
            self.go(SAMPLE_EVERY_S - READS * READ_EVERY_S if k else 0.0)
            reads = []
            for _ in range(READS):
                reads.append(self.read())
                self.go(READ_EVERY_S)
            samples.append(float(np.mean(reads)))
        return by_linear_model(duty, samples)

    def by_reports(self, duty: float) -> float:
        """Listen to what the board reports each second: no command."""
        thermometer, start_s = Thermometer(), self.time_s
        for _ in range(109):
            thermometer.take(self.time_s, self.read())
            self.go(1.0)
        samples = thermometer.samples(start_s, SAMPLES)
        assert samples is not None
        return by_linear_model(duty, samples)


def errors(method: str, room: float, volume_ml: float) -> tuple[float, float]:
    """Return mean and standard deviation of the inferred minus the true temperature, vial below 48 °C."""
    found = []
    for duty in (10, 20, 30, 40, 50, 60):
        bench = Bench(room, volume_ml)
        for cycle in range(60):
            bench.go(ON_S, duty)
            error = getattr(bench, method)(duty) - bench.heat.vial
            if cycle > 3 and bench.heat.vial < 48:
                found.append(error)
    return float(np.mean(found)), float(np.std(found))


def step(kd: float, room: float, volume_ml: float, seed: int) -> tuple[float, float, float]:
    """Return overshoot in °C, minutes until it is first within 0.5 °C of 37 °C, and until it stays within 1 °C."""
    bench, pid = Bench(room, volume_ml, seed), Pid(2.6, 0.0, kd, -25, 25)
    bench.heat.board = bench.heat.vial = 22.0
    duty, celsius, course = 0.0, 22.0, []
    for _ in range(60):
        duty = min(max(duty + pid.update(37.0, celsius, 1.0), 0.0), 100.0)
        for _ in range(int(ON_S)):
            bench.go(1.0, duty)
            course.append((bench.time_s / 60, bench.heat.vial - 37.0))
        celsius = bench.by_reports(duty) if duty else bench.read()
        if not duty:
            bench.go(105.0)
        course.append((bench.time_s / 60, bench.heat.vial - 37.0))
    near = next(minutes for minutes, error in course if abs(error) < 0.5)
    settled = max(minutes for minutes, error in course if abs(error) > 1.0)
    return max(error for _, error in course), near, settled


def main() -> None:
    """Print both tables."""
    print("room °C, ml: inferred - true, mean and standard deviation in °C, by 126 reads | by reports")
    for room, volume_ml in itertools.product((20, 22, 24, 26.5), (14, 18)):
        reads, reports = errors("by_reads", room, volume_ml), errors("by_reports", room, volume_ml)
        print(f"{room:5.1f} {volume_ml:3}: {reads[0]:+.2f} {reads[1]:.2f} | {reports[0]:+.2f} {reports[1]:.2f}")
    print(
        "Kd: 22 to 37 °C, overshoot °C, minutes to within 0.5 °C, minutes until it stays within 1 °C (mean of 6 vials)"
    )
    vials = list(itertools.product((20.0, 22.0, 26.5), (14.0, 18.0)))
    for kd in (4.6, 6.0, 8.0, 9.0, 10.0, 14.0):
        results = np.array([step(kd, room, ml, seed) for seed, (room, ml) in enumerate(vials)])
        mean, worst = results.mean(axis=0), results[:, 0].max()
        print(f"{kd:5.1f}: {mean[0]:.2f} (worst {worst:.2f}), {mean[1]:.0f}, {mean[2]:.0f}")


if __name__ == "__main__":
    main()
