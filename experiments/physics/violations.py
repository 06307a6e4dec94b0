"""Violated constraints of a design, by the display names of the limits."""

from __future__ import annotations

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem

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


def violations(problem: AcceleratorProblem, G: Floats) -> str:
    """Name the violated limits of a design.

    Args:
        problem: of the constraints.
        G: constraints of one design, shape (n_constraints,).
    """
    names = dict.fromkeys(
        limit
        for name, violation in zip(problem.constraint_names, G, strict=True)
        for kind, limit in LIMIT_NAMES.items()
        if violation > 0 and name.startswith(kind)
    )
    return ", ".join(names)
