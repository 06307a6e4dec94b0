"""Response times and capacity of chips that serve requests by fixed priorities, in closed form.

Arrays have shape (n, W): n designs, W networks. Every result falls or stays when a service time
grows (capacity), or grows or stays (response time), so bounds of service times give bounds of both.

Source: R. I. Davis and A. Burns, Response time upper bounds for fixed priority real-time systems,
RTSS 2008.
"""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.scenario.requests import Load


def service_times(latency_s: Floats, interval_s: Floats, load: Load) -> Floats:
    """Time that a chip works on one request, its whole burst.

    Args:
        latency_s: of one inference, s, shape (n, W).
        interval_s: from one inference to the next of the same network, s, shape (n, W).
        load: the requests.

    Returns:
        Times in s, shape (n, W).
    """
    # Sums over few networks take a third of the time with designs innermost.
    latency, interval = map(np.asfortranarray, (latency_s, interval_s))
    service: Floats = latency + (load.burst - 1) * interval
    return service


def blocking_times(longest_s: Floats, load: Load) -> Floats:
    """Longest time that a request waits for one less urgent network.

    Args:
        longest_s: longest segment of each network that nothing interrupts, s, shape (n, W).
        load: the requests.

    Returns:
        Times in s, shape (n, W).
    """
    by_priority = longest_s.T[load.by_priority]
    blocking = np.zeros_like(by_priority)
    blocking[:-1] = np.maximum.accumulate(by_priority[:0:-1])[::-1]
    return blocking[load.rank].T


def _interference(service_s: Floats, load: Load) -> tuple[Floats, Floats, Floats]:
    """Σ C / T, Σ C and Σ C · C / T over the more urgent networks of each network, shape (n, W)."""
    use = service_s / load.period_s
    return _before(use, load), _before(service_s, load), _before(service_s * use, load)


def _before(values: Floats, load: Load) -> Floats:
    """Sum over the more urgent networks of each network, shape (n, W)."""
    by_priority = values.T[load.by_priority]
    sums = np.zeros_like(by_priority)
    np.cumsum(by_priority[:-1], axis=0, out=sums[1:])
    return sums[load.rank].T


def response_bounds(
    service_s: Floats, blocking_s: Floats, load: Load, *, interruptible: bool
) -> Floats:
    """Upper bounds of response times; infinite where utilization exceeds 1, NaN where a time is.

    Args:
        service_s: time of one request from `service_times`, s, shape (n, W).
        blocking_s: result of `blocking_times`, s, shape (n, W).
        load: the requests.
        interruptible: whether more urgent requests interrupt a running one between its layers;
            else it runs to its end.

    Returns:
        Times in s, shape (n, W).
    """
    utilization, others_s, overlap_s = _interference(service_s, load)
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = blocking_s + others_s - overlap_s
        free = 1 - utilization
        # A request that nothing interrupts only waits before it begins.
        interrupted, after = (service_s, 0.0) if interruptible else (0.0, service_s)
        response = (waiting + interrupted) / free + after
    fits = utilization + service_s / load.period_s <= 1
    unknown = np.isnan(service_s + blocking_s + others_s)
    return np.where(fits | unknown, response, np.inf)


def capacities(service_s: Floats, blocking_s: Floats, load: Load, *, interruptible: bool) -> Floats:
    """Capacity for each network, shape (n, W).

    It is the largest factor by which all requests may come more often and be due sooner while the
    response bound of the network keeps its deadline. The smallest of all networks is the chip's.
    It is 0 where a time is infinite, NaN where one is. Arguments are those of `response_bounds`.
    """
    utilization, others_s, overlap_s = _interference(service_s, load)
    deadline = load.deadline_s
    b = service_s + blocking_s + others_s + deadline * utilization
    a = overlap_s
    with np.errstate(invalid="ignore"):  # of infinite service times
        if not interruptible:
            a = a + service_s * utilization
        # b² ≥ 4 a D holds exactly; rounding may break it.
        root = np.sqrt(np.maximum(b * b - 4 * a * deadline, 0.0))
    by_deadline = np.where(np.isinf(b), 0.0, 2 * deadline / (b + root))
    by_use = 1 / (utilization + service_s / load.period_s)
    return np.minimum(by_deadline, by_use)
