"""What a design misses, in words: what networks lack on it, or a limit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.paper.enumerated_study import EnumeratedStudy
from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

LIMIT_NAMES = {
    "missing_cells": "cells",
    "missing_buffer_bits": "buffer",
    "missing_snr": "signal to noise of conversion",
    "missing_levels": "levels of a cell",
    "missing_wires": "loss along wires",
    "excess_area": "area",
}
"""What people call the limits, by the beginning of a constraint's name."""


def missed(problem: AcceleratorProblem, G: Floats, network: str = "") -> str:
    """What a design misses.

    Args:
        problem: whose constraints these are.
        G: of one design, shape (n_constraints,).
        network: of this one only, besides the chip; of all by default.
    """
    found = dict.fromkeys(
        told
        for name, lack in zip(problem.constraint_names, G, strict=True)
        for kind, told in LIMIT_NAMES.items()
        if lack > 0 and name.startswith(kind) and name.endswith(network)
    )
    return ", ".join(found)


def missed_by(problem: AcceleratorProblem, levels: Levels, network: str = "") -> str:
    """What one design, shape (1, n_parameters), misses besides area."""
    _, G = problem.score(levels, problem.model.evaluate(levels))
    told = missed(problem, G[0], network).split(", ")
    return ", ".join(name for name in told if name != LIMIT_NAMES["excess_area"])


def with_missed(enumerated: EnumeratedStudy, left_out: pd.DataFrame) -> pd.DataFrame:
    """A table of networks left out with what the network lacks on the chip for the others, where it
    has no figure there, in the column `missed`."""
    names = enumerated.workloads
    told = []
    for r in left_out.to_dict("records"):
        if np.isfinite(r["unknown_over_own_best"]):
            told.append("")
            continue
        others = [w for w, name in enumerate(names) if name != r["left_out"]]
        blind = enumerated.levels(np.array([enumerated.best_for(others, str(r["criterion"]))]))
        told.append(missed_by(enumerated.problem, blind, str(r["left_out"])))
    return left_out.assign(missed=told)
