"""A study that lists devices: an ordinary study per device, and one comparison of their answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from imcmoo.io.errors import did_you_mean
from imcmoo.problem.criteria import NAMED
from imcmoo.study.study import SNR_LIMITS, Study
from imcmoo.study.tables import known_device

if TYPE_CHECKING:
    import pandas as pd

    from imcmoo.answers.answers import Answers
    from imcmoo.study.certify_study import OnStep
    from imcmoo.study.searches import OnTrace

T = TypeVar("T")

COMPARISON = "comparison"
"""Folder of the comparison, beside those of the devices."""

OF_ONE_DEVICE = ("device", "name", "space")
"""Keys that all studies of a list have in common or that tell them apart."""

OF_ANALOG = ("calibration", *SNR_LIMITS)
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
        if not self.studies[0].asked_criterion.is_judged:
            allowed = [name for name, one in NAMED.items() if one.is_judged]
            raise ValueError(
                f"criterion: {criterion} judges a chip beside the others of its front, which does "
                f"not compare devices; allowed: {', '.join(allowed)}, score, or module:name"
            )

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> StudyOfDevices:
        """Create the studies from the keys of a study file.

        Args:
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
                return Study(**common_keys(device, keys))
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

    def each(self, change: Callable[[Study], Study]) -> StudyOfDevices:
        """The studies after a change of each.

        Raises:
            ValueError: a study refuses the change; one line per fault, with the device.
        """
        by_device = dict(zip(self.devices, self.studies, strict=True))
        changed = _for_each(self.devices, lambda device: change(by_device[device]))
        return StudyOfDevices(self.name, tuple(changed))

    def replace(self, **changes: Any) -> StudyOfDevices:
        """Return a copy with other values of some common keys.

        Keys of `OF_ANALOG` hold for the devices whose sums are not exact.

        Raises:
            ValueError: a key has a wrong value, or is `device`, `name` or `space`.
        """
        for key in OF_ONE_DEVICE:
            if key in changes:
                raise ValueError(f"{key}: create the study that lists devices with another value")
        return self.each(lambda study: study.replace(**common_keys(str(study.device), changes)))

    def run(
        self,
        *,
        out: str | Path = "results",
        budget: int | None = None,
        seed: int | None = None,
        resume: bool = False,
        force: bool = False,
        progress: OnTrace | None = None,
    ) -> Answers:
        """Search each device, and write the files of `imcmoo run` to OUT/NAME.

        Arguments and errors as of `Study.run`, for each device; the budget is each device's. A
        device without a feasible design has no chip in the comparison.

        Args:
            out: folder of all results.
            budget: unique designs that each search evaluates. If None, that of the study.
            seed: seed of all random choices. If None, the first seed of the study.
            resume: continue an interrupted run and keep complete ones. If False, start over.
            force: replace runs and a comparison with the same name but other settings.
            progress: called after each generation with the name and the state of the search.

        Returns:
            The best chip of each device; regrets are against the best found on any device.

        Raises:
            ValueError: the budget or seed is out of range.
            InputError: no device has a feasible design, or a folder is in use.
        """
        from imcmoo.run import Observer, run_devices  # above this package

        self.studies[0].warn_of_weights()
        changes = {"budget": budget, "seeds": seed}
        study = self.replace(**{key: value for key, value in changes.items() if value is not None})
        seeds = study.studies[0].seeds[:1]
        observer = Observer() if progress is None else Observer(progress)
        return run_devices(
            study, Path(out), seeds=seeds, resume=resume, force=force, observer=observer
        )

    def enumerate(
        self,
        *,
        out: str | Path = "results",
        workers: int = 1,
        force: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Answers:
        """Evaluate every design of each device, and write to OUT/exact/NAME.

        Call it again to continue after an interrupt; complete answers of devices are kept.

        Args:
            out: folder of all results.
            workers: number of processes on this machine.
            force: replace answers of different studies with the same name.
            progress: called after each chunk with the number of finished chunks of a device and of
                all its chunks.

        Returns:
            The best chip of each device; regrets are against the optima over all devices.

        Raises:
            InputError: no device has a feasible design, a space is too large, or a folder is in
                use.
        """
        from imcmoo.solve.devices import enumerate_devices

        self.studies[0].warn_of_weights()
        report = progress or (lambda done, total: None)
        return enumerate_devices(
            self, Path(out), workers=workers, force=force, on_progress=lambda _, *at: report(*at)
        )

    def certify(
        self,
        criterion: str | None = None,
        *,
        gap: float = 0.0,
        time_limit_s: float = float("inf"),
        out: str | Path = "results",
        force: bool = False,
        progress: OnStep | None = None,
    ) -> Answers:
        """Prove the best chip of each device, and write to OUT/certified/NAME.

        Args:
            criterion: criterion to prove, or "all". If None, the criterion of the study.
            gap: allowed excess of a design over the optimum of its device, as a share.
            time_limit_s: time limit per criterion and device, s.
            out: folder of all results. Stored certificates that reach the gap are kept.
            force: replace certificates of different studies with the same name.
            progress: called after each step with the criterion, value, bound and gap.

        Returns:
            The best chip of each device with its bound; regrets are against the optima over all
            devices.

        Raises:
            InputError: the criterion cannot be certified, no device has a feasible design, or a
                folder is in use.
        """
        from imcmoo.solve.devices import certify_devices

        self.studies[0].warn_of_weights(criterion)
        report = progress or (lambda *state: None)
        return certify_devices(
            self,
            criterion,
            Path(out),
            force=force,
            gap=gap,
            time_limit_s=time_limit_s,
            on_step=lambda _, *state: report(*state),
        )

    def what_if(
        self,
        changes: Sequence[Mapping[str, Any]],
        *,
        time_limit_s: float | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> pd.DataFrame:
        """Answer each device as it is and under each change; see `Study.what_if`.

        A device that refuses a change has a row that says why.

        Raises:
            InputError: no device takes a change; names the change.
        """
        from imcmoo.ask.what_if import TIME_LIMIT_S, what_if

        limit = TIME_LIMIT_S if time_limit_s is None else time_limit_s
        return what_if(self, changes, time_limit_s=limit, on_change=progress or (lambda name: None))

    def __repr__(self) -> str:
        first, names = self.studies[0], ", ".join(self.devices)
        return f"StudyOfDevices({self.name}: {names}, for {', '.join(first.names)})"


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
    space: Any, devices: Sequence[str]
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


def common_keys(device: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Keys that hold for a device: none of `OF_ANALOG` if its sums are exact."""
    from imcmoo.model.physical.memory_cells import is_exact  # slow to import

    return {k: v for k, v in keys.items() if not (k in OF_ANALOG and is_exact(device))}


def _of_own_table(lines: str, device: str, table: Mapping[str, Any]) -> str:
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
