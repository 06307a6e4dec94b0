"""Random problems: a device, networks, an area limit and a thinned design space.

Parameters keep their kinds (ordered, categorical, conditional).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.io.errors import InputError
from imcmoo.networks.workloads import SHIPPED, TRUE_NETWORKS
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal, Parameter
from imcmoo.study.spaces import spaces
from imcmoo.study.study import Study

SPACES = {
    "reference": ("rram", "sram_large", "sram_technology"),
    "physical": ("rram_physical_attention", "sram_physical_attention"),
}
"""Spaces to draw from, by cost model."""

NETWORKS = (2, 5)
"""Smallest and largest number of networks."""

AREA_LIMITS_MM2 = {"reference": (100.0, 1600.0), "physical": (100.0, 4000.0)}
"""Smallest and largest area limit, mm², by cost model, drawn log-uniformly."""

DESIGNS = (20_000, 200_000)
"""Smallest and largest size of a space; enumerated in seconds to minutes."""

FEWEST_VALUES = 2
"""Smallest number of values of a parameter."""

SAMPLED, FEWEST_FEASIBLE = 256, 8
"""Designs that are sampled of a problem, and those of them that must be feasible."""

MAX_DRAWS = 1000

MAX_CHOICES = 100_000
"""Choices of values after which no space of the size counts as there; the rarest that is drawn
takes 5,000 in the mean."""


def random_study(seed: int, model: str) -> Study:
    """Draw the study of a problem.

    Args:
        seed: at least 0; equal seeds give equal problems.
        model: one of `SPACES`.

    Raises:
        InputError: the model is unknown, the seed is negative, or no problem of it can be drawn.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be a whole number of at least 0, got {seed!r}")
    if model not in SPACES:
        raise InputError(f"unknown model '{model}'; known: {', '.join(SPACES)}")
    # Drawn once: few small chips with resident weights hold several networks.
    rng = np.random.default_rng((seed, list(SPACES).index(model)))
    space = _with_all_noises(spaces()[SPACES[model][rng.integers(len(SPACES[model]))]])
    for _ in range(MAX_DRAWS):
        study = _draw(f"random_{model}_{seed}", space, model, rng)
        problem = study.problem()
        resources = problem.model.resources(study.space.random(SAMPLED, rng))
        feasible = (problem.feasibility.constraints(resources) <= 0).all(axis=1)
        if feasible.sum() >= FEWEST_FEASIBLE:
            return study
    raise InputError(f"seed {seed}: no problem with feasible designs in {MAX_DRAWS} draws")


def _with_all_noises(space: DesignSpace) -> DesignSpace:
    """A space with the noises of ADCs of the extended space of its device, if it has any."""
    if "adc_noise" not in space.names:
        return space
    extended = spaces()[f"{space.fixed['device']}_extended"]
    noises = next(p for p in extended.parameters if p.name == "adc_noise")
    parameters = (noises if p.name == noises.name else p for p in space.parameters)
    return replace(space, parameters=tuple(parameters))


def _draw(name: str, space: DesignSpace, model: str, rng: np.random.Generator) -> Study:
    networks = SHIPPED if model == "reference" else TRUE_NETWORKS
    n = rng.integers(NETWORKS[0], NETWORKS[1] + 1)
    chosen = np.sort(rng.choice(len(networks), n, replace=False))
    limit_mm2 = np.exp(rng.uniform(*np.log(AREA_LIMITS_MM2[model])))
    return Study(
        name=name,
        space=thinned(space, rng),
        networks=[networks[i] for i in chosen],
        area_limit_mm2=float(limit_mm2),
        model=model,
    )


def thinned(
    space: DesignSpace, rng: np.random.Generator, designs: tuple[int, int] = DESIGNS
) -> DesignSpace:
    """Thin a space: each parameter keeps a random choice of its values.

    A conditional parameter keeps the same value indices in each row. `designs` limits the size.

    Raises:
        InputError: no choice of values has such a size, or none was drawn.
    """
    fewest, most = designs
    least = math.prod(min(FEWEST_VALUES, n) for n in map(len, space.parameters))
    choices = MAX_CHOICES if least <= most and space.size >= fewest else 0
    for _ in range(choices):
        kept = [_some_of(len(parameter), rng) for parameter in space.parameters]
        if fewest <= math.prod(map(len, kept)) <= most:
            break
    else:
        raise InputError(
            f"no {fewest:,} to {most:,} designs of space {space.name} in {choices:,} draws: with "
            f"{FEWEST_VALUES} values of each parameter it has {least:,}, with all {space.size:,}"
        )
    parameters: dict[str, Parameter] = {}
    for parameter, values in zip(space.parameters, kept, strict=True):
        parameters[parameter.name] = _thinned(parameter, np.sort(values), parameters)
    return replace(space, name=f"{space.name}_thinned", parameters=tuple(parameters.values()))


def _some_of(n: int, rng: np.random.Generator) -> Ints:
    """Draw a random number of `n` value indices."""
    return rng.choice(n, rng.integers(min(FEWEST_VALUES, n), n + 1), replace=False)


def _thinned(parameter: Parameter, kept: Ints, before: Mapping[str, Parameter]) -> Parameter:
    """A parameter with some of its values; `before` holds the thinned parameters above it."""
    if isinstance(parameter, Conditional):
        on = before[parameter.on.name]
        rows = {v: tuple(parameter.values_by[v][i] for i in kept) for v in on.values}
        return Conditional(parameter.name, on, rows, parameter.unit)
    kind = Ordinal if parameter.is_ordered else Categorical
    return kind(parameter.name, tuple(parameter.values[i] for i in kept), parameter.unit)
