"""Random problems: a device, networks, an area limit and a thinned design space.

Parameters keep their kinds (ordered, categorical, conditional).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.io.errors import InputError
from imcmoo.networks.workloads import SHIPPED, TRUE_NETWORKS
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Categorical, Conditional, Ordinal, Parameter
from imcmoo.study.spaces import spaces
from imcmoo.study.study import Study

SPACES = {
    "reference": ("rram", "sram_large", "sram_technology"),
    "physical": ("rram_physical_attention", "sram_physical_attention", "dimc_physical_attention"),
}
"""Spaces to draw from, by cost model."""

NETWORKS = (2, 5)
"""Smallest and largest number of networks."""

AREA_LIMITS_MM2 = {"reference": (100.0, 1600.0), "physical": (100.0, 4000.0)}
"""Smallest and largest area limit, mm², by cost model, drawn log-uniformly."""

DESIGNS = (20_000, 200_000)
"""Smallest and largest size of a space; enumerated in seconds to minutes."""

SAMPLED, FEWEST_FEASIBLE = 128, 4
"""Designs that are sampled of a problem, and those of them that must be feasible."""

PILOT = 16
"""Sampled designs that are checked first: on RRAM most draws have no feasible one."""

MAX_DRAWS = 1000
"""Draws after which a seed is refused."""


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
        if _has_feasible(study.problem(), study.space.random(SAMPLED, rng)):
            return study
    raise InputError(f"seed {seed}: no problem with feasible designs in {MAX_DRAWS} draws")


def _has_feasible(problem: AcceleratorProblem, levels: Levels) -> bool:
    """True if one of the first `PILOT` designs is feasible, and `FEWEST_FEASIBLE` of all."""
    n = 0
    for few in (levels[:PILOT], levels[PILOT:]):
        resources = problem.model.resources(few)
        n += int((problem.feasibility.constraints(resources) <= 0).all(axis=1).sum())
        if not n:
            return False
    return n >= FEWEST_FEASIBLE


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
    """Thin a space: each parameter keeps a random choice of its values, at least one.

    The size is drawn log-uniformly. Parameters lose values by random weights, so that some keep all
    and others one. A conditional parameter keeps the same value indices in each row.

    Args:
        space: the whole space.
        rng: random generator.
        designs: smallest and largest size; the second at least twice the first.

    Raises:
        InputError: the space is smaller, or the largest size is below twice the smallest.
    """
    fewest, most = designs
    if most < 2 * fewest or space.size < fewest:
        raise InputError(
            f"space {space.name} of {space.size:,} designs cannot be thinned to {fewest:,} to "
            f"{most:,}: the largest size must be at least twice the smallest"
        )
    kept = _sizes(space, rng, np.exp(rng.uniform(np.log(fewest), np.log(most / 2))))
    parameters: dict[str, Parameter] = {}
    for parameter, n in zip(space.parameters, kept.tolist(), strict=True):
        values = np.sort(rng.choice(len(parameter), n, replace=False))
        parameters[parameter.name] = _thinned(parameter, values, parameters)
    return replace(space, name=f"{space.name}_thinned", parameters=tuple(parameters.values()))


def _sizes(space: DesignSpace, rng: np.random.Generator, least: float) -> Ints:
    """Random numbers of values with `least` to 2 × `least` designs; all if the space has fewer."""
    sizes, weights = np.array(space.shape), rng.exponential(size=len(space.shape))
    while True:
        # A parameter of two values halves the space, so that it ends below 2 × `least`.
        left = sizes.prod() // sizes * (sizes - 1)
        weight = np.where(left >= least, weights, 0.0)
        if not weight.any():
            return sizes
        sizes[rng.choice(len(sizes), p=weight / weight.sum())] -= 1


def _thinned(parameter: Parameter, kept: Ints, before: Mapping[str, Parameter]) -> Parameter:
    """A parameter with some of its values; `before` holds the thinned parameters above it."""
    if isinstance(parameter, Conditional):
        on = before[parameter.on.name]
        rows = {v: tuple(parameter.values_by[v][i] for i in kept) for v in on.values}
        return Conditional(parameter.name, on, rows, parameter.unit)
    kind = Ordinal if parameter.is_ordered else Categorical
    return kind(parameter.name, tuple(parameter.values[i] for i in kept), parameter.unit)
