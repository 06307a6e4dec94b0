"""Exact response times by fixed-point iteration: the yardstick of the closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.scenario.requests import Load


@dataclass(frozen=True, eq=False)
class TaskSet:
    """Requests, seconds of each and of the segments of each that nothing interrupts."""

    load: Load
    service: Floats
    segments: list[Floats]

    def with_slower(self, w: int, factor: float) -> TaskSet:
        factors = np.ones(len(self.service))
        factors[w] = factor
        segments = [f * s for f, s in zip(factors, self.segments, strict=True)]
        return replace(self, service=factors * self.service, segments=segments)

    def blocking(self, *, interruptible: bool) -> Floats:
        longest = np.array([s.max() for s in self.segments] if interruptible else self.service)
        rank = self.load.rank
        return np.array([longest[rank > own].max(initial=0.0) for own in rank])

    def busy_s(self, w: int, *, interruptible: bool = False) -> float:
        """Longest time without a break that the chip works for network w or more urgent ones."""
        block = float(self.blocking(interruptible=interruptible)[w])
        ours = self.load.rank <= self.load.rank[w]
        periods, service = self.load.period_s[ours], self.service[ours]
        return _fixed_point(
            lambda t: block + float((np.ceil(t / periods - 1e-9) * service).sum()),
            block + float(service.sum()),
        )


def exact_responses(tasks: TaskSet, *, interruptible: bool) -> Floats:
    """Largest response time of each network, shape (W,).

    Source: R. I. Davis et al., Controller Area Network schedulability analysis, Real-Time Systems
    35 (2007), for requests that run to their end; for others, preemptive analysis with blocking,
    an upper bound as the last segment of a request is not interrupted.
    """
    return np.array([_response(tasks, w, interruptible) for w in range(len(tasks.service))])


def _response(tasks: TaskSet, w: int, interruptible: bool) -> float:
    load, own = tasks.load, float(tasks.service[w])
    block = float(tasks.blocking(interruptible=interruptible)[w])
    above = load.rank < load.rank[w]
    periods, others = load.period_s[above], tasks.service[above]
    if (others / periods).sum() + own / load.period_s[w] > 1 - 1e-6:
        return 0.0  # busy for ever: no statement
    worst = 0.0
    for q in range(int(np.ceil(tasks.busy_s(w, interruptible=interruptible) / load.period_s[w]))):
        base = block + (q + interruptible) * own

        def step(t: float, base: float = base) -> float:
            before = np.ceil(t / periods) if interruptible else np.floor(t / periods) + 1
            return base + float((before * others).sum())

        done = _fixed_point(step, base + float(others.sum()))
        worst = max(worst, done + own * (not interruptible) - q * float(load.period_s[w]))
    return worst


def _fixed_point(step: Callable[[float], float], start: float) -> float:
    now, after = start, step(start)
    while after > now:
        now, after = after, step(after)
    return now


def worst_releases(
    load: Load, network: int, blocked_by: int | None, until_s: float
) -> list[Floats]:
    """Requests that delay one network most: all at once, just after a less urgent one has begun."""
    after = 1e-9 * float(load.period_s.min())
    releases = [np.empty(0)] * len(load.period_s)
    for w, period in enumerate(load.period_s.tolist()):
        if load.rank[w] <= load.rank[network]:
            releases[w] = np.arange(after, until_s, period)
        elif w == blocked_by:
            releases[w] = np.zeros(1)
    return releases
