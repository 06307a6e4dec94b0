"""A study that lists devices: an ordinary study per device, and one comparison of their answers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from imcmoo.io.errors import did_you_mean
from imcmoo.model.physical.memory_cells import is_exact
from imcmoo.problem.criteria import NAMED
from imcmoo.study.study import SNR_LIMITS, Study
from imcmoo.study.table import known_device
from imcmoo.study.toml import toml_text

T = TypeVar("T")

COMPARISON = "comparison"
"""Folder of the comparison, beside those of the devices."""

PER_DEVICE_KEYS = ("device", "name", "space")
"""Keys that all studies of a list have in common or that tell them apart."""

ANALOG_KEYS = ("calibration", *SNR_LIMITS)
"""Keys of ADCs and analog errors, which hold for no device whose sums are exact."""


@dataclass(frozen=True)
class StudyOfDevices:
    """One question about several devices: which of them makes the best chip, and by how much.

    `Study(device=["sram", "rram"], ...)` and `Study.load` of a file with such a list create one::

        study = Study.load("edge.toml")
        compared = study.certify()
        compared.devices

    Each device has an ordinary study called NAME/DEVICE, with a space, a budget and a folder of
    its own. All other keys are common to them.

    Args:
        name: name of the study.
        studies: the study of each device.

    Raises:
        ValueError: the criterion judges a chip beside others, so that it compares no devices.
    """

    name: str
    studies: tuple[Study, ...]

    def __post_init__(self) -> None:
        criterion = self.criterion
        if self.studies[0].tolerance is not None:
            raise ValueError("tolerance: needs one device; a list compares the best of each")
        if not self.studies[0].resolved_criterion.is_judged:
            allowed = [name for name, one in NAMED.items() if one.is_judged]
            raise ValueError(
                f"criterion: {criterion} judges a chip beside the others of its front, which does "
                f"not compare devices; allowed: {', '.join(allowed)}, score, or module:name"
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], of: type[Study] = Study) -> Self:
        """Create the studies from the keys of a study file.

        Args:
            of: class of the study of each device.
            settings: as of `Study`; `device` is a list, and `space` has values for all devices and
                a table for each device with values of its own and its `base`.

        Raises:
            ValueError: a key has a wrong value; one line per fault, with the device that has it.
        """
        devices = _checked_devices(settings["device"])
        common, of_device = _checked_space(settings.get("space", {}), devices)
        if (model := settings.get("model", "reference")) != "physical":
            raise ValueError(f'device: a list needs model = "physical", got {model!r}')
        name = settings.get("name")

        def study(device: str) -> Study:
            table = of_device.get(device, {})
            keys = {**settings, "device": device, "space": {**common, **table}}
            if isinstance(name, str):
                keys["name"] = f"{name}/{device}"
            try:
                return of(**common_keys(device, keys))
            except ValueError as error:
                raise ValueError(_of_own_table(str(error), device, table)) from None

        return cls(str(name), tuple(_for_each(devices, study)))

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in the order of the list."""
        return tuple(str(study.device) for study in self.studies)

    @property
    def file(self) -> str | None:
        """The study file as it was named; None without one."""
        return self.studies[0].file

    @property
    def criterion(self) -> str:
        """Name of the criterion that selects the chip."""
        return self.studies[0].criterion

    def of_device(self, name: str) -> Study:
        """The study of a device, by its name NAME/DEVICE.

        Raises:
            ValueError: no study has this name; says which do.
        """
        for study in self.studies:
            if study.name == name:
                return study
        names = ", ".join(study.name for study in self.studies)
        raise ValueError(f"study {self.name} is of {names}, not of {name}")

    def each(self, change: Callable[[Study], Study]) -> Self:
        """The studies after a change of each.

        Raises:
            ValueError: a study refuses the change; one line per fault, with the device.
        """
        by_device = dict(zip(self.devices, self.studies, strict=True))
        changed = _for_each(self.devices, lambda device: change(by_device[device]))
        return type(self)(self.name, tuple(changed))

    def replace(self, **changes: object) -> Self:
        """Return a copy with other values of some common keys.

        Keys of `ANALOG_KEYS` hold for the devices whose sums are not exact.

        Raises:
            ValueError: a key has a wrong value, or is `device`, `name` or `space`.
        """
        for key in PER_DEVICE_KEYS:
            if key in changes:
                raise ValueError(f"{key}: create the study that lists devices with another value")
        return self.each(lambda study: study.replace(**common_keys(str(study.device), changes)))

    def to_toml(self, folder: Path | None = None) -> str:
        """Text of a study file; arguments and errors as of `Study.to_toml`."""
        stated = [tomllib.loads(study.to_toml(folder)) for study in self.studies]
        keys = {key: value for one in stated for key, value in one.items()}
        spaces = dict(zip(self.devices, (one["space"] for one in stated), strict=True))
        named = {"name": self.name, "device": [*self.devices]}
        return toml_text({**named, **keys, **named, "space": spaces})

    def __repr__(self) -> str:
        first, names = self.studies[0], ", ".join(self.devices)
        return f"StudyOfDevices({self.name}: {names}, for {', '.join(first.names)})"


@dataclass(frozen=True)
class Kinds:
    """Classes of studies: readers take those with the verbs of `imcmoo.api`, or data alone.

    Args:
        study: class of a study.
        several: class of a study that lists devices.
    """

    study: type[Study] = Study
    several: type[StudyOfDevices] = StudyOfDevices

    def study_of(self, settings: Mapping[str, object]) -> Study | StudyOfDevices:
        """The study of the keys of a file; one that lists devices if `device` is a list.

        Raises:
            ValueError: a key has a wrong value; one line per fault.
        """
        if isinstance(settings.get("device"), list | tuple):
            return self.several.from_settings(settings, self.study)
        return self.study(**settings)


DATA = Kinds()
"""Studies without verbs."""


def _checked_devices(listed: Sequence[Any]) -> tuple[str, ...]:
    """The devices of a list; refuses unknown ones, repeated ones, and fewer than two."""
    for device in listed:
        if not isinstance(device, str):
            raise ValueError(f"device: needs texts in quotes, got {device!r}")
        try:
            known_device(device)
        except ValueError as error:
            raise ValueError(f"device: {error}") from None
        if listed.count(device) > 1:
            raise ValueError(f"device: {device!r} is listed twice")
    if len(listed) < 2:
        raise ValueError('device: a list needs at least 2; for one, write device = "sram"')
    return tuple(listed)


def _checked_space(
    space: object, devices: Sequence[str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Values for all devices, and the tables of single devices."""
    if not isinstance(space, Mapping):
        raise ValueError(f"space: needs a table if device is a list, got {space!r}")
    tables = {
        key: value
        for key, value in space.items()
        if key in devices or (isinstance(value, Mapping) and "on" not in value)
    }
    for key, table in tables.items():
        if key not in devices:
            hint = did_you_mean(key, devices)
            allowed = ", ".join(devices)
            raise ValueError(f"space.{key}: no device of the list; {hint}allowed: {allowed}")
        if not isinstance(table, Mapping):
            raise ValueError(f"space.{key}: needs a table, got {table!r}")
        if "device" in table:
            raise ValueError(f"space.{key}.device: the table says it; leave it out")
    common = {key: value for key, value in space.items() if key not in tables}
    if "base" in common:
        where = ", ".join(f"[space.{device}]" for device in devices)
        raise ValueError(f"space.base: each device has its own base; allowed in {where}")
    if "device" in common:
        raise ValueError("space.device: the key device lists the devices; leave it out")
    return common, {key: dict(table) for key, table in tables.items()}


def common_keys(device: str, keys: Mapping[str, object]) -> dict[str, Any]:
    """Keys that hold for a device: none of `ANALOG_KEYS` if its sums are exact."""
    return {k: v for k, v in keys.items() if not (k in ANALOG_KEYS and is_exact(device))}


def _of_own_table(lines: str, device: str, table: Mapping[str, object]) -> str:
    """Lines of faults with the keys of the table of a device as a file has them."""
    keys = "|".join(re.escape(str(key)) for key in table)
    return re.sub(rf"^space\.(?=({keys}): )", f"space.{device}.", lines, flags=re.MULTILINE)


def _for_each(devices: Sequence[str], make: Callable[[str], T]) -> list[T]:
    """Results by device; a fault of some devices only begins with their names."""
    made: list[T] = []
    faults: dict[str, list[str]] = {}
    for device in devices:
        try:
            made.append(make(device))
        except ValueError as error:
            for line in str(error).splitlines():
                faults.setdefault(line, []).append(device)
    if faults:
        raise ValueError(
            "\n".join(
                line if len(of) == len(devices) else f"{', '.join(of)}: {line}"
                for line, of in faults.items()
            )
        )
    return made
