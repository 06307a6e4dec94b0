"""Ends of the lists of a space, and wider spaces whose lists go on in their own progression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise, product
from typing import Any, Literal

from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Categorical, Conditional, Ordinal, Parameter

Side = Literal["smallest", "largest"]
"""End of a list."""

FACTOR = 1.5
"""Ratio of neighbouring whole numbers from which a list goes on by a factor, not by a step."""


@dataclass(frozen=True)
class ListEnd:
    """A parameter of a design whose value is at an end of its list.

    Args:
        parameter: its name.
        value: its value.
        side: whether no value of the list is smaller, or none is larger.
    """

    parameter: str
    value: Any
    side: Side


def ends(
    space: DesignSpace, levels: Levels, ordered_texts: Mapping[str, Sequence[str]] = {}
) -> list[ListEnd]:
    """Parameters of one design that have the smallest or largest value of several.

    Args:
        space: the space.
        levels: the design, shape (1, n_parameters).
        ordered_texts: texts in ascending order, by parameter; those of others have no order.
    """
    (design,) = space.designs(levels)
    at_ends = []
    for parameter in space.parameters:
        value, order = design[parameter.name], ordered_texts.get(parameter.name)
        listed = parameter.values
        if isinstance(parameter, Conditional):
            listed = parameter.values_by[design[parameter.on.name]]
        if len(listed) < 2 or not (order or isinstance(value, int | float)):
            continue
        ascending = sorted(listed, key=None if order is None else partial(_place, order))
        if value == ascending[0]:
            at_ends.append(ListEnd(parameter.name, value, "smallest"))
        elif value == ascending[-1]:
            at_ends.append(ListEnd(parameter.name, value, "largest"))
    return at_ends


def extensions(
    space: DesignSpace,
    end: ListEnd,
    ordered_texts: Mapping[str, Sequence[str]] = {},
) -> Iterator[tuple[DesignSpace, int]]:
    """Spaces in which a list has one more value beyond its end, the most natural one first.

    All rows of a conditional parameter get one more value, and parameters that depend on the
    extended one get one more row.

    Yields:
        A wider space, and the index of the new value.
    """
    parameter = space.parameters[space.names.index(end.parameter)]
    rows = _rows(parameter)
    first = (end.side == "smallest") == _ascends(rows[0])
    index = 0 if first else len(parameter)
    order = ordered_texts.get(parameter.name)
    dependent = [p for p in space.parameters if isinstance(p, Conditional) and p.on == parameter]
    for values in zip(*(_beyond(row, end.side, order) for row in rows), strict=False):
        longer = [
            (value, *row) if first else (*row, value)
            for value, row in zip(values, rows, strict=True)
        ]
        for new_rows in product(*(_next_rows(p, first=first) for p in dependent)):
            try:
                made = _with_rows(parameter, parameter, longer)
                further = [
                    _with_rows(p, made, [row, *_rows(p)] if first else [*_rows(p), row])
                    for p, row in zip(dependent, new_rows, strict=True)
                ]
            except ValueError:  # a value occurs twice
                continue
            changed = {p.name: p for p in (made, *further)}
            parameters = tuple(changed.get(p.name, p) for p in space.parameters)
            yield replace(space, parameters=parameters), index


def next_to(values: Sequence[Any], value: Any) -> list[tuple[Side, Any]]:
    """The nearest numbers below and above one, of a list or beyond its ends, with their sides."""
    sides: tuple[Side, ...] = ("smallest", "largest")
    numbers = {*values}
    if len(numbers) > 1:
        numbers |= {v for side in sides for v in islice(_beyond([*values], side, None), 1)}
    below = [v for v in numbers if v < value]
    above = [v for v in numbers if v > value]
    nearest: list[tuple[Side, Any]] = [("smallest", max(below))] if below else []
    return [*nearest, ("largest", min(above))] if above else nearest


def subspace(space: DesignSpace, kept: Mapping[str, Sequence[int]]) -> DesignSpace:
    """A space with some values of its parameters; a parameter with one value left is fixed.

    Args:
        space: the space.
        kept: value indices in ascending order, by parameter; all of the others.
    """
    made: dict[str, Parameter] = {}
    for p in sorted(space.parameters, key=lambda p: isinstance(p, Conditional)):
        rows, on = _rows(p), p
        if isinstance(p, Conditional):
            on = made[p.on.name]
            rows = [rows[i] for i in kept.get(p.on.name, range(len(rows)))]
        indices = kept.get(p.name, range(len(p)))
        made[p.name] = _with_rows(p, on, [tuple(row[i] for i in indices) for row in rows])
    smaller = replace(space, parameters=tuple(made[name] for name in space.names))
    for p in [p for p in smaller.parameters if not isinstance(p, Conditional) and len(p) == 1]:
        smaller = smaller.fix(p.name, p.values[0])
    ascending = tuple(_ascending(p) if p not in made.values() else p for p in smaller.parameters)
    return _without_single_values(replace(smaller, parameters=ascending))


def _ascending(parameter: Parameter) -> Parameter:
    """A row of a conditional parameter as a list of its own, in the order of a study."""
    return Ordinal(parameter.name, tuple(sorted(parameter.values)), parameter.unit)


def _without_single_values(space: DesignSpace) -> DesignSpace:
    """Fix parameters whose value is the same in all designs."""
    single = {p.name: v[0] for p in space.parameters if len(v := space.values_of(p.name)) == 1}
    parameters = tuple(p for p in space.parameters if p.name not in single)
    return replace(space, parameters=parameters, fixed={**space.fixed, **single})


def _rows(parameter: Parameter) -> list[tuple[Any, ...]]:
    """Values by value of the parameter it depends on; one row if it depends on none."""
    if isinstance(parameter, Conditional):
        return [*parameter.values_by.values()]
    return [parameter.values]


def _with_rows(
    parameter: Parameter, on: Parameter, rows: Sequence[tuple[object, ...]]
) -> Parameter:
    """A parameter with other values; a conditional one depends on `on`, or as before."""
    if isinstance(parameter, Conditional):
        on = parameter.on if on is parameter else on
        by_value = dict(zip(on.values, rows, strict=True))
        return Conditional(parameter.name, on, by_value, parameter.unit)
    kind = Categorical if isinstance(rows[0][0], str) else Ordinal
    return kind(parameter.name, rows[0], parameter.unit)


def _next_rows(parameter: Conditional, *, first: bool) -> list[tuple[object, ...]]:
    """Rows for a value beyond: the rows go on, or the last one is repeated."""
    rows = _rows(parameter)[::-1] if first else _rows(parameter)
    goes_on = tuple(map(_going_on, zip(*rows, strict=True)))
    return [row for row in dict.fromkeys((goes_on, rows[-1])) if None not in row]


def _going_on(values: Sequence[Any]) -> Any:
    """The value after some values, such as 255 after 31, 63, 127; None if they do not go on."""
    *_, last = values
    if len(values) < 2 or last == values[-2]:
        return last
    if isinstance(last, str):
        return None
    if len(values) == 2 and (by_factor := _positive(last * last / values[-2], last)) is not None:
        return by_factor
    step = last - values[-2]
    before = values[-2] - values[-3] if len(values) > 2 else step
    return None if before == 0 else _positive(last + step * step / before, last)


def _ascends(values: Sequence[Any]) -> bool:
    return isinstance(values[0], str) or values[0] <= values[-1]


def _beyond(values: Sequence[Any], side: Side, order: Sequence[str] | None) -> Iterator[Any]:
    """Values beyond an end of a list, the most natural one first."""
    if order is not None:
        listed = [_place(order, value) for value in values]
        at = min(listed) - 1 if side == "smallest" else max(listed) + 1
        yield from order[at : at + 1] if at >= 0 else ()
        return
    ascending = sorted(values)
    if side == "smallest":
        last, before = ascending[0], ascending[1]
    else:
        last, before = ascending[-1], ascending[-2]
    steps = [b - a for a, b in pairwise(ascending)]
    by_step = last - min(steps) if side == "smallest" else last + min(steps)
    low, high = sorted((last, before))
    ratio = high / low if low > 0 else 1.0
    if isinstance(last, int):
        ratio = round(ratio) if ratio >= FACTOR else 1
    by_factor = last * ratio if side == "largest" else last / ratio
    is_even = len(steps) > 1 and math.isclose(min(steps), max(steps))
    candidates = [by_step] if is_even or ratio < FACTOR else [by_factor, by_step]
    positive = (_positive(value, last) for value in candidates)
    yield from dict.fromkeys(value for value in positive if value is not None)


def _place(order: Sequence[str], value: str) -> int:
    """Place of a text in an order; other texts, such as none, come first."""
    return order.index(value) if value in order else -1


def _positive(value: float, like: object) -> Any:
    """A value of the same type as another; None if it is not positive, or no whole number."""
    if value <= 0:
        return None
    if isinstance(like, int):
        return round(value) if value == round(value) else None
    return float(f"{value:.12g}")
