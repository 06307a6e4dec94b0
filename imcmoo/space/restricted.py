"""Derive a design space from another by restricting or replacing the values of parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from imcmoo.io.errors import FAULTS_SHOWN, did_you_mean
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal, Parameter, text_of_value

MAX_VALUES = 1000
"""Largest number of values of a parameter: ten times that of any shipped space."""


class ValueFaults(ValueError):
    """Faults of the requested values, one sentence by parameter.

    Args:
        faults: sentence by key.
        of_study: whether the keys are those of the study, not of the table with the values.
    """

    def __init__(self, faults: Mapping[str, str], *, of_study: bool = False) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = dict(faults)
        self.of_study = of_study


def restricted(
    space: DesignSpace,
    values: Mapping[str, Sequence[Any] | Mapping[str, Any]],
    *,
    name: str,
    switches: Collection[str] = (),
) -> DesignSpace:
    """Return a space whose parameters have other values; the order of parameters is kept.

    Args:
        space: the original space.
        values: by name of a parameter or fixed value. One value fixes it; several make a parameter,
            numbers in ascending order. A table `{"on": PARAMETER, "values": [ROW, ...]}` has a row
            for each value of another parameter. Values need not occur in `space`; the cost model
            checks them.
        name: name of the new space.
        switches: parameters that may be 0 even if no value of `space` is.

    Raises:
        ValueFaults: a name is unknown; a value is missing, repeated or of another kind than in
            `space`; or a conditional parameter lacks values. At most `FAULTS_SHOWN`.
    """
    faulty = (
        (key, fault)
        for key, chosen in values.items()
        if (fault := _fault(space, key, chosen, (0,) if key in switches else ())) is not None
    )
    # Each fault of a misspelt name is compared with all names.
    if faults := dict(islice(faulty, FAULTS_SHOWN)):
        raise ValueFaults(faults)
    tables = {key: chosen for key, chosen in values.items() if isinstance(chosen, Mapping)}
    asked = {
        key: tuple(chosen) if isinstance(chosen[0], str) else tuple(sorted(chosen))
        for key, chosen in values.items()
        if not isinstance(chosen, Mapping)
    }
    shared = {**space.fixed, **{k: v[0] for k, v in asked.items() if len(v) == 1}}
    several = {k: v for k, v in asked.items() if len(v) > 1}
    added = [_parameter(k, v, "") for k, v in several.items() if k in space.fixed]
    kept = [
        _parameter(p.name, several[p.name], p.unit) if p.name in several else p
        for p in space.parameters
        if p.name not in shared
    ]
    bound = [
        _bound(p, asked)
        if isinstance(p, Conditional) and p.on.name in asked and p.name not in tables
        else p
        for p in kept
    ]
    fixed = {key: value for key, value in shared.items() if key not in several}
    made = replace(space, name=name, parameters=(*added, *bound), fixed=fixed)
    return _with_tables(made, tables) if tables else made


def _with_tables(space: DesignSpace, tables: Mapping[str, Mapping[str, Any]]) -> DesignSpace:
    """A space with conditional parameters, each with a row for each value of another one."""
    by_name = {p.name: p for p in space.parameters}
    units = {name: by_name[name].unit for name in by_name}
    for name, table in tables.items():
        on = by_name.get(str(table["on"]))
        if on is None or isinstance(on, Conditional) or table["on"] == name:
            raise ValueFaults({name: f"on = {table['on']!r} is no parameter with several values"})
        rows = [tuple(row) for row in table["values"]]
        if len(rows) != len(on):
            raise ValueFaults({name: f"has {len(rows)} rows, {on.name} has {len(on)} values"})
        try:
            by_value = dict(zip(on.values, rows, strict=True))
            by_name[name] = Conditional(name, on, by_value, units.get(name, ""))
        except ValueError as error:
            raise ValueFaults({name: str(error)}) from None
    fixed = {key: value for key, value in space.fixed.items() if key not in tables}
    return replace(space, parameters=tuple(by_name.values()), fixed=fixed)


def _fault(
    space: DesignSpace,
    name: str,
    values: Sequence[Any] | Mapping[str, Any],
    extra: tuple[int, ...],
) -> str | None:
    """Fault of the values of one parameter, if any; values in `extra` are allowed."""
    names = [*space.names, *space.fixed]
    if name not in names:
        hint = did_you_mean(name, names)
        return f"unknown parameter; {hint}space {space.name} has {', '.join(names)}"
    if isinstance(values, Mapping):
        rows = values.get("values")
        if {*values} != {"on", "values"} or not isinstance(rows, list) or not rows:
            return 'a table needs on = "PARAMETER" and values = [[row], ...]'
        if not all(isinstance(row, list) for row in rows):
            return "values of a table are rows, one per value of the other parameter"
        return next((f for row in rows if (f := _fault(space, name, row, extra))), None)
    if not values:
        return "needs at least one value"
    if len(values) > MAX_VALUES:
        return f"has {len(values):,} values; a parameter takes at most {MAX_VALUES:,}"
    like = space.values_of(name)
    kind = "text" if isinstance(like[0], str) else "positive number"
    if all(isinstance(value, int) for value in like):
        kind = "whole number of at least 1"
    allowed = (*like, *extra)
    wrong = [v for v in values if not _is(kind, v) and (isinstance(v, bool) or v not in allowed)]
    if wrong:
        return f"{wrong[0]!r} is not a {kind}; such as {', '.join(map(text_of_value, like))}"
    if len(set(values)) != len(values):
        return f"a value is listed twice in {', '.join(map(text_of_value, values))}"
    return None


def _is(kind: str, value: Any) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value < float("inf") and (kind == "positive number" or isinstance(value, int))


def _parameter(name: str, values: tuple[Any, ...], unit: str) -> Parameter:
    return (Categorical if isinstance(values[0], str) else Ordinal)(name, values, unit)


def _bound(parameter: Conditional, asked: Mapping[str, tuple[Any, ...]]) -> Parameter:
    """A conditional parameter for the new values of the other parameter."""
    on = parameter.on
    unknown = [value for value in asked[on.name] if value not in parameter.values_by]
    if unknown:
        texts = ", ".join(map(text_of_value, parameter.values_by))
        first = text_of_value(unknown[0])
        raise ValueFaults({on.name: f"{first} is none of {texts}; else say {parameter.name} too"})
    rows = {value: parameter.values_by[value] for value in asked[on.name]}
    if len(rows) == 1:
        return Ordinal(parameter.name, next(iter(rows.values())), parameter.unit)
    return Conditional(
        parameter.name, _parameter(on.name, asked[on.name], on.unit), rows, parameter.unit
    )
