"""From energy, latency and area to the numbers designs are compared by."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from imcmoo.model.metrics import Floats

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


def edap_score(energy: Floats, latency: Floats, area: Floats, *, aggregate: Aggregation) -> Floats:
    """EDAP of the networks as one number, J·s·mm² (to the power W for the product), shape (n,).

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).
        aggregate: makes one number of W.
    """
    return aggregate(edap(energy, latency, area))


def ela_score(energy: Floats, latency: Floats, area: Floats, *, aggregate: Aggregation) -> Floats:
    """Energy and latency aggregated each by itself, times area, shape (n,): the paper's score.

    By `max`, the energy of one network can meet the latency of another, so it is never below the
    largest EDAP. J·s·mm² (energy and latency to the power W for the product).

    Args:
        energy: J, shape (n, W).
        latency: s, shape (n, W).
        area: m², shape (n,).
        aggregate: makes one number of W.

    Source: arXiv 2410.16759, f = max E · max L · A; its released code, `objectiveMAX`.
    """
    return aggregate(energy) * aggregate(latency) * (area * MM2_PER_M2)


Score = Callable[[Floats, Floats, Floats], Floats]
"""One number per design, the smaller the better, shape (n,), from energy (J) and latency (s) by
network, shape (n, W), and area (m²), shape (n,)."""

SCORES: dict[str, Score] = {
    **{f"edap_{name}": partial(edap_score, aggregate=f) for name, f in AGGREGATIONS.items()},
    # By geometric mean it is that of the EDAP. By product it counts area once for all networks, so
    # that it is next to blind to it; the search is not built for that.
    **{f"ela_{name}": partial(ela_score, aggregate=AGGREGATIONS[name]) for name in ("max", "mean")},
}
"""What a design for all networks can be judged by, by name."""


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
