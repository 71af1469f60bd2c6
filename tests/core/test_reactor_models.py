"""Reactor models: those that ship, those a user adds or replaces, and files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Config, ConfigError
from core.reactor_models import load_reactor_models

_MODEL = """
model_name: {name}
model_version: "{version}"
display_name: A vessel of our own
reactor_capacity_ml: 100
reactor_diameter_mm: 50
reactor_max_fill_volume_ml: 80
max_temp_to_reduce_heating: 60
max_temp_to_disable_heating: 62
max_temp_to_shutdown: 64
"""


def _write(data_dir: Path, file: str, text: str) -> None:
    (data_dir / "models").mkdir(parents=True, exist_ok=True)
    (data_dir / "models" / file).write_text(text, encoding="utf-8")


def test_seven_models_ship_and_one_is_the_units_own(data_dir: Path) -> None:
    models = load_reactor_models(data_dir, Config.load(None))
    assert len(models.names) == 7
    assert models.current.model_name == "pioreactor_20ml"
    assert models.current.reactor_max_fill_volume_ml == 18
    large = models.find("pioreactor_40ml_XR", "1.5")
    assert large is not None
    assert large.has_fused_density


def test_a_users_file_adds_a_model_or_replaces_a_shipped_one(data_dir: Path) -> None:
    _write(data_dir, "ours.yaml", _MODEL.format(name="ours", version="2"))
    _write(data_dir, "pioreactor.yaml", _MODEL.format(name="pioreactor_20ml", version="1.5"))
    models = load_reactor_models(data_dir, Config.load(None))
    ours = models.find("ours", "2")
    assert ours is not None
    assert ours.is_contrib
    assert models.current.reactor_max_fill_volume_ml == 80


def test_files_that_cannot_be_used_are_left_out_and_told(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    _write(data_dir, "broken.yaml", "{model_name: [")
    _write(data_dir, "half.yaml", "{model_name: half}")
    assert len(load_reactor_models(data_dir, Config.load(None)).names) == 7
    assert "broken.yaml" in caplog.text
    assert "half.yaml" in caplog.text


def test_a_model_nobody_knows_says_which_there_are(data_dir: Path) -> None:
    config = Config.load(None).with_overrides([("reactor", "model_name", "bucket")])
    with pytest.raises(ConfigError, match=r"bucket 1\.5.*not known"):
        _ = load_reactor_models(data_dir, config).current
