"""What is kept per device under names, and which of it is active; the common part of calibrations and estimators."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from core.bus import Bus, CalibrationChanged
from core.calibrations.calibration import StoredThing
from core.calibrations.files import MOST_BYTES, DeviceFiles, DiskError, FoundFile, UnreadableFileError
from core.errors import BadRequestError, ConflictError, NotFoundError, ServiceError
from core.records.values import ValueStore
from core.safe_yaml import write_yaml

_log = logging.getLogger(__name__)
_T = TypeVar("_T", bound=StoredThing)


class Catalogue(Generic[_T]):
    """Things of one kind by device and name; looking at them never waits.

    What is looked at is what `refresh` last found: every request that shows the catalogue, and every start of a job,
    refreshes it before.

    Args:
        folder: the data folder.
        store: where it is kept which of a device's things is active.
        unit: name of this unit, for answers.
    """

    kind: ClassVar[str]
    plural: ClassVar[str]

    def __init__(self, folder: Path, store: ValueStore, bus: Bus, unit: str) -> None:
        shown_as = f"storage/{self.plural}"
        self._files: DeviceFiles[_T] = DeviceFiles(folder / shown_as, shown_as, self._understand)
        self._store = store
        self._bus = bus
        self._unit = unit
        self._changing = asyncio.Lock()
        # What `body` was made of, and the body.
        self._body: tuple[object, tuple[str | None, ...], bytes] | None = None

    # What a kind says for itself.

    def _read(self, data: Any, device: str) -> _T:
        """Return the thing of `device` that plain values describe; raise BadRequestError naming keys at fault."""
        raise NotImplementedError

    def _name_of(self, thing: _T) -> str:
        raise NotImplementedError

    # Looking

    async def load(self) -> None:
        """Refresh; a folder that cannot be read is told in the log and stands in nobody's way."""
        try:
            await self.refresh()
        except DiskError as error:
            _log.error("%s %s %s", error.error, error.cause, error.remedy)

    async def refresh(self) -> None:
        """See what was changed in the files by hand.

        Whether anything was is asked right here: a thread takes ten times as long to be woken as that takes. Reading
        what has changed is a thread's.
        """
        async with self._changing:
            if not self._files.is_current():
                await asyncio.to_thread(self._files.look)

    @property
    def devices(self) -> list[str]:
        """Every device that has a folder."""
        return list(self._files.found)

    def active_name(self, device: str) -> str | None:
        """Return the name of a device's active one; there may be no such file any more."""
        name = self._store.get(self._table, device)
        return name if isinstance(name, str) else None

    def active(self, device: str) -> _T | None:
        """Return a device's active one, None when there is none or its file is gone or unreadable."""
        found = self._found(device, self.active_name(device))
        return None if found is None else found.value

    def get(self, device: str, name: str) -> _T:
        """Return one by name; raises NotFoundError, and UnreadableFileError when its file is spoilt."""
        value = self._readable(device, name).value
        assert value is not None  # noqa: S101 - tells the type checker what _readable made sure of
        return value

    def all_of(self, device: str) -> list[_T]:
        """Return a device's, sorted by name; files that cannot be read are left out."""
        return [found.value for found in self._files.found.get(device, {}).values() if found.value is not None]

    def has(self, device: str, name: str) -> bool:
        """Whether the name is taken, be it by a file that cannot be read."""
        return self._found(device, name) is not None

    def item(self, device: str, name: str) -> dict[str, Any]:
        """Return one as it is answered; raises as `get` does."""
        return self._answer(device, name, self._readable(device, name))

    def items(self, device: str) -> list[dict[str, Any]]:
        """Return a device's as they are answered, sorted by name."""
        files = self._files.found.get(device, {})
        return [self._answer(device, name, found) for name, found in files.items() if found.value is not None]

    def body(self) -> bytes:
        """Return all of them by device as JSON, devices without any left out; written anew when something changed."""
        found = self._files.found
        active = tuple(self.active_name(device) for device in found)
        if self._body is None or self._body[0] is not found or self._body[1] != active:
            by_device = {device: items for device in found if (items := self.items(device))}
            self._body = (found, active, json.dumps(by_device, ensure_ascii=False, separators=(",", ":")).encode())
        return self._body[2]

    def active_items(self) -> dict[str, dict[str, Any]]:
        """Return the active one of each device that has one, as it is answered."""
        items = {}
        for device in self.devices:
            name = self.active_name(device)
            found = self._found(device, name)
            if name is not None and found is not None and found.value is not None:
                items[device] = self._answer(device, name, found)
        return items

    async def contents(self) -> list[tuple[str, bytes]]:
        """Return every file as (`<device>/<name>.yaml`, content), sorted."""
        async with self._changing:
            return await asyncio.to_thread(self._files.contents)

    # Changing

    async def save(self, device: str, data: Any, *, set_active: bool = False, overwrite: bool = False) -> str:
        """Keep a new one; it is on the disk when this returns.

        Args:
            device: whose it is; its name has been checked.
            data: plain values, as YAML or JSON gives them.
            set_active: use it from now on.
            overwrite: replace what has its name; otherwise only the same content may have it already.

        Returns:
            Path of the file, relative to the data folder.

        Raises:
            BadRequestError: the data do not describe one of this device; `fields` names the keys.
            ConflictError: its name is taken.
            DiskError: it cannot be written.
        """
        thing = self._read(data, device)
        name, mapping = self._name_of(thing), thing.mapping()
        text = await asyncio.to_thread(write_yaml, mapping)
        if len(text.encode()) > MOST_BYTES:
            cause = "Its file would be larger than 1 MiB."
            raise BadRequestError(f"The {self.kind} is too large.", cause, fields=[f"{self.kind}_data"])
        async with self._changing:
            await asyncio.to_thread(self._files.look)
            before = self._found(device, name)
            is_same = before is not None and before.value is not None and before.value.mapping() == mapping
            if before is not None and not (is_same or overwrite):
                raise ConflictError(
                    f"{device} has another {self.kind} {name!r} already.",
                    remedy="Give the new one another name, or delete the old one first.",
                    fields=[f"{self.kind}_name"],
                )
            if before is None and self.active_name(device) == name:
                self._choose(device, None)  # it was chosen before somebody took its file away
            if not is_same:
                await asyncio.to_thread(self._files.write, device, name, text)
                self._tell(device, name, "created")
            if set_active:
                self._choose(device, name)
        return self._files.path(device, name)

    async def delete(self, device: str, name: str) -> None:
        """Remove one for good, whether or not it can be read; raises NotFoundError, DiskError."""
        async with self._changing:
            await asyncio.to_thread(self._files.look)
            if not self.has(device, name):
                raise self._missing(device, name)
            if self.active_name(device) == name:
                self._choose(device, None)
            await asyncio.to_thread(self._files.delete, device, name)
            self._tell(device, name, "deleted")

    async def activate(self, device: str, name: str) -> None:
        """Use one from the next start of whatever uses it; raises NotFoundError, UnreadableFileError."""
        await self.refresh()
        self._readable(device, name)
        self._choose(device, name)

    def deactivate(self, device: str) -> None:
        """Use none for this device; nothing happens when there is none."""
        self._choose(device, None)

    def _choose(self, device: str, name: str | None) -> None:
        before = self.active_name(device)
        if before == name:
            return
        self._store.set(self._table, device, name)
        if before is not None:
            self._tell(device, before, "deactivated")
        if name is not None:
            self._tell(device, name, "activated")

    def _tell(self, device: str, name: str, action: str) -> None:
        self._bus.publish(CalibrationChanged(device, name, action, self.kind))

    @property
    def _table(self) -> str:
        return f"active_{self.plural}"

    def _understand(self, data: Any, device: str, name: str) -> tuple[_T, dict[str, Any]]:
        thing = self._read(data, device)
        if self._name_of(thing) != name:
            raise ServiceError(f"The file's name is not that of the {self.kind} in it, {self._name_of(thing)!r}.")
        return thing, thing.item()

    def _found(self, device: str, name: str | None) -> FoundFile[_T] | None:
        return None if name is None else self._files.found.get(device, {}).get(name)

    def _readable(self, device: str, name: str) -> FoundFile[_T]:
        found = self._found(device, name)
        if found is None:
            raise self._missing(device, name)
        if found.value is None:
            path = self._files.path(device, name)
            remedy = f"Correct {path} in the data folder, or delete it."
            raise UnreadableFileError(f"The {self.kind} {name!r} of {device} cannot be read.", found.problem, remedy)
        return found

    def _missing(self, device: str, name: str) -> NotFoundError:
        known = sorted(self._files.found.get(device, {}))
        return NotFoundError(f"{device} has no {self.kind} {name[:80]!r}.", known=known)

    def _answer(self, device: str, name: str, found: FoundFile[_T]) -> dict[str, Any]:
        is_active = self.active_name(device) == name
        return {**found.item, "is_active": is_active, "pioreactor_unit": self._unit}
