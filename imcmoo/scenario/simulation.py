"""Simulation of one chip that serves the requests of several networks, and its score."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats, Ints
from imcmoo.scenario.requests import Load

STEEPNESS_PER_MS = 15.0
MOST_ENERGY_J = 1.5
"""Parameters of the score of XRBench."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Simulated work of a chip, in order of time; a piece is work without a break."""

    network: Ints  # index of the network of each piece, shape (n_pieces,)
    request: Ints  # number of its request among those of the network, shape (n_pieces,)
    start_s: Floats  # of each piece, shape (n_pieces,)
    end_s: Floats  # of each piece, shape (n_pieces,)
    response_s: list[Floats]  # from each request of a network to its end, by network


def simulate(releases_s: Sequence[Floats], segments_s: Sequence[Floats], load: Load) -> Timeline:
    """Serve requests, the most urgent first; a running one makes room between its segments.

    Args:
        releases_s: times of the requests of each network, ascending.
        segments_s: seconds of the segments of one request that nothing interrupts, by network:
            one segment for a request that runs to its end.
        load: tells the priorities.
    """
    requests = (
        (release, int(load.rank[w]), w, k)
        for w, releases in enumerate(releases_s)
        for k, release in enumerate(releases.tolist())
    )
    coming = sorted(requests, reverse=True)
    waiting: list[tuple[int, int, int, int]] = []  # priority, request, network, segments done
    pieces: list[list[float]] = []
    ends = [np.empty(len(releases)) for releases in releases_s]
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
            pieces.append([w, k, now, end])
        now = end
        if done + 1 < len(segments_s[w]):
            heapq.heappush(waiting, (rank, k, w, done + 1))
        else:
            ends[w][k] = end
    table = np.array(pieces).reshape(-1, 4)
    return Timeline(
        network=table[:, 0].astype(np.int64),
        request=table[:, 1].astype(np.int64),
        start_s=table[:, 2],
        end_s=table[:, 3],
        response_s=[end - release for end, release in zip(ends, releases_s, strict=True)],
    )


def simulate_apart(
    releases_s: Sequence[Floats], segments_s: Sequence[Floats], load: Load
) -> Timeline:
    """Serve the requests of each network on hardware of its own; arguments as `simulate`."""
    nothing = np.empty(0)
    parts = [
        simulate([r if w == at else nothing for w, r in enumerate(releases_s)], segments_s, load)
        for at in range(len(releases_s))
    ]
    return Timeline(
        network=np.concatenate([part.network for part in parts]),
        request=np.concatenate([part.request for part in parts]),
        start_s=np.concatenate([part.start_s for part in parts]),
        end_s=np.concatenate([part.end_s for part in parts]),
        response_s=[part.response_s[at] for at, part in enumerate(parts)],
    )


def xrbench_score(response_s: Floats, deadline_s: float, energy_J: float) -> float:
    """Score of XRBench, at most 1: mean of real-time term times energy term over requests none of
    which is dropped.

    Args:
        response_s: from each request to its end, shape (n,).
        deadline_s: from each request to its deadline.
        energy_J: of one request.

    Source: repository XRBench/XRBench-MLSys2023, `HET_scoring-module.hpp`, with the parameters of
    `XRBench-MAESTRO.cpp`: 15 per ms and 1500 mJ.
    """
    delay_ms = 1e3 * (response_s - deadline_s)
    with np.errstate(over="ignore"):
        real_time = 1 / (1 + np.exp(STEEPNESS_PER_MS * delay_ms))
    return float(real_time.mean() * (MOST_ENERGY_J - energy_J) / MOST_ENERGY_J)
