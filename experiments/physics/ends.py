"""What lies beyond the ends of the lists: would an optimum move if its list went on?

An optimum at the end of a list says where we stopped rather than what is best. Each such list is
extended once. With the new value the design is fitted again: the best of all designs that differ
from the optimum in at most two parameters more. (The exact optimum of the longer list is at least
as good.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.missed import missed
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.hardware.lookup import MissingRow
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import DesignRefused
from imcmoo.problem.criteria import MINIMAX, find_criterion
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional, Ordinal, Parameter
from imcmoo.study.study import Study

CRITERIA = (MINIMAX, "edap_geomean", "edap_max")
COUNTED = ("adc_bits", "bits_per_cell")
"""Whole numbers whose lists go on by one; others double, or as their last step."""

HIGHEST_LEVEL_BITS = int(Assumptions().highest_level_bits.value)
"""Wider input slices can only be pulses."""

FURTHER: Mapping[str, tuple[Any, ...]] = {
    "technology_nm": (22,),
    "link_bits": (256,),
    "macros_per_tile": (2, 8, 32),
    "glb_banks": (1, 16),
    "mac_units": (1024, 16384),
    "sample_and_hold": (0, 1),
    "ping_pong": (1,),
}
"""Values of what the spaces hold fixed."""

NO_PART = "beyond the component table or the model"

REASONS = {
    "voltage_V": "energy goes with V², time with V/(V − V_th)²: E·t falls up to 3 V_th. With "
    "exponent 1.3 the optimum is inside. Above 1.0 V is beyond what the node is made for",
    "technology_nm": "area and energy of a part against the loss along thinner wires",
    "rows": "longer sums against signal to noise and the loss along a column",
    "cols": "drivers and inputs shared against what a layer's last macro wastes",
    "active_rows": "phases against signal to noise",
    "bits_per_cell": "cells of a weight against levels that can be told apart",
    "input_slice_bits": "conversions against bits of a converter",
    "adc_bits": "signal to noise against area and time of a converter",
    "columns_per_adc": "converters' area against their time",
    "tiles_per_group": "copies of layers against area",
    "router_groups": "copies of layers and links against area",
    "macros_per_tile": "macros wait for the one port of their tile's buffer, which they share",
    "glb_KiB": "what does not fit is spilled to DRAM, against area and leakage",
    "glb_banks": "bandwidth of the buffer against its area",
    "link_bits": "width costs nothing in the model, so it is held at a router's flit",
    "mac_units": "products of activations against 404 µm² per unit",
    "sample_and_hold": "hides reading behind converting, against its area; along resistive rows "
    "all columns then conduct",
    "ping_pong": "loading while computing against twice the cells",
}


def ends_table(study: Study, answer: ExactAnswer) -> pd.DataFrame:
    """For each optimum of `CRITERIA` and each list it is at the end of: what one value more brings.

    Returns:
        Columns study, criterion, parameter, value, extended, best (the score with the new value, of
        minimax regret the largest EDAP over a network's own best as the lists are; empty where no
        design keeps the limits), gain (share by which that is better than the optimum, negative
        where worse), missed (where none does, what the one that lacks least misses), reason.
    """
    own = np.array([answer.optima[f"alone_{n}"].value for n in study.names])
    rows = []
    for criterion in CRITERIA:
        optimum = answer.optima[criterion]
        design = {
            n: v[0] for n, v in study.space.decode(study.space.unrank(optimum.ranks[:1])).items()
        }
        for name, value in _further(study.space, design):
            best, lacking = _best_with(study, criterion, design, name, value, own)
            least = optimum.value + find_criterion(criterion).zero
            rows.append(
                {
                    "study": study.name,
                    "criterion": criterion,
                    "parameter": name,
                    "value": design[name],
                    "extended": value,
                    "best": best,
                    "gain": None if best is None else 1 - best / least,
                    "missed": lacking,
                    "reason": REASONS.get(name, ""),
                }
            )
    return pd.DataFrame(rows)


def _further(space: DesignSpace, design: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Parameters at the end of their list, and the value beyond; then what is fixed."""
    for p in space.parameters:
        if not p.is_ordered or len(p) == 1:
            continue
        values = _values(p, design)
        if 0 in values:  # a choice, not a size
            continue
        for end, before in ((values[0], values[1]), (values[-1], values[-2])):
            beyond = _beyond(p.name, end, before)
            above_all_rows = p.name == "active_rows" and beyond > end
            if design[p.name] == end and beyond > 0 and not above_all_rows:
                yield p.name, beyond
    for name, values in FURTHER.items():
        if name in space.fixed:
            yield from ((name, v) for v in values if v != space.fixed[name])


def _values(parameter: Parameter, design: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values a parameter may take in a design, ascending."""
    if isinstance(parameter, Conditional):
        return tuple(sorted(parameter.values_by[design[parameter.on.name]]))
    return tuple(sorted(parameter.values))


def _beyond(name: str, end: Any, before: Any) -> Any:
    """The value after the last two of a list."""
    if name in COUNTED or isinstance(end, float):
        return type(before)(round(float(end + (end - before)), 9))
    return type(before)(end * end / before)


def _best_with(
    study: Study, criterion: str, design: Mapping[str, Any], name: str, value: Any, own: Floats
) -> tuple[float | None, str]:
    """The best score of feasible designs with a new value, near an optimum; None if none is, and
    then the limits missed. `own` are the networks' own best EDAPs."""
    space = _with_value(study.space, design, name, value)
    problem = replace(study, space=space).problem()
    levels = _near(space, {**design, name: value})
    try:
        F, G = problem.score(levels, problem.model.evaluate(levels))
    except (MissingRow, DesignRefused):  # neither table nor model goes so far
        return None, NO_PART
    feasible = (G <= 0).all(axis=1)
    if not feasible.any():
        return None, missed(problem, G[np.maximum(G, 0).sum(axis=1).argmin()])
    score = find_criterion(criterion)
    return float(score.scores(problem.costs(F[feasible]), own).min() + score.zero), ""


def _with_value(
    space: DesignSpace, design: Mapping[str, Any], name: str, value: Any
) -> DesignSpace:
    """A space in which one parameter has a new value only."""
    kept: list[Parameter] = []
    for p in space.parameters:
        if p.name == name:
            continue
        if isinstance(p, Conditional) and p.on.name == name:
            kept.append(Ordinal(p.name, _row_beyond(p, value), p.unit))
        else:
            kept.append(p)
    fixed = {**space.fixed, name: value}
    own = next((p for p in space.parameters if p.name == name), None)
    if isinstance(own, Conditional):  # what it depends on stays as it is
        kept = [p for p in kept if p.name != own.on.name]
        fixed[own.on.name] = int(design[own.on.name])
    if name == "input_slice_bits" and value > HIGHEST_LEVEL_BITS:
        kept = [p for p in kept if p.name != "input_coding"]
        fixed["input_coding"] = "pulses"
    return replace(space, name="extended", parameters=tuple(kept), fixed=fixed)


def _row_beyond(parameter: Conditional, on: int) -> tuple[Any, ...]:
    """Values of a parameter where the one it depends on has a new value: rows read at once as the
    same shares of all, others as at the nearer end of the list."""
    nearer = parameter.on.values[0 if on < parameter.on.values[0] else -1]
    values = parameter.values_by[nearer]
    if parameter.name != "active_rows":
        return values
    return tuple(max(1, v * on // nearer) for v in values)


def _near(space: DesignSpace, design: Mapping[str, Any]) -> Levels:
    """Levels of all designs that differ from one in at most two parameters.

    Values the space has no more (rows read at once of other rows) begin at their first level.
    """
    start = []
    for p in space.parameters:
        values = _values(p, design) if isinstance(p, Conditional) else p.values
        listed = (
            list(p.values_by[design[p.on.name]]) if isinstance(p, Conditional) else list(values)
        )
        start.append(listed.index(design[p.name]) if design[p.name] in listed else 0)
    found = {tuple(start)}
    for i, j in combinations(range(len(start)), 2):
        for a, b in product(range(space.shape[i]), range(space.shape[j])):
            found.add(tuple(a if k == i else b if k == j else v for k, v in enumerate(start)))
    return np.array(sorted(found), dtype=np.int64)
