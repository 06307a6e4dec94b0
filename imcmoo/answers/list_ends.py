"""Parameters whose value is at an end of their list, though the cost model covers more values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from imcmoo.model.cost_model import CostModel
from imcmoo.model.physical.parameters import NotInTable
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.widening import ListEnd, ends, extensions, next_to


@dataclass(frozen=True)
class OpenEnd:
    """An end of a list beyond which the cost model covers a value.

    Args:
        end: parameter, value and side.
        beyond: the next value. If None, the model does not tell which values it covers.
    """

    end: ListEnd
    beyond: Any


def open_ends(model: CostModel, levels: Levels) -> list[OpenEnd]:
    """Parameters of a design at ends of their lists that are no ends of the model's range.

    Args:
        model: a cost model; `CostModel.check_design` tells its range. Without it, all ends are
            returned.
        levels: the design, shape (1, n_parameters).
    """
    model = model.shipped
    if not model.offers("check_design"):
        return [OpenEnd(end, None) for end in ends(model.space, levels, model.ordered_texts)]
    (design,) = model.space.designs(levels)
    return open_ends_in(model, design, model.space, [model.space])


def open_ends_in(
    model: CostModel, design: Mapping[str, Any], space: DesignSpace, solved: Sequence[DesignSpace]
) -> list[OpenEnd]:
    """Ends of a design beyond which the model covers a design that no solved space has.

    Args:
        model: a cost model with `check_design`.
        design: the best design.
        space: the space with the design.
        solved: the spaces that were solved. A parameter with one value in `space` is compared with
            its values in the first of them.
    """
    first, levels = solved[0], space.levels_of(design)
    steps: list[tuple[ListEnd, Mapping[str, Any]]] = []
    (design,) = space.designs(levels)
    for end in ends(space, levels, model.ordered_texts):
        if wider := next(wider_spaces(model, space, design, end), None):
            steps.append((end, wider[1]))
    for name in [name for name in first.names if name in with_one_value(space)]:
        values = first.values_of(name)
        for side, value in [] if isinstance(values[0], str) else next_to(values, design[name]):
            if covers(model, moved := {**design, name: value}):
                steps.append((ListEnd(name, design[name], side), moved))
    return [
        OpenEnd(end, moved[end.parameter])
        for end, moved in steps
        if not any(moved in space for space in solved)
    ]


def table_ends(
    model: CostModel, space: DesignSpace, design: Mapping[str, Any]
) -> Iterator[ListEnd]:
    """Ends of a design at which the component table ends as well.

    Args:
        model: a cost model with `check_design`.
        space: the space with the design.
        design: the design.
    """
    levels = space.levels_of(design)
    for end in ends(space, levels, model.ordered_texts):
        for beyond in islice(_beyond(model, space, levels, end), 1):
            try:
                model.check_design(beyond[1])
            except NotInTable:
                yield end
            except ValueError:
                continue


def wider_spaces(
    model: CostModel, space: DesignSpace, design: Mapping[str, Any], end: ListEnd
) -> Iterator[tuple[DesignSpace, dict[str, Any]]]:
    """Spaces with one more value beyond an end of a list that the model covers.

    Args:
        model: the cost model.
        space: the space to extend.
        design: a design of it that has the end.
        end: the end of a list.

    Yields:
        A wider space, and the design with the new value.
    """
    for wider, beyond in _beyond(model, space, space.levels_of(design), end):
        if covers(model, beyond):
            yield wider, beyond


def _beyond(
    model: CostModel, space: DesignSpace, levels: Levels, end: ListEnd
) -> Iterator[tuple[DesignSpace, dict[str, Any]]]:
    """Spaces with one more value beyond an end, and the design with this value."""
    for wider, index in extensions(space, end, model.ordered_texts):
        moved = levels.copy()
        moved[0, space.names.index(end.parameter)] = index
        (beyond,) = wider.designs(moved)
        yield wider, beyond


def with_one_value(space: DesignSpace) -> set[str]:
    """Fixed parameters, and those with one value beside each value of another one."""
    return {*space.fixed, *(p.name for p in space.parameters if len(p) == 1)}


def covers(model: CostModel, design: Mapping[str, Any]) -> bool:
    """Check if a cost model covers a design."""
    try:
        model.check_design(design)
    except ValueError:
        return False
    return True


def ends_table(listed: Sequence[OpenEnd]) -> pd.DataFrame:
    """Open ends, one row each; columns as in `explanation.TABLES`."""
    return pd.DataFrame(
        {
            "parameter": [one.end.parameter for one in listed],
            "value": pd.Series([one.end.value for one in listed], dtype=object),
            "side": [one.end.side for one in listed],
            "beyond": pd.Series([one.beyond for one in listed], dtype=object),
        }
    )
