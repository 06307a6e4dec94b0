"""`[uncertainty]` of a study: how its uncertain costs are drawn, and what a robust chip is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.problem.criteria import NAMED
from imcmoo.study.faults import fault_lines
from imcmoo.study.parsing import distinct
from imcmoo.study.table import Table
from imcmoo.study.tables import Names

if TYPE_CHECKING:
    from imcmoo.study.study import Study

Score = Literal["edap_geomean", "edap_max", "edap_mean", "regret_minimax", "regret_minimax_joint"]
"""Scores of a chip in a draw."""

RobustCriterion = Literal["robust_mean", "robust_quantile", "robust_worst"]

Reading = Literal["stated", "limits", "log_uniform"]

MAX_DRAWS = 10_000


def _pairs(bands: object) -> object:
    """Bands as tuples."""
    if not isinstance(bands, Mapping):
        return bands
    return {name: tuple(b) if isinstance(b, list) else b for name, b in bands.items()}


class UncertaintyTable(Table):
    """`[uncertainty]`: draws of uncertain costs, and the criterion of a robust chip."""

    draws: int = Field(300, ge=1, le=MAX_DRAWS, description="draws of the costs")
    seed: int = Field(1, ge=0, description="seed of the draws")
    by: Score = Field("edap_geomean", description="score of a chip in a draw")
    criterion: RobustCriterion = Field(
        "robust_mean", description="what the robust chip has least of"
    )
    quantile: float = Field(0.95, gt=0, le=1, description="of the regrets, of robust_quantile")
    spread: Reading = Field(
        "stated",
        description="reading of the bands: as each assumption states, all as limits, or uniform "
        "in the logarithm",
    )
    assumed: Annotated[Names, AfterValidator(distinct)] = Field(
        (), description="assumptions that keep their value"
    )
    weights: bool = Field(False, description="whether the mix of networks is drawn as well")
    bands: Annotated[dict[str, tuple[float, float]], BeforeValidator(_pairs)] = Field(
        default_factory=dict, description="bands after a measurement, [low, high] by assumption"
    )


def uncertainty_settings(study: Study, **changes: object) -> UncertaintyTable:
    """Settings of the draws of a study, with other values of some keys.

    Raises:
        ValueError: a key has a wrong value, or costs of this study cannot be drawn; says why.
    """
    stated = study.uncertainty or UncertaintyTable.model_validate({})
    try:
        settings = stated.replace(**changes)
    except ValidationError as error:
        keys = {"": list(UncertaintyTable.model_fields)}
        lines = fault_lines(error, keys)
        raise ValueError("\n".join(f"uncertainty.{line}" for line in lines)) from None
    if why := refusal(study, settings):
        raise ValueError(why)
    for key, fault in faults(study, settings).items():
        raise ValueError(f"uncertainty.{key}: {fault}")
    return settings


def refusal(study: Study, settings: UncertaintyTable) -> str:
    """Why uncertain costs of a study cannot be drawn, and what to do; empty if they can."""
    copy = "in a copy of the study"
    if study.model != "physical":
        return (
            f'uncertain costs need model = "physical", whose assumptions have bands, got '
            f"{study.model!r}"
        )
    if study.scenario_table is not None:
        return f"uncertain costs take no requests: leave out [scenario] and rate_Hz {copy}"
    if study.score_table is not None:
        return f"uncertain costs take no score of your own: leave out [score] {copy}"
    if study.criterion not in NAMED:
        return (
            f"uncertain costs take no criterion of your own, got {study.criterion}: leave out "
            f"criterion {copy}; the key by of [uncertainty] names the score"
        )
    if study.tolerance is not None:
        return f"uncertain costs take no tolerance: leave out tolerance {copy}"
    if settings.weights and settings.by not in WEIGHTED_SCORES:
        return (
            f"weights = true: {settings.by} ignores the weights of networks; set by to "
            f"{' or '.join(WEIGHTED_SCORES)}"
        )
    return ""


WEIGHTED_SCORES = tuple(
    name for name in get_args(Score) if name in NAMED and not NAMED[name].ignores_weights
)


def faults(study: Study, settings: UncertaintyTable) -> dict[str, str]:
    """Wrong names and bands of assumptions by key; empty if there are none."""
    model = Assumptions()
    found = {}
    for name in settings.assumed:
        if fault := model.why_not_drawn(name):
            found["assumed"] = fault
    for name, (low, high) in settings.bands.items():
        if fault := model.why_not_drawn(name):
            found[f"bands.{name}"] = fault
            continue
        one = getattr(model, name)
        least, most = (one.low, one.high)
        if study.calibrated is not None and name in study.calibrated.factors.model_fields_set:
            least, most = one.least, one.most
        if not least <= low <= high <= most:
            found[f"bands.{name}"] = (
                f"must rise within {least:g} to {most:g}, got {low:g} to {high:g}"
            )
    return found
