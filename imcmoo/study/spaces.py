"""Design spaces of studies: shipped ones, those of installed packages, and tables `[space]`.

Shipped spaces and studies are files in `problems/`, in a checkout and in the wheel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from imcmoo.io.errors import InputError, did_you_mean
from imcmoo.model.physical.parameters import DEFAULTS, LIMITS
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional
from imcmoo.space.restricted import ValueFaults, restricted
from imcmoo.space.space_file import read_spaces

_PACKAGE = Path(__file__).parents[1]

WIDEST_SPACES = {"rram": "rram", "sram": "sram_large", "sram_technology": "sram_technology"}
"""Largest space by device of the reference model; names for `imcmoo evaluate --device`."""

_COLUMN_OF = {"reference": "cycle_s", "physical": "active_rows"}
"""A column of the spaces of each shipped model that no space of the other has."""


def folder() -> Path:
    """Folder of `spaces/` and `studies/`, of the wheel or the checkout.

    Raises:
        InputError: there is neither.
    """
    for place in (_PACKAGE / "problem_files", _PACKAGE.parent / "problems"):
        if (place / "studies").is_dir():
            return place
    raise InputError("the files of the shipped studies are missing: install imcmoo again")


@cache
def spaces() -> dict[str, DesignSpace]:
    """Shipped spaces by name."""
    return read_spaces(sorted((folder() / "spaces").glob("*.toml")))


def device_spaces() -> dict[str, DesignSpace]:
    """Largest space of each device, by names of `WIDEST_SPACES`."""
    return {device: spaces()[name] for device, name in WIDEST_SPACES.items()}


@cache
def offered(group: str) -> Mapping[str, Any]:
    """Objects offered by entry points of a group, by name; installed packages are read once."""
    objects: dict[str, Any] = {}
    for entry in entry_points(group=group):
        objects |= entry.load()
    return objects


def bases() -> dict[str, DesignSpace]:
    """All spaces that a study can start from, by name."""
    others = (*offered("imcmoo.spaces").values(), *_spaces_of_studies())
    return {**spaces(), **{space.name: space for space in others}}


def _spaces_of_studies() -> Iterable[DesignSpace]:
    return (one.space for study in offered("imcmoo.studies").values() for one in study.studies)


def usual_base(model: str | None, device: str | None, *, generates: bool = False) -> str | None:
    """Name of the space that a study starts from if it states none.

    Args:
        model: the cost model.
        device: the memory device.
        generates: whether a network is a prefill or a step of a language model.
    """
    kind = "generation" if generates else "physical"
    return f"{device}_{kind}" if device and model == "physical" else device


def other_model(space: DesignSpace, model: str) -> str | None:
    """Name of the shipped model that a space is of, if `model` is the other one."""
    there = [name for name, column in _COLUMN_OF.items() if column in (*space.names, *space.fixed)]
    return there[0] if model in _COLUMN_OF and there and model not in there else None


def space_of_table(
    table: Mapping[str, object], *, name: str, model: str | None, device: str | None
) -> DesignSpace:
    """Create the space of the table `[space]` of a study.

    Args:
        table: `base`, and values by parameter: a list, one value, or a table with rows (see
            `restricted`).
        name: name of the study, used for a space that differs from its base.
        model: cost model of the study.
        device: names the base if the table does not.

    Raises:
        ValueFaults: base or parameter is unknown, or a value is wrong; a text by key.
    """
    usual = usual_base(model, device)
    base = _base(table.get("base", usual))
    values = {
        key: value if isinstance(value, list | Mapping) else [value]
        for key, value in table.items()
        if key != "base"
    }
    of_base = (device,) if device is None else base.values_of("device")
    # A device with a space of its own contradicts the base of another, which the study reports.
    if of_base != (device,) and (device in of_base or usual not in spaces()):
        values.setdefault("device", [device])
    switches: list[str] = []
    if model == "physical":
        base = _with_optional(base, values)
        switches = [key for key, (low, _) in LIMITS.items() if low == 0]
    return restricted(base, values, name=name, switches=switches) if values else base


def _base(name: object) -> DesignSpace:
    if isinstance(name, str) and name in spaces():  # what packages offer need not be imported
        return spaces()[name]
    spaces_by_name = bases()
    if not isinstance(name, str) or name not in spaces_by_name:
        hint = did_you_mean(name, spaces_by_name)
        raise ValueFaults({"base": f"unknown {name!r}; {hint}allowed: {', '.join(spaces_by_name)}"})
    return spaces_by_name[name]


def _with_optional(space: DesignSpace, names: Iterable[str]) -> DesignSpace:
    """A space with defaults of named optional columns that it lacks."""
    lacking = set(names) - {*space.names, *space.fixed}
    added = {name: value for name, value in DEFAULTS.items() if name in lacking}
    return replace(space, fixed={**space.fixed, **added})


def table_of_space(space: DesignSpace, *, name: str, model: str) -> dict[str, Any]:
    """Table `[space]` of a space; inverse of `space_of_table`.

    The order of fixed values is kept where a base allows it: stamps of answers depend on it.

    Raises:
        ValueError: the space is not derived from one that a study can start from.
    """
    full = [{"base": base.name, **_differing(space, base)} for base in bases().values()]
    # Rows of conditional parameters that are left out follow from the other parameters.
    depending = {
        p.name for b in bases().values() for p in b.parameters if isinstance(p, Conditional)
    }
    short = [{k: v for k, v in t.items() if not isinstance(v, Mapping)} for t in full]
    shortest = [{k: v for k, v in t.items() if k not in depending} for t in full]
    reordered = None
    for table in (*sorted(shortest, key=len), *sorted(short, key=len), *sorted(full, key=len)):
        try:
            made = space_of_table(table, name=space.name, model=model, device=None)
        except ValueError:
            continue
        if made == space:
            if [*made.fixed] == [*space.fixed]:
                return table
            reordered = reordered or table
    if reordered is None:
        raise ValueError(f"the space of study {name} is made of no shipped space")
    return reordered


def _differing(space: DesignSpace, base: DesignSpace) -> dict[str, Any]:
    before = {**base.fixed, **{p.name: p for p in base.parameters}}
    differing = [p for p in space.parameters if p != before.get(p.name)]
    several: dict[str, Any] = {
        p.name: {"on": p.on.name, "values": [list(row.values) for row in p.rows]}
        if isinstance(p, Conditional)
        else list(p.values)
        for p in differing
    }
    return several | {k: v for k, v in space.fixed.items() if before.get(k) != v}
