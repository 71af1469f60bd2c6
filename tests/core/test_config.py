"""The configuration: layers, types, and errors that name file, section and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_services import serving, write_config

from core.config import Config, ConfigError
from core.service import ServiceOptions


def test_the_unit_file_lies_over_the_shared_file_over_the_shipped_values(tmp_path: Path) -> None:
    write_config(tmp_path, "[stirring.config]\ninitial_target_rpm = 400\npwm_hz = 100\n[mine]\nkey = a = b\n")
    (tmp_path / "unit_config.ini").write_text("[stirring.config]\npwm_hz=150\n", encoding="utf-8")
    config = Config.load(tmp_path)
    assert config.number("stirring.config", "initial_target_rpm") == 400.0
    assert config.integer("stirring.config", "pwm_hz") == 150
    assert config.number("stirring.pid", "Kp") == 0.005
    assert config.section("mine") == {"key": "a = b"}
    assert config.problems == ()


def test_types(tmp_path: Path) -> None:
    write_config(tmp_path, "[a]\nt = Yes\nf = OFF\nn = 1.5\ninf = inf\ntext = 50 %\nblank =\n")
    config = Config.load(tmp_path)
    assert (config.boolean("a", "t"), config.boolean("a", "f")) == (True, False)
    assert config.number("a", "n") == 1.5
    assert config.text("a", "text") == "50 %"
    assert config.text("a", "blank") == ""
    assert config.choice("a", "t", ("Yes", "No")) == "Yes"
    for wrong in (
        lambda: config.integer("a", "n"),
        lambda: config.boolean("a", "n"),
        lambda: config.number("a", "t"),
        lambda: config.number("a", "inf"),
        lambda: config.number("a", "blank"),
        lambda: config.choice("a", "t", ("No",)),
    ):
        with pytest.raises(ConfigError, match=r"config\.ini, section \[a\], key "):
            wrong()


def test_keys_are_case_sensitive_and_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no key kp in section \[stirring\.pid\]"):
        Config.load(tmp_path).number("stirring.pid", "kp")


def test_overrides_last_for_the_copy_only() -> None:
    config = Config.load(None)
    changed = config.with_overrides([("stirring.config", "pwm_hz", "abc"), ("new", "key", "1")])
    assert config.integer("stirring.config", "pwm_hz") == 200
    assert changed.integer("new", "key") == 1
    with pytest.raises(ConfigError, match=r"config_overrides, section \[stirring\.config\], key pwm_hz: 'abc'"):
        changed.integer("stirring.config", "pwm_hz")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("no section\n", "line: 1"),
        ("[a]\nx = 1\nx = 2\n", "option 'x' in section 'a' already exists"),
        ("[a]\n[a]\n", "section 'a' already exists"),
        ("\x00[", "line: 1"),
    ],
)
async def test_a_broken_file_is_left_out_and_told_and_the_service_starts(
    data_dir: Path, broken: str, told: str
) -> None:
    write_config(data_dir, broken)
    async with serving(ServiceOptions(data_dir)) as served:
        assert served.service.config.integer("http", "port") == 4999
        logs = (await served.json("GET", "/logs?min_level=WARNING"))["logs"]
        messages = [item["message"] for item in logs if item["message"].startswith("config.ini is left out")]
        assert len(messages) == 1
        assert told in messages[0]
        assert "Correct config.ini" in messages[0]


async def test_bytes_that_are_no_text_and_bad_levels_do_not_stop_the_service(data_dir: Path) -> None:
    write_config(data_dir, "[logging]\nui_log_level = LOUD\n")
    (data_dir / "unit_config.ini").write_bytes(b"\xff\xfe\x00")
    async with serving(ServiceOptions(data_dir)) as served:
        logs = (await served.json("GET", "/logs"))["logs"]
        assert any("unit_config.ini is left out" in item["message"] for item in logs)
        assert any("key ui_log_level: 'LOUD' is not one of" in item["message"] for item in logs)
