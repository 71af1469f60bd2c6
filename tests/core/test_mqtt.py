"""A unit on an MQTT broker, a real one: what it tells, what it takes, and what becomes of it when the broker goes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, listening
from running_services import Served, ServiceProcess, serving, write_config

from core.bus import BioreactorChanged, ProfileRunChanged
from core.mqtt.outbox import Message, Outbox
from core.service import ServiceOptions

_EXPERIMENT = "Exp 1"
_STIRRING = f"pioreactor/u1/{_EXPERIMENT}/stirring"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path)
    await broker.start()
    yield broker
    broker.stop()


@contextlib.asynccontextmanager
async def on_broker(data_dir: Path, broker: Broker, *config: str, state: str = "connected") -> AsyncIterator[Served]:
    """Run a service with the simulated board that uses `broker`; it is in `state` when the block begins."""
    write_config(data_dir, broker.config(*config))
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await until(lambda: in_state(served, state))
        current = served.service.board_link.current
        assert current is not None
        await current.wait_until_usable(10)
        yield served


async def in_state(served: Served, state: str) -> bool:
    return bool((await served.json("GET", "/mqtt"))["state"] == state)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - it is the service that is asked
            await asyncio.sleep(0.05)


async def start(served: Served, job: str, **options: Any) -> None:
    body = {"options": options, "env": {"EXPERIMENT": _EXPERIMENT}}
    await served.json("POST", f"/jobs/run/job_name/{job}", 202, json=body)

    async def runs() -> bool:
        settings = await served.http.get(f"/unit_api/jobs/settings/job_name/{job}")
        return settings.status_code == 200 and settings.json()["settings"].get("$state") == "ready"

    await until(runs)


async def logged(served: Served, text: str) -> None:
    async def is_there() -> bool:
        return any(text in item["message"] for item in (await served.json("GET", "/logs?min_level=DEBUG"))["logs"])

    await until(is_there)


async def run(*command: str) -> None:
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)


async def rpm(served: Served) -> float:
    return float((await served.json("GET", "/jobs/settings/job_name/stirring/setting/target_rpm"))["target_rpm"])


async def test_without_a_broker_in_the_configuration_mqtt_is_off(served: Served) -> None:
    state = await served.json("GET", "/mqtt")
    assert (state["state"], state["broker"]) == ("off", None)
    assert "broker_address" in state["remedy"]


async def test_who_comes_late_sees_how_everything_is(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served:
        await start(served, "stirring", target_rpm=400)
        async with listening(broker) as heard:
            await heard.newest(f"{_STIRRING}/$state", "ready")
            assert await heard.newest(f"{_STIRRING}/target_rpm") == "400.0"
            assert await heard.newest(f"{_STIRRING}/enable_dodging_od") == "False"
            assert list(json.loads(await heard.newest(f"pioreactor/u1/{_EXPERIMENT}/pwms/dc"))) == ["17"]
            assignment = json.loads(await heard.newest("pioreactor/u1/$experiment/assignment"))
            assert assignment["experiment"] == _EXPERIMENT
            statistics = json.loads(await heard.newest("pioreactor/u1/$experiment/monitor/computer_statistics"))
            assert statistics["timestamp"].endswith("000Z")
            assert len(statistics["timestamp"]) == 27


async def test_what_ends_takes_its_settings_along_and_leaves_its_state(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served:
        await start(served, "stirring")
        async with listening(broker) as heard:
            await heard.newest(f"{_STIRRING}/$state", "ready")
            await served.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"})
            await heard.newest(f"{_STIRRING}/target_rpm", "")
            await heard.newest(f"{_STIRRING}/$state", "disconnected")
        async with listening(broker, f"{_STIRRING}/#") as later:
            await later.newest(f"{_STIRRING}/$state")
            assert later.texts(f"{_STIRRING}/target_rpm") == []


async def test_doses_light_rules_and_log_lines_are_told_once(data_dir: Path, broker: Broker) -> None:
    here = f"pioreactor/u1/{_EXPERIMENT}"
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        await start(served, "led_automation", automation_name="light_dark_cycle", light_intensity=20)
        await heard.until(lambda: len(heard.texts(f"{here}/led_automation/led_automation_settings")) >= 3)
        snapshot = json.loads(heard.texts(f"{here}/led_automation/led_automation_settings")[-1])
        assert json.loads(base64.b64decode(snapshot["settings"]))["light_intensity"] == 20
        assert (snapshot["automation_name"], snapshot["ended_at"]) == ("light_dark_cycle", None)
        await heard.until(lambda: len(heard.texts(f"{here}/led_change_events")) >= 1)
        assert json.loads(await heard.newest(f"{here}/leds/intensity"))["A"] == 0
        await served.json("POST", "/jobs/stop", 202, json={"job_name": "led_automation"})
        topic = f"{here}/led_automation/led_automation_settings"
        await heard.until(lambda: json.loads(heard.texts(topic)[-1])["ended_at"] is not None)
        body = {"options": {"duration": 0.4}, "env": {"EXPERIMENT": _EXPERIMENT}}
        await served.json("POST", "/jobs/run/job_name/add_media", 202, json=body)
        dose = json.loads(await heard.newest(f"{here}/dosing_events"))
        assert (dose["event"], dose["source_of_event"]) == ("add_media", "CLI")
        assert dose["volume_change"] == pytest.approx(0.4 * 0.0911)
        volume_ml = float(await heard.newest(f"{here}/bioreactor/current_volume_ml"))
        assert volume_ml == pytest.approx(15 + 0.4 * 0.0911)
        await heard.newest(f"{here}/add_media/$state", "disconnected")
        line = json.loads(await heard.newest(f"{here}/logs/app/info"))
        assert set(line) == {"message", "level", "task", "timestamp", "source"}
        assert not any(
            m.retain for m in heard.messages if "dosing_events" in m.topic.value or "/logs/" in m.topic.value
        )


async def test_a_run_of_a_profile_is_told_while_it_lasts(data_dir: Path, broker: Broker) -> None:
    run = {"run_id": "r1", "profile": "growth.yaml", "experiment_profile_name": "Growth", "experiment": _EXPERIMENT,
           "started_at": "2031-02-03T04:05:06.789Z", "ended_at": None, "actions_done": 2}  # fmt: skip
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        topic = f"pioreactor/u1/{_EXPERIMENT}/experiment_profile/r1"
        served.service.bus.publish(ProfileRunChanged(run))
        assert await heard.newest(f"{topic}/experiment_profile_name") == "Growth"
        assert await heard.newest(f"{topic}/profile_filename") == "growth.yaml"
        await heard.newest(f"{topic}/action_count", "2")
        served.service.bus.publish(ProfileRunChanged(run | {"ended_at": "2031-02-03T05:05:06.789Z"}))
        await heard.newest(f"{topic}/action_count", "")
        await heard.newest(f"{topic}/start_time_utc", "")


async def test_settings_can_be_set(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        await start(served, "stirring", target_rpm=400)
        await heard.client.publish(f"{_STIRRING}/target_rpm/set", "300", qos=1)
        await heard.newest(f"{_STIRRING}/target_rpm", "300.0")
        assert await rpm(served) == 300
        everyone = f"pioreactor/$broadcast/{_EXPERIMENT}/stirring"
        await heard.client.publish(f"{everyone}/target_rpm/set", "250", qos=1)
        await heard.newest(f"{_STIRRING}/target_rpm", "250.0")
        await heard.client.publish(f"{_STIRRING}/$state/set", "sleeping", qos=1)
        await heard.newest(f"{_STIRRING}/$state", "sleeping")
        await heard.client.publish(f"{_STIRRING}/$state/set", "disconnected", qos=1)
        await heard.newest(f"{_STIRRING}/$state", "disconnected")
        assert await served.json("GET", "/jobs/running/stirring") == []


async def test_what_cannot_be_set_is_told_and_changes_nothing(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker, "[logging]", "ui_log_level = DEBUG") as served, listening(broker) as heard:
        await start(served, "stirring", target_rpm=400)
        for setting, value in (("target_rpm", "fast"), ("duty_cycle", "400"), ("measured_rpm", "5"), ("no_such", "1")):
            await heard.client.publish(f"{_STIRRING}/{setting}/set", value, qos=1)
        await heard.client.publish("pioreactor/u1/Another/stirring/target_rpm/set", "100", qos=1)
        for text in ("'fast'", "duty_cycle over MQTT was refused", "measured_rpm of stirring can be read", "'no_such'"):
            await logged(served, text)
        await heard.client.publish(f"{_STIRRING}/target_rpm_outside_od_reading/set", "450", qos=1)
        await heard.newest(f"{_STIRRING}/target_rpm_outside_od_reading", "450.0")
        assert await rpm(served) == 400


async def test_what_watches_the_heater_cannot_be_switched_off_over_mqtt(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        for state in ("disconnected", "sleeping"):
            await heard.client.publish("pioreactor/u1/$experiment/monitor/$state/set", state, qos=1)
        await logged(served, "monitor belongs to the unit")
        (row,) = await served.json("GET", "/jobs/running/monitor")
        assert served.service.jobs.newest("monitor").state == "ready"  # type: ignore[union-attr]
        assert row["is_running"]


async def test_a_wish_that_the_broker_retained_is_none(data_dir: Path, tmp_path: Path) -> None:
    keeping = Broker(tmp_path, "persistence true", f"persistence_location {tmp_path}/")
    await keeping.start()
    async with listening(keeping) as heard:
        await heard.client.publish(f"{_STIRRING}/target_rpm/set", "100", qos=1, retain=True)
    keeping.stop()
    try:
        async with on_broker(data_dir, keeping, state="unreachable") as served:
            await start(served, "stirring", target_rpm=400)
            await keeping.start()
            await until(lambda: in_state(served, "connected"))
            async with listening(keeping) as heard:
                assert await heard.newest(f"{_STIRRING}/target_rpm/set") == "100", "the broker kept it"
                await heard.client.publish(f"{_STIRRING}/target_rpm_outside_od_reading/set", "450", qos=1)
                await heard.newest(f"{_STIRRING}/target_rpm_outside_od_reading", "450.0")
            assert await rpm(served) == 400
    finally:
        keeping.stop()


async def test_jobs_are_lost_when_the_service_is_killed(
    data_dir: Path, broker: Broker, start_service: Callable[..., ServiceProcess]
) -> None:
    write_config(data_dir, broker.config())
    process = start_service("--board", "simulated:")
    url = await asyncio.to_thread(process.url)
    async with listening(broker) as heard:
        await heard.newest("pioreactor/u1/$experiment/monitor/$state", "ready")
        body = json.dumps({"env": {"EXPERIMENT": _EXPERIMENT}})
        command = ["curl", "-sf", "-X", "POST", "-d", body, f"{url}/unit_api/jobs/run/job_name/stirring"]

        async def accepted() -> bool:
            return (await asyncio.to_thread(subprocess.run, command, stdout=subprocess.DEVNULL)).returncode == 0

        await until(accepted)
        await heard.newest(f"{_STIRRING}/$state", "ready")
        await asyncio.to_thread(process.end, signal.SIGKILL)
        await heard.newest(f"{_STIRRING}/$state", "lost")
        await heard.newest("pioreactor/u1/$experiment/monitor/$state", "lost")


async def test_a_service_that_ends_in_good_order_leaves_no_job_lost(data_dir: Path, broker: Broker) -> None:
    async with listening(broker) as heard:
        async with on_broker(data_dir, broker) as served:
            await start(served, "stirring")
            await heard.newest(f"{_STIRRING}/$state", "ready")
        await heard.newest(f"{_STIRRING}/$state", "disconnected")
        await heard.newest("pioreactor/u1/$experiment/monitor/$state", "disconnected")
        assert "lost" not in heard.texts(f"{_STIRRING}/$state")


async def test_a_broker_that_comes_back_is_told_everything_again(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served:
        await start(served, "stirring", target_rpm=400)
        broker.stop()
        await until(lambda: in_state(served, "unreachable"))
        body = {"settings": {"target_rpm": 350}}
        await served.json("PATCH", "/jobs/settings/job_name/stirring", json=body)
        await broker.start()
        async with listening(broker) as heard:
            await heard.newest(f"{_STIRRING}/target_rpm", "350.0")
            assert await heard.newest(f"{_STIRRING}/$state") == "ready"
            await heard.client.publish(f"{_STIRRING}/target_rpm/set", "300", qos=1)
            await heard.newest(f"{_STIRRING}/target_rpm", "300.0")
        await logged(served, "connected to localhost")


async def test_a_text_that_mqtt_cannot_carry_is_left_out_and_holds_nothing_up(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        bus = served.service.bus
        bus.publish(BioreactorChanged(0.0, _EXPERIMENT, {"salt+sugar_ml": 1.0, "odd_\udcff": 2.0}))
        await logged(served, "'pioreactor/u1/Exp 1/bioreactor/salt+sugar_ml' cannot be told")
        bus.publish(BioreactorChanged(0.0, _EXPERIMENT, {"current_volume_ml": 12.5}))
        assert await heard.newest(f"pioreactor/u1/{_EXPERIMENT}/bioreactor/current_volume_ml") == "12.5"
        assert await in_state(served, "connected")


async def test_a_state_wrongly_said_to_be_lost_is_mended(data_dir: Path, broker: Broker) -> None:
    async with on_broker(data_dir, broker) as served, listening(broker) as heard:
        await start(served, "stirring")
        await heard.newest(f"{_STIRRING}/$state", "ready")
        await heard.client.publish(f"{_STIRRING}/$state", "lost", qos=2, retain=True)
        await heard.newest(f"{_STIRRING}/$state", "lost")
        await heard.newest(f"{_STIRRING}/$state", "ready")


async def test_a_wrong_password_is_told_and_written_nowhere(data_dir: Path, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    await run("mosquitto_passwd", "-b", "-c", str(passwords), "unit", "right")
    guarded = Broker(tmp_path, f"password_file {passwords}")
    await guarded.start()
    try:
        login = ("username = unit", "password = s3cret-wrong")
        async with on_broker(data_dir, guarded, *login, state="refused") as served:
            state = await served.json("GET", "/mqtt")
            assert "password" in state["remedy"]
            assert "let this unit in" in state["detail"]
            assert await served.json("GET", "/jobs/running") != []
        assert "s3cret" not in (data_dir / "logs" / "vialdesk.log").read_text(encoding="utf-8")
        assert b"s3cret" not in (data_dir / "storage" / "vialdesk.sqlite").read_bytes()
        async with on_broker(data_dir, guarded, "username = unit", "password = right") as served:
            assert (await served.json("GET", "/mqtt"))["detail"] == ""
    finally:
        guarded.stop()


async def test_a_broker_that_is_not_there_is_told_and_holds_nothing_up(data_dir: Path, tmp_path: Path) -> None:
    async with on_broker(data_dir, Broker(tmp_path), state="unreachable") as served:
        await start(served, "stirring", target_rpm=400)
        assert await rpm(served) == 400
        state = await served.json("GET", "/mqtt")
        assert "is not reached" in state["detail"]
        assert state["remedy"]


# The client library leaves a socket to the garbage collector where it does not trust the broker.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_tls_is_spoken_to_a_broker_that_can_be_trusted(data_dir: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    await run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate),
    )  # fmt: skip
    encrypted = Broker(tmp_path, f"keyfile {key}", f"certfile {certificate}")
    await encrypted.start()
    try:
        async with on_broker(data_dir, encrypted, "use_tls = 1", f"ca_file = {certificate}") as served:
            assert (await served.json("GET", "/mqtt"))["use_tls"]
        async with on_broker(data_dir, encrypted, "use_tls = 1", state="refused") as served:
            assert "TLS" in (await served.json("GET", "/mqtt"))["detail"]
        async with on_broker(data_dir, encrypted, "use_tls = 1", "ca_file = /nowhere", state="refused") as served:
            assert "ca_file" in (await served.json("GET", "/mqtt"))["remedy"]
    finally:
        encrypted.stop()


async def test_a_password_in_a_configuration_is_not_kept_with_what_the_user_did(served: Served) -> None:
    code = '[mqtt]\npassword = s3cret\\n "x"\nbroker_port = 1884\n'
    await served.json("PATCH", "/config/specific", json={"code": code})

    def bodies(connection: sqlite3.Connection) -> list[str]:
        return [str(body) for (body,) in connection.execute("SELECT body FROM actions")]

    noted = "".join(await served.service.records.read(bodies))
    assert "1884" in noted
    assert "s3cret" not in noted


@pytest.mark.parametrize(("key", "value"), [("broker_port", "0"), ("use_tls", "maybe")])
async def test_a_configuration_that_cannot_be_used_is_refused(served: Served, key: str, value: str) -> None:
    code = f"[mqtt]\nbroker_address = localhost\n{key} = {value}\n"
    refusal = await served.json("PATCH", "/config/specific", 400, json={"code": code})
    assert key in refusal["error"]


def test_while_the_broker_is_away_values_are_kept_once_and_messages_up_to_a_limit() -> None:
    outbox = Outbox()
    for number in range(12_000):
        outbox.put(Message("value", str(number), True, 2))
        outbox.put(Message("event", str(number), False, 2))
    assert (len(outbox), outbox.dropped) == (10_000, 2000)
    outbox.open()
    taken = [message for _ in range(10_001) if (message := outbox.take()) is not None]
    values = [message.payload for message in taken if message.topic == "value"]
    events = [message.payload for message in taken if message.topic == "event"]
    assert (values, events[-1], len(events)) == (["11999"], "11999", 9999 + (len(taken) - 10_000))


def test_what_was_not_confirmed_is_sent_first_and_what_was_cleared_is_forgotten() -> None:
    outbox = Outbox()
    outbox.open()
    cleared = Message("value", "", True, 2)
    outbox.put(cleared)
    outbox.put(Message("event", "1", False, 2))
    outbox.put(Message("event", "2", False, 2))
    sent = [outbox.take(), outbox.take()]
    assert sent[0] is cleared
    outbox.delivered(cleared)
    outbox.close()
    outbox.undelivered([message for message in sent if message is not None])
    outbox.open()
    again = [message.payload for message in (outbox.take(), outbox.take(), outbox.take()) if message is not None]
    assert again == ["1", "2"]
