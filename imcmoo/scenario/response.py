"""Response times and capacity of chips that serve requests by fixed priorities.

Bounds in closed form for n designs and W networks, shape (n, W). Capacities are non-increasing and
response times non-decreasing in service times, so bounds of service times give bounds of both.
`simulate` shows response times of one chip within these bounds.

Source: R. I. Davis and A. Burns, Response time upper bounds for fixed priority real-time systems,
    RTSS 2008.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.scenario.requests import Load

STEEPNESS_PER_MS = 15.0
MAX_ENERGY_J = 1.5
"""Parameters of the score of XRBench."""


def service_times(latency_s: Floats, interval_s: Floats, load: Load) -> Floats:
    """Time that a chip works on one request with its whole burst.

    Args:
        latency_s: latency of one inference, s, shape (n, W).
        interval_s: initiation interval, s, shape (n, W).
        load: the requests.

    Returns:
        Times, s, shape (n, W).
    """
    # Sums over few networks take a third of the time with designs innermost.
    latency, interval = map(np.asfortranarray, (latency_s, interval_s))
    service: Floats = latency + (load.burst - 1) * interval
    return service


def blocking_times(longest_s: Floats, load: Load) -> Floats:
    """Longest time that a request waits for one less urgent network.

    Args:
        longest_s: longest uninterruptible segment of each network, s, shape (n, W).
        load: the requests.

    Returns:
        Times, s, shape (n, W).
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
    """Upper bounds of response times; infinite if utilization exceeds 1, NaN where a time is NaN.

    Args:
        service_s: times of `service_times`, s, shape (n, W).
        blocking_s: times of `blocking_times`, s, shape (n, W).
        load: the requests.
        interruptible: True if more urgent requests interrupt a running one between its segments.

    Returns:
        Times, s, shape (n, W).
    """
    utilization, others_s, overlap_s = _interference(service_s, load)
    with np.errstate(divide="ignore", invalid="ignore"):
        waiting = blocking_s + others_s - overlap_s
        free = 1 - utilization
        # An uninterruptible request waits only before its start.
        interrupted, after = (service_s, 0.0) if interruptible else (0.0, service_s)
        response = (waiting + interrupted) / free + after
    fits = utilization + service_s / load.period_s <= 1
    unknown = np.isnan(service_s + blocking_s + others_s)
    return np.where(fits | unknown, response, np.inf)


def capacities(service_s: Floats, blocking_s: Floats, load: Load, *, interruptible: bool) -> Floats:
    """Capacity for each network, shape (n, W); the smallest is that of the chip.

    The largest factor by which all requests may become more frequent and more urgent while the
    response bound of the network meets its deadline. 0 where a time is infinite, NaN where one is
    NaN. Arguments as for `response_bounds`.
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


@dataclass(frozen=True, eq=False)
class Timeline:
    """Simulated work of a chip in uninterrupted pieces, in order of time.

    Args:
        network: index of the network of each piece, shape (n_pieces,).
        request: index of the request among those of its network, shape (n_pieces,).
        start_s, end_s: start and end of each piece, s, shape (n_pieces,).
        response_s: response times by network, s, shape (n_requests,) each.
    """

    network: Ints
    request: Ints
    start_s: Floats
    end_s: Floats
    response_s: list[Floats]


def simulate(
    releases_s: Sequence[Floats],
    segments_s: Sequence[Floats],
    load: Load,
    *,
    apart: bool = False,
    refill_s: Sequence[float] | None = None,
) -> Timeline:
    """Simulate requests, the most urgent first; a running one yields between its segments.

    Args:
        releases_s: times of the requests of each network, s, ascending.
        segments_s: durations of the uninterruptible segments of one request, s, by network.
        load: gives the priorities.
        apart: True if each network has its own hardware; the timeline is then by network.
        refill_s: additional time of the next segment of a request that was interrupted, s, by
            network. If None, 0.
    """
    refills = [0.0] * len(releases_s) if refill_s is None else refill_s
    networks = range(len(releases_s))
    pieces: list[list[float]] = []
    ends = [np.empty(len(releases)) for releases in releases_s]
    for together in [[w] for w in networks] if apart else [networks]:
        requests = (
            (release, int(load.rank[w]), w, k)
            for w in together
            for k, release in enumerate(releases_s[w].tolist())
        )
        _serve(sorted(requests, reverse=True), segments_s, refills, pieces, ends)
    table = np.array(pieces).reshape(-1, 4)
    return Timeline(
        network=table[:, 0].astype(np.int64),
        request=table[:, 1].astype(np.int64),
        start_s=table[:, 2],
        end_s=table[:, 3],
        response_s=[end - release for end, release in zip(ends, releases_s, strict=True)],
    )


def _serve(
    coming: list[tuple[float, int, int, int]],
    segments_s: Sequence[Floats],
    refill_s: Sequence[float],
    pieces: list[list[float]],
    ends: Sequence[Floats],
) -> None:
    """Serve requests (time, priority, network, number), the last first; add pieces and ends."""
    waiting: list[tuple[int, int, int, int]] = []  # priority, request, network, segments done
    now = 0.0
    while coming or waiting:
        if not waiting:
            now = max(now, coming[-1][0])
        while coming and coming[-1][0] <= now:
            _, rank, w, k = coming.pop()
            heapq.heappush(waiting, (rank, k, w, 0))
        rank, k, w, done = heapq.heappop(waiting)
        end = now + float(segments_s[w][done])
        if pieces and pieces[-1][:2] == [w, k] and pieces[-1][3] == now:
            pieces[-1][3] = end
        else:
            end += refill_s[w] if done else 0.0
            pieces.append([w, k, now, end])
        now = end
        if done + 1 < len(segments_s[w]):
            heapq.heappush(waiting, (rank, k, w, done + 1))
        else:
            ends[w][k] = end


def xrbench_score(response_s: Floats, deadline_s: float, energy_J: float) -> float:
    """Score of XRBench, at most 1: mean of real-time term × energy term over requests.

    Args:
        response_s: response times, s, shape (n,).
        deadline_s: time from each request to its deadline, s.
        energy_J: energy per request, J.

    Source: repository XRBench/XRBench-MLSys2023, `HET_scoring-module.hpp`, with the parameters of
        `XRBench-MAESTRO.cpp`: 15 per ms and 1500 mJ.
    """
    delay_ms = 1e3 * (response_s - deadline_s)
    with np.errstate(over="ignore"):
        real_time = 1 / (1 + np.exp(STEEPNESS_PER_MS * delay_ms))
    return float(real_time.mean() * (MAX_ENERGY_J - energy_J) / MAX_ENERGY_J)
