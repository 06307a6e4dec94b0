"""Average power of chips under a load of requests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.scenario.requests import Idle, Load


def average_power(
    *,
    energy_J: Floats,
    interval_s: Floats,
    leak_W: Floats,
    utilization: Floats,
    load: Load,
    idle: Idle,
) -> tuple[Floats, Floats]:
    """Average power (W) of leakage, shape (n,), and of the requests of each network, (n, W).

    Args:
        energy_J: of one inference, leakage during `interval_s` included, shape (n, W).
        interval_s: from one inference to the next, shape (n, W).
        leak_W: leakage of the chip, shape (n,).
        utilization: share of the time that the chip works, shape (n,).
        load: the requests.
        idle: whether an idle chip leaks.
    """
    dynamic = energy_J - leak_W[:, None] * interval_s
    active = np.minimum(utilization, 1.0) if idle == "gated" else np.ones_like(utilization)
    return leak_W * active, load.burst / load.period_s * dynamic


def least_power(bounds: Mapping[str, Floats], load: Load, idle: Idle) -> Floats:
    """Lower bound of the average power of chips that serve their load, shape (n,), in W.

    Where idle chips do not leak, static power counts while the chip works: a request takes at least
    `burst` intervals.

    Args:
        bounds: lower bounds of `energy` and `dynamic_energy` of one inference, shape (n, W), and
            of `static_power`, (n,).
        load: the requests.
        idle: whether an idle chip leaks.
    """
    rate = load.burst / load.period_s
    if idle == "gated":
        return np.asarray((rate * bounds["energy"]).sum(axis=1))
    return np.asarray((rate * bounds["dynamic_energy"]).sum(axis=1) + bounds["static_power"])
