"""Proven best chips by geometric-mean EDAP, with each ADC model and each cell error of RRAM.

`python -m experiments.physics.recommended --out F.csv` takes minutes: branch and bound instead of
enumeration.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.optima import NAMES
from imcmoo.exact.branch_and_bound import prove
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS, DEFAULTS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study
from problems import STUDIES

CRITERION = "edap_geomean"
DEFAULT = "default"
VARIATIONS = {
    DEFAULT: "default",
    **dict.fromkeys(ADC_MODELS[1:], "converter"),
    "lpddr4_idle_W_per_bit=0": "assumption",
    "hbm2_idle_W=0": "assumption",
    "snr_adc_dB=-100": "limit",
    "adc_window=sigma range least_error": "column",
}
"""Kind of each variation."""

OF_RRAM = {
    "rram_sigma=0.011": "assumption",
    "cell_errors=wan2022_1s": "column",
    "cell_errors=wan2022_1d": "column",
    "redundancy=1 2 4": "column",
    "redundancy=1 2 4; snr_dB=15": "column",
    "cell_errors=wan2022_1s; redundancy=1 2 4; snr_dB=15": "column",
}
"""The better RRAM of the literature (4.3 % is the default), errors by level, cells in parallel."""


def problem_of(study: Study, variation: str) -> AcceleratorProblem:
    """Return the problem of a physical study under a variation: `DEFAULT`, an ADC model, or
    assumptions and limits with a value and optional design columns with one or several, such as
    `redundancy=1 2; snr_dB=15`."""
    numbers, columns = {}, {}
    parts = f"adc_model={variation}" if variation in ADC_MODELS else variation
    for part in [] if variation == DEFAULT else parts.split("; "):
        quantity, _, texts = part.partition("=")
        if quantity in DEFAULTS:
            columns[quantity] = [type(DEFAULTS[quantity])(text) for text in texts.split()]
        else:
            numbers[quantity] = float(texts)
    space = study.space
    space = replace(space, fixed={**{n: DEFAULTS[n] for n in columns}, **space.fixed})
    space = restricted(space, columns, name=space.name)
    usual = Assumptions()
    assumed = {name: value for name, value in numbers.items() if hasattr(usual, name)}
    limits = {name: value for name, value in numbers.items() if name not in assumed}
    model = PhysicalEvaluator(
        space,
        study.network_set(),
        assumptions=usual.having(**assumed),
        limits=CircuitLimits.of_device(space.fixed["device"], **limits),
    )
    return study.replace(space=space).problem(model)


def recommended(name: str, variation: str, kind: str) -> dict[str, Any]:
    """The proven best chip of a study under a variation, and its figures."""
    problem = problem_of(STUDIES[name], variation)
    proof = prove(problem, CRITERION)
    row: dict[str, Any] = {"study": name, "kind": kind, "variation": variation}
    if proof.levels is None:
        return row | {"feasible": False}
    model, levels = problem.model, np.atleast_2d(proof.levels)[:1]
    assert isinstance(model, PhysicalEvaluator)
    full = model.in_full(levels)
    tops_per_W = 2 * model.macs / 1e12 / full.energy_J[0]
    return {
        **row,
        **{"feasible": True, CRITERION: proof.value},
        **{name: problem.space.column(levels, name)[0] for name in problem.space.names},
        "area_mm2": float(full.area_m2[0] * 1e6),
        "energy_geomean_J": float(np.exp(np.log(full.energy_J[0]).mean())),
        "latency_geomean_s": float(np.exp(np.log(full.latency_s[0]).mean())),
        "least_tops_per_W": float(tops_per_W.min()),
        "most_tops_per_W": float(tops_per_W.max()),
        "least_snr_adc_dB": float(full.snr_adc_dB[0].min()),
        "least_snr_dev_dB": float(full.snr_dev_dB[0].min()),
        "least_snr_dB": float(full.snr_dB[0].min()),
    }


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="F.csv")
    parser.add_argument("studies", nargs="*", default=list(NAMES))
    args = parser.parse_args()
    rows = []
    for name in args.studies:
        for variation, kind in (VARIATIONS | (OF_RRAM if "_rram_" in name else {})).items():
            rows.append(recommended(name, variation, kind))
            pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
