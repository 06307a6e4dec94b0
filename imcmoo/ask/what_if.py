"""The answer of a study under changes of its keys, parameters and assumptions, in one table.

study.what_if([{"technology_nm": 22}, {"adc_energy_factor": 0.5}, {"device": "dimc"}])

    >>> before, after = what_if(study, [{"technology_nm": 22}])["score"]
    >>> after < before
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from imcmoo.answers.answer import REFUSED, Answer
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.units import display_column, to_display
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.solve.solve import solve_all
from imcmoo.space.design_space import Levels
from imcmoo.study.devices import StudyOfDevices, common_keys
from imcmoo.study.study import Study
from imcmoo.study.vary import Change, changed, check_list

TIME_LIMIT_S = 60.0
"""Time limit of a proof per criterion."""

AS_IT_IS = "as it is"
"""Name of the answer without changes."""

IMAGES = "images_"
"""Beginning of the columns with the images of an inference of each network."""

REGRET_OF_ONE = (
    "the regret of one network is 0 by definition, since its chip is the best for it; compare "
    "EDAP, with criterion = edap_max"
)
"""Note on a score that says nothing."""


def what_if(
    study: Study | StudyOfDevices,
    changes: Sequence[Change],
    *,
    time_limit_s: float = TIME_LIMIT_S,
    on_change: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:
    """Answer a study as it is and under each change; writes nothing.

    The answer is certified where the space has bounds, else enumerated up to `MAX_ENUMERATED`
    designs, else searched with the budget of the study, as where a proof finds no chip in time.
    Values that do not go together, such as several `adc_noise` with an ADC whose costs do not
    depend on it, are `refused` in their row.

    Args:
        study: the study. One that lists devices has a row for each device and change, and regrets
            against the best of all devices.
        changes: each a change of its own; all keys of one are changed together.
        time_limit_s: time limit of a proof per criterion, s; the gap reached by then is stated.
        on_change: called with the name of each change before it is answered.

    Returns:
        One row per answer, the first without changes: `change`, `answer` (how it was found),
        `gap` (a share, NaN if unknown), `designs` of the space, `criterion`, `score` in its unit,
        `images_NETWORK` of an inference where it is of several, costs of an inference with units in
        their names, a column per parameter, and a `note`, such as why no chip is feasible or the
        change is refused. The parameter `device` is in every row if devices are listed.

    Raises:
        InputError: a key is unknown, a value is wrong, or a change is empty or given twice; names
            the change.
    """
    rows = []
    for name, of_change in _variants(study, changes).items():
        on_change(name)
        rows += [{"change": name, **row} for row in _rows(of_change, time_limit_s)]
    frame = pd.DataFrame(rows)
    one_image = [c for c in frame if str(c).startswith(IMAGES) and (frame[c].dropna() == 1).all()]
    last = ["note"]
    return frame[[*(c for c in frame if c not in (*one_image, *last)), *last]]


@dataclass(frozen=True)
class Variant:
    """A changed study, the values of its space that its device does not have, and why it is none.

    Args:
        study: the changed study; the study itself if it refuses the change.
        dropped: values of the space that a new device does not have.
        why: why the study refuses the change; empty if it does not.
    """

    study: Study
    dropped: tuple[str, ...] = ()
    why: str = ""


def _variants(study: Study | StudyOfDevices, changes: Sequence[Change]) -> dict[str, list[Variant]]:
    """Variants by the name of their change, one for each device; those without change first."""
    with input_errors():
        check_list(changes)
    variants = {AS_IT_IS: [_variant(one, {}) for one in study.studies]}
    for change in changes:
        if not change:
            raise InputError("a change sets no key")
        name = ", ".join(f"{key}={_text(value)}" for key, value in change.items())
        if name in variants:
            raise InputError(f"{name}: this change is given twice")
        try:
            variants[name] = _changed(study, change)
        except ValueError as error:
            lines = "; ".join(str(error).splitlines())
            raise InputError(f"{name}: {lines}") from None
    return variants


def _changed(study: Study | StudyOfDevices, change: Change) -> list[Variant]:
    """The variant of each device; an error if no device takes the change."""
    if isinstance(study, Study):
        return [_variant(study, change)]
    if "device" in change:
        raise ValueError(f"device: {study.name} lists devices, each of which has a row")
    variants, errors = [], []
    for one in study.studies:
        try:
            variants.append(_variant(one, common_keys(str(one.device), change)))
        except ValueError as error:
            errors.append(error)
            variants.append(Variant(one, why="; ".join(str(error).splitlines())))
    if len(errors) == len(variants):
        raise errors[0]
    return variants


def _variant(study: Study, change: Change) -> Variant:
    return Variant(*changed(study, change)) if change else Variant(study)


def _text(value: object) -> str:
    return f"[{','.join(map(_text, value))}]" if isinstance(value, list | tuple) else str(value)


def _rows(variants: Sequence[Variant], time_limit_s: float) -> Iterator[dict[str, Any]]:
    """Rows of the table for one change: for each device the answer, its costs and its design."""
    accepted = [each for each in variants if not each.why]
    answers = solve_all([each.study for each in accepted], time_limit_s=time_limit_s)
    by_study = {id(each): one for each, one in zip(accepted, answers, strict=True)}
    for each in variants:
        device = {"device": each.study.device} if len(variants) > 1 else {}
        answer = by_study.get(id(each))
        if answer is None:
            answer = Answer.without_chip(each.study, each.why, how=REFUSED)
        yield {**_row(answer, each.dropped), **device}


def _row(answer: Answer, dropped: Sequence[str]) -> dict[str, Any]:
    study, networks, left_out = answer.study, answer.study.names, ", ".join(dropped)
    notes = [f"left out: {left_out}" if left_out else "", answer.note or answer.why]
    if answer.has_chip and study.resolved_criterion.is_regret and len(networks) == 1:
        notes.append(REGRET_OF_ONE)
    row = {"designs": study.space.size, "criterion": study.score_name}
    note = {"note": "; ".join(filter(None, notes))}
    if not answer.has_chip:
        return {"answer": answer.how, **row, **note}
    first = {"answer": answer.how, "gap": answer.gap, **row, "score": answer.score}
    images = answer.problem.model.images or (1,) * len(networks)
    first |= {f"{IMAGES}{n}": i for n, i in zip(networks, images, strict=True)}
    return {**first, **design_costs(answer.problem, answer.levels), **answer.design, **note}


def design_costs(problem: AcceleratorProblem, levels: Levels) -> dict[str, float]:
    """Costs of one design by column, in display units."""
    values = problem.model.evaluate(levels).values
    costs = {}
    for q in sorted(problem.model.quantities, key=lambda q: q.per_workload):
        columns = q.columns(problem.workload_names)
        of_networks = values[q.name][0] if q.per_workload else values[q.name][:1]
        for column, value in zip(columns, of_networks, strict=True):
            costs[display_column(column)] = float(to_display(q.unit, value))
        if q.name == "area" and "package" in values:
            for name in ("package", "silicon"):
                costs[f"{name}_mm2"] = float(to_display("m2", values[name][0]))
    return costs
