"""Parameters whose value is at an end of their list, though the cost model covers more values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from imcmoo.model.cost_model import CostModel
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.widening import ListEnd, ends, extensions


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
    (design,) = model.space.designs(levels)
    found = []
    for end in ends(model.space, levels, model.ordered_texts):
        if not model.offers("check_design"):
            found.append(OpenEnd(end, None))
        elif wider := next(wider_spaces(model, model.space, design, end), None):
            found.append(OpenEnd(end, wider[1]))
    return found


def wider_spaces(
    model: CostModel, space: DesignSpace, design: Mapping[str, Any], end: ListEnd
) -> Iterator[tuple[DesignSpace, Any]]:
    """Spaces with one more value beyond an end of a list that the model covers, and the value.

    Args:
        model: the cost model.
        space: the space to extend.
        design: a design of it that has the end.
        end: the end of a list.
    """
    levels = space.levels_of(design)
    for wider, index in extensions(space, end, model.ordered_texts):
        moved = levels.copy()
        moved[0, space.names.index(end.parameter)] = index
        (beyond,) = wider.designs(moved)
        try:
            model.check_design(beyond)
        except ValueError:
            continue
        yield wider, beyond[end.parameter]


def ends_table(model: CostModel, levels: Levels) -> pd.DataFrame:
    """Open ends of a design, one row each; columns as in `explanation.TABLES`."""
    found = open_ends(model, levels)
    return pd.DataFrame(
        {
            "parameter": [one.end.parameter for one in found],
            "value": pd.Series([one.end.value for one in found], dtype=object),
            "side": [one.end.side for one in found],
            "beyond": pd.Series([one.beyond for one in found], dtype=object),
        }
    )
