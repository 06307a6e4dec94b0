"""From energy, latency and area to the numbers designs are compared by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imcmoo.metrics import Floats

MM2_PER_M2 = 1e6
"""EDAP is quoted in J·s·mm², as in the literature; area is in m² everywhere inside."""

Aggregation = Callable[[Floats], Floats]
"""One number per design, shape (n,), from one per design and workload, shape (n, W)."""


def edp(energy: Floats, latency: Floats) -> Floats:
    """Energy-delay product in J·s.

    Args:
        energy: J, any shape.
        latency: s, same shape.

    Returns:
        The product, same shape; NaN where either is NaN (a network that does not map).
    """
    return energy * latency


def edap(energy: Floats, latency: Floats, area: Floats) -> Floats:
    """Energy-delay-area product in J·s·mm².

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).

    Returns:
        Shape (n, W); NaN where a network does not map.
    """
    return edp(energy, latency) * (area * MM2_PER_M2)[:, None]


def _largest(values: Floats) -> Floats:
    return values.max(axis=1)


def _mean(values: Floats) -> Floats:
    return values.mean(axis=1)


def _product(values: Floats) -> Floats:
    return values.prod(axis=1)


def _geometric_mean(values: Floats) -> Floats:
    # Through logarithms: the product of many small EDAPs would underflow to 0.
    return np.exp(np.log(values).mean(axis=1))


AGGREGATIONS: dict[str, Aggregation] = {
    "max": _largest,
    "mean": _mean,
    "product": _product,
    "geomean": _geometric_mean,
}
"""How workloads become one number, by name. Each takes positive values of shape (n, W) to (n,), and
NaN stays NaN. A new aggregation is one function and one entry here."""


def regret(values: Floats, best: Floats) -> Floats:
    """Excess over the best: `values` / `best` - 1, so 0 is as good as the best.

    Args:
        values: shape (n, W) or (n,).
        best: positive, broadcasts against `values`: shape (W,) or a scalar array.

    Raises:
        ValueError: a best value that is not positive.
    """
    if not (np.asarray(best) > 0).all():
        raise ValueError(f"best must be positive to compare against, got {best}")
    return values / best - 1.0


def worst_regret(values: Floats, best: Floats) -> Floats:
    """The largest regret over the workloads, shape (n,): what minimax regret minimises.

    Args:
        values: shape (n, W).
        best: each workload's own best, shape (W,).
    """
    return _largest(regret(values, best))
