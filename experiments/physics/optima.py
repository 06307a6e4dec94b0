"""Exact optima of the physical studies as an architect looks at them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.units import shown
from imcmoo.model.physical.evaluator import PhysicalEvaluator
from imcmoo.model.physical.timing import CAUSES
from imcmoo.study.study import Study

CRITERIA = ("edap_max", "edap_geomean", "regret_minimax")
MACRO = ("cells", "dac", "adc", "shift_add")
"""Components of a macro's energy, as published converter shares count it."""
TERA = 1e12


def optimum_table(study: Study, answer: ExactAnswer) -> pd.DataFrame:
    """What the exact optimum by each of `CRITERIA` costs every network.

    Of designs that tie, the first in the space.

    Returns:
        A row per criterion and network: design, area_mm2, energy_J, latency_s, interval_s, power_W
        and W_per_mm2 (on the chip), tops (2 · multiply-accumulates / interval), tops_per_W (DRAM
        included), tops_per_mm2, snr_adc_dB, adc_share (of the macros' energy), streamed, bound_by.
    """
    model = study.cost_model()
    assert isinstance(model, PhysicalEvaluator)
    return pd.concat(
        [
            _of_design(study, model, name, study.space.unrank(answer.optima[name].ranks[:1]))
            for name in CRITERIA
        ],
        ignore_index=True,
    )


def _of_design(
    study: Study, model: PhysicalEvaluator, criterion: str, levels: NDArray[np.int64]
) -> pd.DataFrame:
    known = model.in_full(levels)
    area_mm2 = float(shown("m2", known.area_m2)[0])
    operations = 2 * model.macs
    tops = operations / known.interval_s[0] / TERA
    return pd.DataFrame(
        {
            "study": study.name,
            "criterion": criterion,
            **{n: v[0] for n, v in study.space.decode(levels).items()},
            "workload": model.workload_names,
            "area_mm2": area_mm2,
            "energy_J": known.energy_J[0],
            "latency_s": known.latency_s[0],
            "interval_s": known.interval_s[0],
            "power_W": known.power_W[0],
            "W_per_mm2": known.power_W[0] / area_mm2,
            "tops": tops,
            "tops_per_W": operations / known.energy_J[0] / TERA,
            "tops_per_mm2": tops / area_mm2,
            "snr_adc_dB": known.snr_adc_dB[0],
            "adc_share": adc_shares(model, levels),
            "streamed": known.streamed[0],
            "bound_by": [CAUSES[cause] for cause in known.bound_by[0]],
        }
    )


def adc_shares(model: PhysicalEvaluator, levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the converters in the energy of the macros, by network, shape (W,).

    Args:
        levels: one design, shape (1, n_parameters).
    """
    parts = model.breakdown(levels)
    owner = np.array([workload for workload, _ in parts.layers])
    macro = [i for i, name in enumerate(parts.components) if name in MACRO]
    adc = parts.components.index("adc")
    energy = np.nan_to_num(parts.energy_J[0])
    return np.array(
        [
            energy[owner == name, adc].sum() / energy[owner == name][:, macro].sum()
            for name in model.workload_names
        ]
    )
