"""Boundary sensitivity: extend each value list at whose end an optimum lies, and re-optimise.

Each such list is extended by one value, and so are parameters that the spaces hold fixed. With the
new value the best design is searched among all that differ from the optimum in at most two further
parameters. (The exact optimum of the longer list is at least as good.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.optima import Optima, single_network_optima
from imcmoo.arrays import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.problem.criteria import MINIMAX, find_criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.choices import every_choice
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional, Parameter
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study

CRITERIA = (MINIMAX, "edap_geomean")
COUNTED = ("adc_bits", "bits_per_cell")
"""Integers whose lists continue by one; others double, or continue by their last step."""

HIGHEST_LEVEL_BITS = int(Assumptions().highest_level_bits.value)
"""Input slices with more bits can only be pulses."""

FURTHER: Mapping[str, tuple[Any, ...]] = {
    "technology_nm": (22,),
    "link_bits": (256,),
    "macros_per_tile": (2, 8, 32),
    "glb_banks": (1, 16),
    "mac_units": (1024, 16384),
    "sample_and_hold": (0, 1),
    "ping_pong": (1,),
}
"""Further values of parameters that the spaces hold fixed."""

LIMIT_NAMES = {
    "missing_cells": "cells",
    "missing_buffer_bits": "buffer",
    "missing_snr": "ADC SQNR",
    "missing_compute_snr": "compute SNR",
    "missing_levels": "conductance-level margin",
    "missing_wires": "IR drop",
    "excess_area": "area",
}
"""Display names of limits by the beginning of a constraint's name."""

NO_PART = "beyond the component table or the model"

REASONS = {
    "voltage_V": "energy goes with V², time with V/(V − V_th)²: E·t falls up to 3 V_th. With "
    "exponent 1.3 the optimum is inside. Above 1.0 V is beyond what the node is made for",
    "technology_nm": "area and energy of a component against the loss along thinner wires",
    "rows": "longer sums against SNR and IR drop along a column",
    "cols": "drivers and inputs shared against unused cells of a layer's last macro",
    "active_rows": "row groups against SNR",
    "bits_per_cell": "cells of a weight against the distance of levels",
    "input_slice_bits": "conversions against ADC bits",
    "adc_bits": "SNR against area and time of an ADC",
    "columns_per_adc": "area of ADCs against their time",
    "tiles_per_group": "replication of layers against area",
    "router_groups": "replication of layers and links against area",
    "macros_per_tile": "macros wait for the one port of their tile's buffer, which they share",
    "glb_KiB": "activations spilled to DRAM against area and leakage",
    "glb_banks": "bandwidth of the buffer against its area",
    "link_bits": "width costs nothing in the model, so it is held at a router's flit",
    "mac_units": "products of activations against 404 µm² per unit",
    "sample_and_hold": "hides reading behind converting, against its area; along resistive rows "
    "all columns then conduct",
    "ping_pong": "loading while computing against twice the cells",
}


def boundary_table(study: Study, optima: Optima) -> pd.DataFrame:
    """Extend each list at whose end an optimum of `CRITERIA` lies, and the fixed parameters.

    Returns:
        Columns study, criterion, parameter, value, extended, best (score with the new value; of
        minimax regret the largest EDAP normalised to the single-network optimum of the unchanged
        lists; empty if no design keeps the limits), gain (share by which that is better than the
        optimum), missed (limits that the design with the least violation misses if none keeps
        them), reason.
    """
    alone = single_network_optima(study, optima)
    rows = []
    for criterion in CRITERIA:
        optimum = optima[criterion]
        (design,) = study.space.designs(study.space.unrank(optimum.ranks[:1]))
        least = optimum.value + find_criterion(criterion).zero
        for name, value in _further(study.space, design):
            best, missed = best_with(study, criterion, design, name, value, alone)
            gain = None if best is None else 1 - best / least
            row: dict[str, Any] = {"study": study.name, "criterion": criterion, "parameter": name}
            row |= {"value": design[name], "extended": value, "best": best, "gain": gain}
            rows.append(row | {"missed": missed, "reason": REASONS.get(name, "")})
    return pd.DataFrame(rows)


def _further(space: DesignSpace, design: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield parameters at the end of their list with the next value; then fixed parameters."""
    for p in space.parameters:
        if not p.is_ordered or len(p) == 1:
            continue
        values = tuple(sorted(_values(p, design)))
        if 0 in values:  # a switch
            continue
        for end, before in ((values[0], values[1]), (values[-1], values[-2])):
            following = _next(p.name, end, before)
            above_all_rows = p.name == "active_rows" and following > end
            if design[p.name] == end and following > 0 and not above_all_rows:
                yield p.name, following
    for name, more in FURTHER.items():
        if name in space.fixed:
            yield from ((name, v) for v in more if v != space.fixed[name])


def _values(parameter: Parameter, design: Mapping[str, Any]) -> tuple[Any, ...]:
    """Values of a parameter in a design."""
    if isinstance(parameter, Conditional):
        return parameter.values_by[design[parameter.on.name]]
    return parameter.values


def _next(name: str, end: Any, before: Any) -> Any:
    """Return the value that continues a list."""
    if name in COUNTED or isinstance(end, float):
        return type(before)(round(float(end + (end - before)), 9))
    return type(before)(end * end / before)


def best_with(
    study: Study, criterion: str, design: Mapping[str, Any], name: str, value: Any, alone: Floats
) -> tuple[float | None, str]:
    """Best score of the designs with a new value near an optimum, by parameter, and no violations;
    or None, and the limits that are missed. Single-network optima have shape (W,)."""
    space = _with_value(study.space, design, name, value)
    levels = _near(space, {**design, name: value})
    try:
        problem = study.replace(space=space).problem()
        F, G = problem.score(levels, problem.model.evaluate(levels))
    except ValueError:  # neither table nor model goes so far
        return None, NO_PART
    feasible = (G <= 0).all(axis=1)
    if not feasible.any():
        return None, _violations(problem, G[np.maximum(G, 0).sum(axis=1).argmin()])
    score = find_criterion(criterion)
    return float(score.scores(problem.costs(F[feasible]), alone).min() + score.zero), ""


def _violations(problem: AcceleratorProblem, G: Floats) -> str:
    """Name the violated limits of a design with some constraints, shape (n_constraints,)."""
    names = dict.fromkeys(
        limit
        for name, violation in zip(problem.constraint_names, G, strict=True)
        for kind, limit in LIMIT_NAMES.items()
        if violation > 0 and name.startswith(kind)
    )
    return ", ".join(names)


def _with_value(
    space: DesignSpace, design: Mapping[str, Any], name: str, value: Any
) -> DesignSpace:
    """Restrict a parameter of a space to a new value."""
    if name in space.fixed:
        return replace(space, fixed={**space.fixed, name: value})
    values = {name: (value,)}
    for p in space.parameters:
        if isinstance(p, Conditional) and p.on.name == name:
            values[p.name] = _values_at(p, value)
        elif isinstance(p, Conditional) and p.name == name:
            values[p.on.name] = (design[p.on.name],)  # what it depends on stays as it is
    if name == "input_slice_bits" and value > HIGHEST_LEVEL_BITS:
        values["input_coding"] = ("pulses",)
    return restricted(space, values, name="extended")


def _values_at(parameter: Conditional, on: int) -> tuple[Any, ...]:
    """Values of a conditional parameter at a new value of the one it depends on: row parallelism as
    the same shares of all rows, others as at the nearer end of the list."""
    nearer = parameter.on.values[0 if on < parameter.on.values[0] else -1]
    values = parameter.values_by[nearer]
    if parameter.name != "active_rows":
        return values
    return tuple(max(1, v * on // nearer) for v in values)


def _near(space: DesignSpace, design: Mapping[str, Any]) -> Levels:
    """List all designs, by value index, that differ from one in at most two parameters; values that
    the space no longer has start at their first index."""
    values = {p.name: _values(p, design) for p in space.parameters}
    start = [v.index(design[name]) if design[name] in v else 0 for name, v in values.items()]
    choices = (
        every_choice(space, np.array([start]), pair) for pair in combinations(space.names, 2)
    )
    return np.unique(np.concatenate([designs for designs, _ in choices]), axis=0)
