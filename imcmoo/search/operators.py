"""Crossover and mutation of value indices, by type of parameter; results are always in the space.

Ordered parameters move in steps, small ones being likelier; unordered ones take any value.
"""

from __future__ import annotations

import numpy as np

from imcmoo.space.design_space import DesignSpace, Levels


def crossover(
    space: DesignSpace,
    parents: Levels,
    rng: np.random.Generator,
    *,
    probability: float,
    eta: float,
) -> Levels:
    """Two children of each pair: parameters exchanged at random, ordered ones also blended.

    Blending is simulated binary crossover (Deb and Agrawal, 1995) on value indices. Rounding is
    random and keeps the mean: otherwise most children of parents one index apart would repeat a
    parent.

    Args:
        space: the design space.
        parents: shape (2, n_pairs, n_parameters).
        rng: random generator.
        probability: probability that a pair recombines; otherwise children are copies.
        eta: distribution index; larger values keep children nearer to their parents.

    Returns:
        Children, shape (2, n_pairs, n_parameters).
    """
    first, second = parents
    u = rng.random(first.shape)
    spread = np.where(u <= 0.5, 2 * u, 0.5 / (1 - u)) ** (1 / (eta + 1))
    shift = 0.5 * (1 - spread) * (second - first) * space.is_ordered
    blended = np.stack([first + shift, second - shift])
    children = np.floor(blended + rng.random(blended.shape)).astype(np.int64)
    children = np.where(rng.random(first.shape) < 0.5, children[::-1], children)
    children = np.clip(children, 0, np.array(space.shape) - 1)
    recombined = rng.random(len(first)) < probability
    return np.where(recombined[:, None], children, parents)


def mutate(
    space: DesignSpace,
    levels: Levels,
    rng: np.random.Generator,
    *,
    probability: float,
    eta: float,
) -> Levels:
    """Change at least one parameter of a mutated design, on average about two.

    The step of an ordered parameter is that of polynomial mutation (Deb and Goyal, 1996) over its
    range, at least one value index, and reversed at the ends of the range. An unordered parameter
    takes any other value.

    Args:
        space: the design space.
        levels: shape (n, n_parameters).
        rng: random generator.
        probability: probability that a design is mutated.
        eta: distribution index; larger values make smaller steps.

    Returns:
        Shape (n, n_parameters).
    """
    n, n_parameters = levels.shape
    sizes = np.array(space.shape)
    chosen = rng.random(levels.shape) < 1 / n_parameters
    chosen[np.arange(n), rng.integers(n_parameters, size=n)] = True
    chosen &= rng.random((n, 1)) < probability

    share = 1 - rng.random(levels.shape) ** (1 / (eta + 1))
    step = np.maximum(1, np.rint(share * (sizes - 1))).astype(np.int64)
    step *= rng.choice([-1, 1], size=levels.shape)
    outside = (levels + step < 0) | (levels + step >= sizes)
    stepped = np.clip(levels + np.where(outside, -step, step), 0, sizes - 1)

    other = (levels + rng.integers(1, np.maximum(sizes, 2), size=levels.shape)) % sizes
    return np.where(chosen, np.where(space.is_ordered, stepped, other), levels)
