"""Variations of the assumptions, limits and ADC model of the physical studies.

Studies are varied in the respects that could change the better device; `keys` lists all others.
One search of the study's budget from the exact optima of the unchanged
model answers each variation; it is never worse than these, but not proven optimal.
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
from imcmoo.model.physical.parameters import ADC_MODELS, DEFAULTS
from imcmoo.model.physical.switches import Switches
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.restricted import restricted
from imcmoo.study.study import Study

DEVICES = ("rram", "sram")
REFERENCE, DEFAULT = "reference", "default"
CONVERTER, ASSUMPTION, LIMIT = "converter", "assumption", "limit"
WITHOUT, ALONE = "without", "alone"
COLUMN = "column"
"""Kind of a variation that gives optional design columns one or several values, and limits of
circuits one: `column=a b; limit=c`."""
ENDS = (ASSUMPTION, LIMIT)
"""Kinds of variation that are an end of a band, or a stricter limit."""

Key = tuple[str, str]
"""Kind and name of a variation; the name determines it."""

COLUMN_ONLY = {"rram": ("sram_",), "sram": ("rram_", "offset_", "differential_", "row_", "column_")}
"""Prefixes of assumptions that do not concern a device."""

NOT_VARIED = ("highest_level_bits",)
"""Assumptions that determine the set of designs instead of their costs."""

LIMITS = ("snr_adc_dB=25", "ir_drop=0.025", "area_mm2=400")
"""Stricter limits: the SNR that a hard task requires, half the IR drop, half the area."""

PUBLISHED_PERIPHERY = "macro_periphery=2.5"
"""Macros as much larger than their parts as published ones in the median (docs/silicon.md)."""

OF_NINE = (
    PUBLISHED_PERIPHERY,
    "macro_periphery=10", "pulse_s=9.2e-08", "voltage_exponent=1.3", "rram_sigma=0.082",
    "adc_window_sigmas=5", "differential_cell_S=2.95e-06",
)  # fmt: skip
"""Ends of assumptions for studies of nine networks, beside all limits and ADC models: those that
make one device more expensive than the other."""


def keys(device: str, adc_model: str) -> Iterator[Key]:
    """List all variations of a study: the unchanged model, the reference model, then each change.

    Args:
        device: of the study.
        adc_model: unchanged ADC model.
    """
    yield from _ends(device, adc_model)
    yield ALONE, "none"
    for field in fields(Switches):
        yield WITHOUT, field.name
        yield ALONE, field.name


def keys_of_nine(device: str, adc_model: str) -> Iterator[Key]:
    """List the variations of a study of nine networks."""
    for kind, name in _ends(device, adc_model):
        if kind != ASSUMPTION or name in OF_NINE:
            yield kind, name


def _ends(device: str, adc_model: str) -> Iterator[Key]:
    """List the variations that leave all rules on."""
    yield DEFAULT, DEFAULT
    yield REFERENCE, REFERENCE
    yield from ((CONVERTER, name) for name in ADC_MODELS if name != adc_model)
    for field in fields(Assumptions):
        band = getattr(Assumptions(), field.name)
        if not field.name.startswith((*COLUMN_ONLY[device], *NOT_VARIED)):
            ends = dict.fromkeys(v for v in (band.low, band.high) if v != band.value)
            yield from ((ASSUMPTION, f"{field.name}={end:g}") for end in ends)
    yield ASSUMPTION, PUBLISHED_PERIPHERY
    for name in LIMITS:
        if device == "rram" or not name.startswith("ir_drop"):  # SRAM draws no current
            yield LIMIT, name


def problem_of(physical: Study, reference: Study, key: Key) -> AcceleratorProblem:
    """Return the problem under a variation.

    Args:
        physical: study of the physical model.
        reference: study of the reference model with as many networks and the same device.
        key: of the variation.
    """
    kind, name = key
    if kind == REFERENCE:
        return reference.problem()
    space = physical.space
    if kind == CONVERTER:
        space = replace(space, fixed={**space.fixed, "adc_model": name})
    limits: dict[str, float] = {}
    if kind == COLUMN:
        space, limits = _with_columns(space, name)
    switches = {
        WITHOUT: lambda: replace(Switches(), **{name: False}),
        ALONE: lambda: replace(Switches.all_off(), **({} if name == "none" else {name: True})),
    }.get(kind, Switches)()
    quantity, _, value = name.partition("=")
    changed = {quantity: float(value)} if kind in ENDS else {}
    area_mm2 = changed.pop("area_mm2", None)
    if area_mm2 is not None:
        physical = replace(physical, area_limit_m2=area_mm2 / MM2_PER_M2)
    model = PhysicalEvaluator(
        space,
        physical.network_set(),
        switches=switches,
        assumptions=Assumptions().having(**(changed if kind == ASSUMPTION else {})),
        limits=CircuitLimits.of_device(
            physical.space.fixed["device"], **(changed if kind == LIMIT else limits)
        ),
    )
    return replace(physical, space=space).problem(model)


def _with_columns(space: DesignSpace, name: str) -> tuple[DesignSpace, dict[str, float]]:
    """Give optional design columns the values that a variation names; return its limits, too."""
    limits, columns = {}, {}
    for part in name.split("; "):
        quantity, _, texts = part.partition("=")
        usual = DEFAULTS.get(quantity)
        if usual is None:
            limits[quantity] = float(texts)
        else:
            columns[quantity] = [type(usual)(text) for text in texts.split()]
    space = replace(space, fixed={**{n: DEFAULTS[n] for n in columns}, **space.fixed})
    return restricted(space, columns, name=space.name), limits


def sample(problem: AcceleratorProblem, n: int, seed: int) -> NDArray[np.int64]:
    """Sample feasible designs, shape (n, n_parameters); fewer if they are rare."""
    rng = np.random.default_rng((seed, 7))
    batches = [np.empty((0, len(problem.space.shape)), np.int64)]
    for _ in range(60):
        levels = problem.space.random(1000, rng)
        batches.append(levels[feasible(problem, levels)])
        if sum(map(len, batches)) >= n:
            break
    return np.concatenate(batches)[:n]
