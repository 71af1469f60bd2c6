"""The configuration: `config.ini` and `unit_config.ini` of the data folder, laid over the shipped values.

Sections and keys are case-sensitive. A file that cannot be understood is left out as a whole and named in `problems`,
so that the service starts with the values below it; a single value that is wrong is reported, with file, section and
key, by whoever asks for it.
"""

from __future__ import annotations

import configparser
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TypeVar

from core.errors import ServiceError

_TRUE = frozenset({"1", "yes", "true", "on"})
_FALSE = frozenset({"0", "no", "false", "off"})
_T = TypeVar("_T")


class ConfigError(ServiceError):
    """A file, section, key or value of the configuration is not usable."""

    default_remedy = "Correct the value in that file, then start again what needs it."


@dataclass(frozen=True)
class ConfigProblem:
    """A configuration file that was left out, and why, for the user."""

    file: str
    what: str
    remedy: str


@dataclass(frozen=True)
class _Value:
    text: str
    file: str


class Config:
    """Typed, read-only view of the layered configuration.

    Args:
        values: (section, key) to text and the file it came from.
        problems: files that were left out.
    """

    def __init__(self, values: dict[tuple[str, str], _Value], problems: tuple[ConfigProblem, ...] = ()) -> None:
        self._values = values
        self._under: list[tuple[Mapping[str, Mapping[str, str]], str]] = []
        self.problems = problems

    @classmethod
    def load(cls, data_dir: Path | None, texts: Mapping[str, str] | None = None) -> Config:
        """Read the shipped values and lay over them what `data_dir` holds; a broken file becomes a problem.

        Args:
            data_dir: the data folder, None for the shipped values alone.
            texts: by file name, what is to be taken for the content of a file.
        """
        shipped = resources.files("resources").joinpath("config.ini").read_text(encoding="utf-8")
        values = parse(shipped, "resources/config.ini")
        problems = []
        for name in ("config.ini", "unit_config.ini") if data_dir else ():
            path = Path(data_dir or ".") / name
            try:
                text = (texts or {}).get(name)
                values.update(parse(path.read_text(encoding="utf-8-sig") if text is None else text, name))
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError, configparser.Error) as error:
                remedy = f"Correct {name} in the data folder and restart the service."
                problems.append(ConfigProblem(name, f"{name} is left out: {_one_line(error)}", remedy))
        return cls(values, tuple(problems))

    def with_overrides(self, overrides: Iterable[tuple[str, str, str]]) -> Config:
        """Return a configuration in which each (section, key, value) replaces what was there."""
        values = dict(self._values)
        for section, key, value in overrides:
            values[section, key] = _Value(value.strip(), "config_overrides")
        return Config(values, self.problems)

    def lay_under(self, values: Mapping[str, Mapping[str, str]], file: str) -> None:
        """Add sections, keys and texts as if from `file`, where there is nothing yet: the defaults of a plug-in."""
        self._under.append((values, file))
        for section, keys in values.items():
            for key, value in keys.items():
                self._values.setdefault((section, key), _Value(value.strip(), file))

    def reloaded(self, data_dir: Path, texts: Mapping[str, str]) -> Config:
        """Return the configuration as `load` reads it now, with the defaults of plug-ins laid under it."""
        new = Config.load(data_dir, texts)
        for values, file in self._under:
            new.lay_under(values, file)
        return new

    def take_over(self, new: Config) -> None:
        """Hold what `new` holds from now on; jobs that run go on with what they were started with."""
        self._values, self._under, self.problems = new._values, new._under, new.problems

    def text(self, section: str, key: str) -> str:
        """Return the value as text, "" when left blank; raise ConfigError when there is no such key."""
        return self._find(section, key).text

    def number(self, section: str, key: str) -> float:
        """Return a finite number; raise ConfigError otherwise."""
        return self._typed(section, key, _finite, "a number")

    def integer(self, section: str, key: str) -> int:
        """Return a whole number; raise ConfigError otherwise."""
        return self._typed(section, key, int, "a whole number")

    def boolean(self, section: str, key: str) -> bool:
        """Return a truth value: 1, yes, true, on or 0, no, false, off in any case; raise ConfigError otherwise."""
        return self._typed(section, key, _truth, "one of 1, yes, true, on, 0, no, false, off")

    def choice(self, section: str, key: str, known: Iterable[str]) -> str:
        """Return a text that is one of `known`; raise ConfigError naming them otherwise."""
        text = self.text(section, key)
        if text not in known:
            raise self.refuse(section, key, "one of " + ", ".join(known))
        return text

    def section(self, name: str) -> dict[str, str]:
        """Return a section's keys and texts, blank ones too; {} when there is no such section."""
        return {key: value.text for (section, key), value in self._values.items() if section == name}

    def sections(self) -> dict[str, dict[str, str]]:
        """Return every section with its keys and texts."""
        found: dict[str, dict[str, str]] = {}
        for (section, key), value in self._values.items():
            found.setdefault(section, {})[key] = value.text
        return found

    def refuse(self, section: str, key: str, needed: str) -> ConfigError:
        """Return the error that says that a value is not what is `needed`, naming file, section and key."""
        value = self._find(section, key)
        what = f"{value.file}, section [{section}], key {key}: {value.text!r} is not {needed}."
        return ConfigError(what, cause=f"The value must be {needed}.", fields=[f"{section}.{key}"])

    def _find(self, section: str, key: str) -> _Value:
        value = self._values.get((section, key))
        if value is None:
            what = f"The configuration has no key {key} in section [{section}]."
            raise ConfigError(what, remedy="Add the key to unit_config.ini; keys are case-sensitive.")
        return value

    def _typed(self, section: str, key: str, convert: Callable[[str], _T], needed: str) -> _T:
        try:
            return convert(self._find(section, key).text)
        except ValueError:
            raise self.refuse(section, key, needed) from None


def parse(text: str, file: str) -> dict[tuple[str, str], _Value]:
    """Return what a configuration file with this text says; raise configparser.Error when it is none."""
    parser = configparser.ConfigParser(interpolation=None, default_section="\0", inline_comment_prefixes=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # keys are case-sensitive
    parser.read_string(text, source=file)
    return {
        (section, key): _Value(value.strip(), file)
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE
