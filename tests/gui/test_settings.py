"""Settings: typed, remembered, and never in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gui.settings import Settings, SettingsStore


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(text, encoding="utf-8")


def kept(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "settings.json").read_text(encoding="utf-8")))


def test_without_a_file_the_defaults_hold_and_nothing_is_written(fresh_settings: Path) -> None:
    store = SettingsStore()
    assert store.values == Settings()
    assert store.warnings == []
    assert not fresh_settings.exists()


def test_what_is_changed_is_there_the_next_time(fresh_settings: Path) -> None:
    SettingsStore().change(theme="dark", source_kind="board", source_url="/dev/ttyACM0", window_px=[1, 2, 1200, 800])
    again = SettingsStore().values
    assert (again.theme, again.source_kind, again.source_url) == ("dark", "board", "/dev/ttyACM0")
    assert again.window_px == [1, 2, 1200, 800]
    assert kept(fresh_settings)["version"] == 1


def test_bad_keys_are_dropped_one_by_one(fresh_settings: Path) -> None:
    write(fresh_settings, json.dumps({"theme": "pink", "page": "log", "window_px": [1, 2], "maximized": "yes"}))
    store = SettingsStore()
    assert (store.values.theme, store.values.page, store.values.window_px) == ("system", "log", [])
    assert len(store.warnings) == 3
    assert "'theme'" in store.warnings[0]


@pytest.mark.parametrize("text", ["{", "[1]", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), ""])
def test_an_unreadable_file_is_set_aside_not_lost(fresh_settings: Path, text: str) -> None:
    write(fresh_settings, text)
    store = SettingsStore()
    assert store.values == Settings()
    assert len(store.warnings) == 1
    store.change(theme="dark")
    assert SettingsStore().values.theme == "dark"
    assert (fresh_settings / "settings.unreadable.json").read_text(encoding="utf-8") == text


def test_keys_of_a_newer_version_are_kept(fresh_settings: Path) -> None:
    write(fresh_settings, json.dumps({"version": 7, "hologram": [1], "theme": "light"}))
    SettingsStore().change(theme="dark")
    assert kept(fresh_settings)["hologram"] == [1]


def test_the_environment_wins_over_the_file_and_is_not_remembered(
    fresh_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(fresh_settings, json.dumps({"theme": "light"}))
    monkeypatch.setenv("VIALDESK_THEME", "dark")
    store = SettingsStore()
    assert store.values.theme == "dark"
    store.change(page="log")
    assert kept(fresh_settings)["theme"] == "light"


def test_the_command_line_wins_and_is_not_remembered(fresh_settings: Path) -> None:
    SettingsStore().change(source_kind="board", source_url="COM3")
    store = SettingsStore()
    store.override(source_kind="simulated", source_url="")
    store.change(page="log")
    assert store.values.source_kind == "simulated"
    assert kept(fresh_settings)["source_kind"] == "board"
    store.change(source_kind="simulated", source_url="")
    assert kept(fresh_settings)["source_kind"] == "simulated", "chosen again, it is remembered"


def test_a_folder_that_cannot_be_written_costs_a_warning_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    store = SettingsStore(in_the_way)
    store.change(theme="dark")
    assert store.values.theme == "dark"
    assert "not saved" in caplog.text


def test_a_bad_change_is_refused(fresh_settings: Path) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        SettingsStore(fresh_settings).change(theme="pink")


def test_the_file_is_the_users_alone(fresh_settings: Path) -> None:
    SettingsStore().change(source_token="secret")
    assert (fresh_settings / "settings.json").stat().st_mode & 0o077 == 0
