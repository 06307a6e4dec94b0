"""The four-network studies under every change of what the physical model rests on.

Each variation is answered by one search of the study's budget; on the model as it stands such
searches find the exact optima (`searches.csv`), so what they find is taken for the best there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.evaluator import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.model.physical.switches import Switches
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.study import Study

DEVICES = ("rram", "sram")
REFERENCE, DEFAULT = "reference", "default"
CONVERTER, ASSUMPTION, WITHOUT, ALONE = "converter", "assumption", "without", "alone"

Key = tuple[str, str]
"""Kind of a variation and its name, which says all there is to know."""

COLUMN_ONLY = {"rram": ("sram_",), "sram": ("rram_", "offset_", "differential_", "row_", "column_")}
"""Beginnings of assumptions that mean nothing to a device."""


NOT_VARIED = ("highest_level_bits",)
"""What decides which designs there are; all else decides what they cost."""


def keys(device: str, adc_model: str) -> Iterator[Key]:
    """All variations of a device: the model as it stands, the paper's, then each change.

    Args:
        device: of the study.
        adc_model: its converter model as it stands.
    """
    yield DEFAULT, DEFAULT
    yield REFERENCE, REFERENCE
    yield from ((CONVERTER, name) for name in ADC_MODELS if name != adc_model)
    given = Assumptions()
    for field in fields(Assumptions):
        band = getattr(given, field.name)
        if not field.name.startswith((*COLUMN_ONLY[device], *NOT_VARIED)):
            ends = dict.fromkeys(v for v in (band.low, band.high) if v != band.value)
            yield from ((ASSUMPTION, f"{field.name}={end:g}") for end in ends)
    yield ALONE, "none"
    for field in fields(Switches):
        yield WITHOUT, field.name
        yield ALONE, field.name


def problem_of(physical: Study, reference: Study, key: Key) -> AcceleratorProblem:
    """The problem under a variation.

    Args:
        physical: the study on the physical model.
        reference: the study it stands beside, on the paper's model.
        key: the variation.
    """
    kind, name = key
    if kind == REFERENCE:
        return reference.problem()
    space = physical.space
    if kind == CONVERTER:
        space = replace(space, fixed={**space.fixed, "adc_model": name})
    switches = {
        WITHOUT: lambda: replace(Switches(), **{name: False}),
        ALONE: lambda: replace(Switches.all_off(), **({} if name == "none" else {name: True})),
    }.get(kind, Switches)()
    assumptions = Assumptions()
    if kind == ASSUMPTION:
        what, _, value = name.partition("=")
        assumptions = assumptions.having(**{what: float(value)})
    model = PhysicalEvaluator(
        space, physical.network_set(), switches=switches, assumptions=assumptions
    )
    return replace(physical, space=space).problem(model)


def sample(problem: AcceleratorProblem, n: int, seed: int) -> NDArray[np.int64]:
    """Feasible designs drawn at random, shape (n, n_parameters), fewer where they are rare."""
    rng = np.random.default_rng((seed, 7))
    found = [np.empty((0, len(problem.space.shape)), np.int64)]
    for _ in range(60):
        levels = problem.space.random(1000, rng)
        _, G = problem.score(levels, problem.model.evaluate(levels))
        found.append(levels[(G <= 0).all(axis=1)])
        if sum(map(len, found)) >= n:
            break
    return np.concatenate(found)[:n]
