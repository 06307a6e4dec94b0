"""Draws of the uncertain costs of a study."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.draws import INTERVAL, UPPER_END, DrawTable, draw
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import UncertaintyTable

UNDETERMINED = math.log(2)
"""Standard deviation of the logarithm of a factor above which a calibration does not fix it."""


def draw_costs(study: Study, settings: UncertaintyTable) -> DrawTable:
    """Draws of the costs of a study, and with `weights` of the mix of its networks."""
    return draw(
        uncertain_assumptions(study),
        n=settings.draws,
        seed=settings.seed,
        reading=settings.spread,
        assumed=settings.assumed,
        bands=settings.bands,
        networks=study.names if settings.weights else (),
    )


def uncertain_assumptions(study: Study) -> Assumptions:
    """Assumptions of a study with the bands of draws.

    Factors of a calibration have a 90 % interval about the fitted value, or the band of the model
    if the calibration does not determine them.
    """
    assumed = cast("PhysicalEvaluator", study.cost_model()).assumptions
    if study.calibrated is None:
        return assumed
    changed = {}
    for name in study.calibrated.factors.model_fields_set:
        of_model: Assumption = getattr(Assumptions(), name)
        value = getattr(assumed, name).value
        deviation: float = getattr(study.calibrated.deviations, name)
        low, high = (value * math.exp(sign * UPPER_END * deviation) for sign in (-1, 1))
        if deviation > UNDETERMINED:
            low, high = min(of_model.low, value), max(of_model.high, value)
        changed[name] = replace(
            of_model,
            value=value,
            low=max(low, of_model.least),
            high=min(high, of_model.most),
            spread=INTERVAL,
            reason=getattr(assumed, name).reason,
        )
    return replace(assumed, **changed)
