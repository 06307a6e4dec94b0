"""Violated constraints of a design, by the display names of the limits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.enumerated_study import EnumeratedStudy
from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

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


def violations(problem: AcceleratorProblem, G: Floats, network: str = "") -> str:
    """Name the violated limits of a design.

    Args:
        problem: of the constraints.
        G: constraints of one design, shape (n_constraints,).
        network: restricts to the limits of this network and of the chip.
    """
    names = dict.fromkeys(
        limit
        for name, violation in zip(problem.constraint_names, G, strict=True)
        for kind, limit in LIMIT_NAMES.items()
        if violation > 0 and name.startswith(kind) and name.endswith(network)
    )
    return ", ".join(names)


def violations_besides_area(problem: AcceleratorProblem, levels: Levels, network: str = "") -> str:
    """Name the violated limits, other than area, of one design, shape (1, n_parameters)."""
    _, G = problem.score(levels, problem.model.evaluate(levels))
    names = violations(problem, G[0], network).split(", ")
    return ", ".join(name for name in names if name != LIMIT_NAMES["excess_area"])


def with_violations(enumerated: EnumeratedStudy, left_out: pd.DataFrame) -> pd.DataFrame:
    """Add to a table of networks left out the column `missed`: the limits that such a network
    violates on the chip for the others if it does not run there."""
    names, column = enumerated.workloads, []
    for r in left_out.to_dict("records"):
        text = ""
        if not np.isfinite(r["unknown_over_own_best"]):
            others = [w for w, name in enumerate(names) if name != r["left_out"]]
            blind = enumerated.optimum(others, str(r["criterion"]))
            text = violations_besides_area(enumerated.problem, blind, str(r["left_out"]))
        column.append(text)
    return left_out.assign(missed=column)
