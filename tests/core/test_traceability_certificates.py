"""What calibrations and tests leave on file in the unit's record: the calibration's file, a certificate, a report."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from bent_service import bent
from calibration_data import pump
from calibration_session import begin, bent_unit
from running_services import Served, ServiceProcess, serving
from test_traceability_instrument import runs_of
from unit_record_requests import asker

from core.calibrations.calibration import PumpCalibration
from core.own_process import Line, OwnProcess
from core.service import ServiceOptions
from core.traceability import instrument
from core.traceability.certificates import process
from core.traceability.certificates.calibration import Origin, calibration_certificate
from core.traceability.certificates.document import Column, Document, Paragraph, Table
from core.traceability.certificates.pdf import pdf_of
from core.traceability.certificates.process import PdfFailedError, PdfProcesses


def read_by(command: str, content: bytes) -> str:
    """Return what a reader of PDFs finds in one, having checked that it finds no fault."""
    read = subprocess.run(command.split(), input=content, capture_output=True)
    assert (read.returncode, read.stderr) == (0, b"")
    return read.stdout.decode()


def text_of(content: bytes) -> list[str]:
    """Return the pieces of text in a PDF, from the top of each page, those beside each other apart."""
    lines = read_by("pdftotext -layout -enc UTF-8 - -", content).splitlines()
    return [piece for line in lines for piece in re.split(r"\s{2,}|\f", line) if piece]


def document(**changes: str) -> Document:
    """Return a document that says nothing yet."""
    return Document(**{"title": "Title", "author": "", "foot": "foot", "made_s": 1.7e9, **changes})  # type: ignore[arg-type]


def certificate_of(points: dict[str, list[float]]) -> Document:
    """Return the certificate of a pump's calibration with these points."""
    origin = Origin("unit", "S-1", "media_pump", "now", "", "", "Vialdesk", "media-a.yaml", "0" * 64)
    return calibration_certificate(PumpCalibration.model_validate(pump(recorded_data=points)), origin)


async def runs_with(served: Served, count: int) -> list[dict[str, Any]]:
    """Return every run, oldest first, as soon as there are that many."""
    async with asyncio.timeout(300):
        while len(runs := await runs_of(served.service)) < count:  # noqa: ASYNC110 - it may be bent time that passes
            await asyncio.sleep(0.05)
    return runs


async def files_of(served: Served, run: dict[str, Any], count: int) -> dict[str, bytes]:
    """Return the attached files of a run by name, as soon as there are that many."""
    async with asyncio.timeout(300):
        while len(attachments := run["attachments"]) < count:
            await asyncio.sleep(0.05)
            [run] = [each for each in await runs_of(served.service) if each["id"] == run["id"]]
    found = {}
    for file in attachments:
        answer = await served.http.get(f"/unit_api/record/attachments/{file['id']}")
        assert answer.status_code == 200
        assert len(answer.content) == file["size"]
        found[file["name"]] = answer.content
    return found


async def connected(served: Served) -> None:
    """Wait until the board answers."""
    assert served.service.board_link.current is not None
    await served.service.board_link.current.wait_until_usable(10)


async def send_calibration(served: Served, **changes: Any) -> None:
    """Add a pump's calibration as a file."""
    sent = {"calibration_data": yaml.safe_dump(pump("media-a") | changes)}
    await served.json("POST", "/calibrations/media_pump", json=sent)


async def test_a_calibration_is_filed_with_its_file_and_a_certificate(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await connected(served)
        served.http.headers["X-Vialdesk-Person"] = "J%C3%BCrgen%20(QA)"
        await send_calibration(served)
        [run] = await runs_with(served, 1)
        files = await files_of(served, run, 2)
        on_disk = (data_dir / "storage" / "calibrations" / "media_pump" / "media-a.yaml").read_bytes()
        assert files["media-a.yaml"] == on_disk
        lines = text_of(files["media-a-certificate.pdf"])
        assert {"Calibration certificate", "media_pump", "Jürgen (QA)", "y = 0.0842 x + 0", "-0.0104"} <= set(lines)
        assert {"Volume (mL)", "Duration (s)", "0.007084 mL", "Page 1 of 1"} <= set(lines)
        numbers = {each["name"]: each for each in run["phases"][0]["measurements"]}
        assert (numbers["slope"]["measured_value"], numbers["slope"]["units"]) == (0.0842, "mL/s")
        assert numbers["points"]["measured_value"] == 3
        assert round(numbers["largest_residual"]["measured_value"], 6) == 0.0104
        assert "made at" in run["docstring"]


async def test_a_certificate_that_cannot_be_kept_does_not_cost_the_run(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await connected(served)
        shutil.rmtree(data_dir / "unit_record" / "attachments", ignore_errors=True)
        (data_dir / "unit_record" / "attachments").write_text("in the way")
        await send_calibration(served)
        [run] = await runs_with(served, 1)
        assert run["attachments"] == []
        assert run["outcome"] == "PASS"


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
async def test_a_certificate_that_cannot_be_made_does_not_cost_the_run(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await connected(served)
        monkeypatch.setattr(sys, "executable", program)
        # More than fits into a pipe that nobody reads.
        many = {"x": [float(number) for number in range(9000)], "y": [1.0] * 9000}
        await send_calibration(served, recorded_data=many)
        async with asyncio.timeout(30):
            while "media-a-certificate.pdf is missing" not in str(await served.json("GET", "/logs")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        [run] = await runs_of(served.service)
        assert [file["name"] for file in run["attachments"]] == ["media-a.yaml"]


async def test_a_certificate_that_takes_for_ever_does_not_hold_up_the_end_of_the_service(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(instrument, "_FINISH_WITHIN_S", 0.2)
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n", encoding="utf-8")
    hanging.chmod(0o700)
    async with asyncio.timeout(30):
        async with serving(ServiceOptions(data_dir, "simulated:")) as served:
            await connected(served)
            monkeypatch.setattr(sys, "executable", str(hanging))
            for name in ("media-a", "media-b"):
                await send_calibration(served, calibration_name=name)
            await runs_with(served, 2)
        async with serving(ServiceOptions(data_dir, "simulated:")) as served:
            files = [[file["name"] for file in run["attachments"]] for run in await runs_of(served.service)]
    assert sorted(files) == [["media-a.yaml"], ["media-b.yaml"]], "the runs, without their certificates"


async def test_documents_wanted_at_once_are_made_together_and_given_to_whom_they_belong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[str] = []

    def begin(arguments: list[str], on_line: Callable[[Line], object], told: str) -> OwnProcess:
        begun.append(told)
        return OwnProcess(arguments, on_line, told)

    monkeypatch.setattr(process, "OwnProcess", begin)
    monkeypatch.setattr(process, "_MOST_TOGETHER", 2)
    pdfs = PdfProcesses()
    made = await asyncio.gather(*(pdfs.pdf_of(document(title=f"Number {number}")) for number in range(4)))
    assert [text_of(each)[0] for each in made] == [f"Number {number}" for number in range(4)]
    assert [told.count('"title"') for told in begun] == [1, 2, 1], "those wanted meanwhile, two at most"
    pdfs.end()
    with pytest.raises(PdfFailedError) as failed:
        await pdfs.pdf_of(document())
    assert failed.value.cause == "The service ended before it was made."


ODD_POINTS: list[dict[str, list[float]]] = [
    {"x": [], "y": []},
    {"x": [1.0], "y": [2.0]},
    {"x": [1.0, 1.0], "y": [2.0, 2.0]},
    {"x": [1e200, -1e200], "y": [1e-300, 0.0]},
    {"x": [1.0, 2.0], "y": [1.7e308, -1.7e308]},
    {"x": [1.7e308, -1.7e308], "y": [1.0, 2.0]},
]


async def test_a_calibration_with_odd_points_is_filed_too(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await connected(served)
        for number, points in enumerate(ODD_POINTS[-2:]):
            await send_calibration(served, calibration_name=f"odd-{number}", recorded_data=points)
        runs = await runs_with(served, 2)
        assert {run["outcome"] for run in runs} == {"PASS"}
        values = [each["measured_value"] for run in runs for each in run["phases"][0]["measurements"]]
        assert all(math.isfinite(value) for value in values if isinstance(value, float))


@pytest.mark.parametrize("points", ODD_POINTS)
def test_odd_points_are_set_in_type_too(points: dict[str, list[float]]) -> None:
    pieces = text_of(pdf_of(certificate_of(points)))
    assert {"Points", f"{len(points['x'])}", "media-a.yaml"} <= set(pieces)


def test_a_guided_calibration_tells_its_protocol_its_length_and_who_made_it(tmp_path: Path) -> None:
    async def run_it() -> None:
        async with bent_unit(tmp_path) as served:
            served.http.headers["X-Vialdesk-Person"] = "Ada"
            guided = await begin(served, "stirring", "dc_based")
            await guided.walk("run_calibration", "complete")
            [run] = await runs_with(served, 1)
            assert (run["procedure"]["name"], run["outcome"]) == ("Calibration of stirring", "PASS")
            assert run["operated_by"]["name"] == "Ada"
            assert run["metadata"]["protocol"] == "dc_based"
            assert run["started_at"] == guided.view["session"]["created_at"]
            files = await files_of(served, run, 2)
            [certificate] = [each for name, each in files.items() if name.endswith(".pdf")]
            assert {"RPM", "DC %", "dc_based", "Ada"} <= set(text_of(certificate))

    bent(run_it())


def test_guided_calibrations_that_come_to_nothing_are_runs_once_something_was_done(tmp_path: Path) -> None:
    async def run_it() -> None:
        async with bent_unit(tmp_path) as served:
            untouched = await begin(served, "stirring", "dc_based")
            await served.json("POST", f"/calibrations/sessions/{untouched.id}/abort")
            guided = await begin(served, "media_pump", "duration_based")
            await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input")
            await guided.send(calibration_name="p")
            while guided.step_id != "tracer_run":
                await guided.send()
            await guided.send()
            await served.json("POST", f"/calibrations/sessions/{guided.id}/abort")
            [run] = await runs_with(served, 1)
            assert (run["procedure"]["name"], run["outcome"]) == ("Calibration of media_pump", "ABORTED")
            assert run["docstring"] == "Aborted by the user."

    bent(run_it())


async def test_a_hardware_check_and_a_self_test_leave_a_report(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await connected(served)
        body = {"model_name": "pioreactor_20ml", "model_version": "1.5"}
        await served.json("POST", "/hardware/check", 202, json=body)
        await served.json("POST", "/jobs/run/job_name/self_test", 202, json={"options": {"k": "aux_power"}})
        runs = {run["procedure"]["name"]: run for run in await runs_with(served, 2)}
        [report] = (await files_of(served, runs["Self-test"], 1)).values()
        lines = text_of(report)
        assert "Supply is not too high: passed" in lines
        assert any(line.endswith("at most 18 V") for line in lines)
        [(name, report)] = (await files_of(served, runs["Hardware check"], 1)).items()
        assert name.startswith("hardware-check-")
        assert "supply: passed" in text_of(report)
        ada = await asker(served, user="ada")
        read = await ada.ok("GET", f"/runs/{runs['Self-test']['id']}")
        assert (await served.http.get(read["attachments"][0]["download_url"])).content.startswith(b"%PDF")


def test_a_certificate_lists_a_thousand_points_and_says_how_many_more_there_are() -> None:
    xs = [float(number) for number in range(1200)]
    certificate = certificate_of({"x": xs, "y": [0.0842 * x for x in xs]})
    [table] = [part for part in certificate.parts if isinstance(part, Table)]
    assert len(table.rows) == 1000
    assert Paragraph(text="The file has 200 more points.") in certificate.parts


def test_the_service_does_without_what_makes_pdfs() -> None:
    look = "import sys, core.service; print([name for name in ('fpdf', 'PIL') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, check=True).stdout == b"[]\n"


def test_long_tables_and_long_words_stay_on_their_pages() -> None:
    long = document(title="Título")
    long.text("word " * 300 + "x" * 400)
    long.table([Column("A", 0.5), Column("B", 0.5, True)], [["y" * 200, str(number)] for number in range(60)])
    pieces = text_of(pdf_of(long))
    assert pieces.count("A") == pieces.count("foot") > 2
    assert {str(number) for number in range(60)} <= set(pieces)
    assert sum(piece.count("y") for piece in pieces) == 60 * 200
    assert sum(piece.count("x") for piece in pieces) == 400


def test_names_of_every_script_are_found_in_the_pdf() -> None:
    shown = [
        "Στέλιος Παπαδόπουλος", "Łukasz Żółć-Gęślą", "Jiří Dvořák", "Çağrı Şimşek", "Nguyễn Thị Ánh", "Ольга Щукіна",
        "µ Δ Ω ≤ ± 5 °C",
    ]  # fmt: skip
    replaced = {
        "王小明": "[U+738B U+5C0F U+660E]",
        "Kim 김 (QA)": "Kim [U+AE40] (QA)",
        "ＡＢＣ": "ABC",
        "a\u200bb\u202ec\x07d": "abcd",
        "😀": "😀",
        "\U000e0041": "",
        "{nb}": "{nb}",
    }
    names = document(title=" ".join(shown), author="Ω 王小明", foot="Łódź")
    names.facts([(f"{number}", name) for number, name in enumerate([*shown, *replaced])])
    content = pdf_of(names)
    pieces = text_of(content)
    assert {*shown, *filter(None, replaced.values()), "Łódź"} <= set(pieces)
    told = read_by("pdfinfo -enc UTF-8 -", content)
    assert f"{' '.join(shown)}\n" in told
    assert "Ω 王小明\n" in told


def test_characters_the_font_lacks_are_replaced_in_every_part() -> None:
    lacking = document(title="一", foot="丁")
    lacking.heading("丂")
    lacking.text("七")
    lacking.facts([("丄", "丅")])
    lacking.table([Column("丆", 1)], [["万"]])
    lacking.chart([(0, 1)], [], "丈", "三")
    shown = "".join(text_of(pdf_of(lacking)))
    assert {f"[U+{number:04X}]" for number in range(0x4E00, 0x4E0A)} <= set(re.findall(r"\[U\+\w+\]", shown))


def test_hebrew_is_drawn_from_right_to_left() -> None:
    hebrew = document()
    hebrew.text("דנה 12 mL")
    drawn = "דנה"[::-1]
    bare = re.sub(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f]", "", "".join(text_of(pdf_of(hebrew))))
    assert drawn not in bare  # the reader puts what it finds drawn from right to left into the order of reading
    assert "דנה" in bare


def test_the_same_document_is_the_same_file_and_brings_its_fonts() -> None:
    small = document(author="Ada")
    small.heading("Heading")
    small.chart([(0, 1), (1, 2)], [(0, 1), (1, 2)], "x", "y")
    content = pdf_of(small)
    assert content == pdf_of(Document.model_validate_json(small.model_dump_json()))
    assert len(content) < 30_000
    fonts = read_by("pdffonts -", content).splitlines()[2:]
    assert len(fonts) == 2
    assert all(re.search(r"\+DejaVuSans.* yes yes yes ", font) for font in fonts)


def test_a_foot_leaves_room_for_the_number_of_the_page() -> None:
    pieces = text_of(pdf_of(document(foot="long " * 100)))
    assert pieces[-1] == "Page 1 of 1"
    assert pieces[-2].endswith("…")


def test_values_too_far_apart_for_an_axis_have_no_chart() -> None:
    wide = document()
    wide.chart([(-1.7e308, 1), (1.7e308, 2)], [], "x label", "y label")
    wide.text("after")
    assert text_of(pdf_of(wide))[-3:-1] == ["after", "foot"]


def test_kill_9_while_calibrations_are_filed_leaves_no_attachment_without_its_file(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    process = start_service("--board", "simulated:")
    book = data_dir / "unit_record" / "record.sqlite"
    with httpx.Client(base_url=f"{process.url()}/unit_api", trust_env=False, timeout=10, verify=False) as http:
        while not http.get("/record").json()["is_own_recorded"]:
            pass
        for number in range(12):
            data = yaml.safe_dump(pump(f"p-{number}"))
            assert http.post("/calibrations/media_pump", json={"calibration_data": data}).status_code == 200
    process.process.kill()
    process.wait()
    with contextlib.closing(sqlite3.connect(book)) as connection:
        rows = connection.execute("SELECT file, size_bytes FROM attachments").fetchall()
        sql = "SELECT count(*) FROM runs LEFT JOIN run_attachments ON run = runs.id GROUP BY runs.id"
        assert {row[0] for row in connection.execute(sql)} <= {1, 2}
    folder = data_dir / "unit_record" / "attachments"
    assert [(folder / file).stat().st_size for file, _ in rows] == [size for _, size in rows]
