"""The studies under changes of what the physical model rests on: four networks under every one,
nine under those that could turn which device is better.

Each variation is answered by one search of the study's budget that begins at the exact optima of
the model as it stands, so that it is never worse than these; nothing proves that it is the best.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from experiments.physics.searches import feasible
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.model.physical.switches import Switches
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.study.study import Study

DEVICES = ("rram", "sram")
REFERENCE, DEFAULT = "reference", "default"
CONVERTER, ASSUMPTION, LIMIT = "converter", "assumption", "limit"
WITHOUT, ALONE = "without", "alone"
ENDS = (ASSUMPTION, LIMIT)
"""Kinds of variation that are an end of something we assume or ask for."""

Key = tuple[str, str]
"""Kind of a variation and its name, which says all there is to know."""

COLUMN_ONLY = {"rram": ("sram_",), "sram": ("rram_", "offset_", "differential_", "row_", "column_")}
"""Beginnings of assumptions that mean nothing to a device."""


NOT_VARIED = ("highest_level_bits",)
"""What decides which designs there are; all else decides what they cost."""

LIMITS = ("snr_adc_dB=25", "ir_drop=0.025", "area_mm2=400")
"""Stricter limits: the signal to noise a hard task asks for, half the loss along a wire, half the
area."""

PUBLISHED_PERIPHERY = "macro_periphery=2.5"
"""Macros as much larger than their parts as published ones in the median (docs/silicon.md); asked
beside the ends of that band."""

OF_NINE = (
    PUBLISHED_PERIPHERY,
    "macro_periphery=10", "pulse_s=9.2e-08", "voltage_exponent=1.3", "rram_sigma=0.082",
    "adc_window_sigmas=5", "differential_cell_S=2.95e-06",
)  # fmt: skip
"""Ends of assumptions that studies of nine networks are asked under, beside all limits and
converter models: those that make one device dearer than the other."""


def keys(device: str, adc_model: str) -> Iterator[Key]:
    """All variations of a device: the model as it stands, the paper's, then each change.

    Args:
        device: of the study.
        adc_model: its converter model as it stands.
    """
    yield from _ends(device, adc_model)
    yield ALONE, "none"
    for field in fields(Switches):
        yield WITHOUT, field.name
        yield ALONE, field.name


def keys_of_nine(device: str, adc_model: str) -> Iterator[Key]:
    """Those of a study of nine networks."""
    for kind, name in _ends(device, adc_model):
        if kind != ASSUMPTION or name in OF_NINE:
            yield kind, name


def _ends(device: str, adc_model: str) -> Iterator[Key]:
    """All variations that leave the rules on."""
    yield DEFAULT, DEFAULT
    yield REFERENCE, REFERENCE
    yield from ((CONVERTER, name) for name in ADC_MODELS if name != adc_model)
    given = Assumptions()
    for field in fields(Assumptions):
        band = getattr(given, field.name)
        if not field.name.startswith((*COLUMN_ONLY[device], *NOT_VARIED)):
            ends = dict.fromkeys(v for v in (band.low, band.high) if v != band.value)
            yield from ((ASSUMPTION, f"{field.name}={end:g}") for end in ends)
    yield ASSUMPTION, PUBLISHED_PERIPHERY
    for name in LIMITS:
        if device == "rram" or not name.startswith("ir_drop"):  # SRAM draws no current
            yield LIMIT, name


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
    what, _, value = name.partition("=")
    changed = {what: float(value)} if kind in ENDS else {}
    area_mm2 = changed.pop("area_mm2", None)
    if area_mm2 is not None:
        physical = replace(physical, area_limit_m2=area_mm2 / MM2_PER_M2)
    model = PhysicalEvaluator(
        space,
        physical.network_set(),
        switches=switches,
        assumptions=Assumptions().having(**(changed if kind == ASSUMPTION else {})),
        limits=CircuitLimits(**(changed if kind == LIMIT else {})),
    )
    return replace(physical, space=space).problem(model)


def sample(problem: AcceleratorProblem, n: int, seed: int) -> NDArray[np.int64]:
    """Feasible designs drawn at random, shape (n, n_parameters), fewer where they are rare."""
    rng = np.random.default_rng((seed, 7))
    found = [np.empty((0, len(problem.space.shape)), np.int64)]
    for _ in range(60):
        levels = problem.space.random(1000, rng)
        found.append(levels[feasible(problem, levels)])
        if sum(map(len, found)) >= n:
            break
    return np.concatenate(found)[:n]
