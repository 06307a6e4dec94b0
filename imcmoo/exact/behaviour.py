"""Values of a shipped cost model for some designs, stored with answers and evaluated again later.

They reveal a model that was changed without raising its version. A user's model is not evaluated;
digests of its code are compared instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.exact.enumerated_scores import relative_scores, scores, single_network_edap
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.stamp import OLDER
from imcmoo.model.metrics import Metrics
from imcmoo.model.registry import shipped_name
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.problem.identity import RTOL, other_numbers, problem_stamp
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.sampling import draw_screened
from imcmoo.space.design_space import Levels

DESIGNS = 64

ROUNDS = 8
"""Largest number of random draws of designs; there may be none on which all networks run."""


def sampled_designs(problem: AcceleratorProblem) -> Levels:
    """Random designs on which all networks run; the digest of the problem's stamp is the seed.

    Returns:
        Shape (n, n_parameters), n at most 64; fewer if such designs are rare, none for a user's
        model.
    """
    samples = [np.empty((0, len(problem.space.shape)), dtype=np.int64)]
    if shipped_name(problem.model) is None:
        return samples[0]
    rng = np.random.default_rng(int(problem_stamp(problem).digest(), 16))
    seen: set[int] = set()
    for _ in range(ROUNDS):
        drawn = draw_screened(problem, DESIGNS, rng, seen=seen)
        if not len(drawn):
            break
        seen.update(problem.space.rank(drawn).tolist())
        samples.append(drawn[problem.model.evaluate(drawn).runs.all(axis=1)])
        if sum(map(len, samples)) >= DESIGNS:
            break
    return np.concatenate(samples)[:DESIGNS]


def behaviour(problem: AcceleratorProblem, levels: Levels) -> dict[str, Any]:
    """Values of the model of a problem, as JSON values.

    Args:
        levels: designs, shape (n, n_parameters).

    Returns:
        `ranks` of the designs and `values` by quantity, SI units, None where a network does not
        run; empty for a user's model.
    """
    if shipped_name(problem.model) is None:
        return {}
    current = _values(problem, problem.model.evaluate(levels))
    # NaN is no JSON.
    values = {n: np.where(np.isnan(v), np.array(None), v).tolist() for n, v in current.items()}
    return {"ranks": problem.space.rank(levels).tolist(), "values": values}


def behaviour_mark(problem: AcceleratorProblem) -> str:
    """SHA-256 (hex) of stamp and behaviour, to nine digits: for parts of unfinished work.

    A user's model is not evaluated; the stamp holds the digest of its code.
    """
    stamp = problem_stamp(problem).digest()
    if shipped_name(problem.model) is None:
        return hashlib.sha256(stamp.encode()).hexdigest()
    current = _values(problem, problem.model.evaluate(sampled_designs(problem)))
    shown = {name: [f"{v:.8e}" for v in values.ravel()] for name, values in current.items()}
    return hashlib.sha256(f"{stamp} {shown}".encode()).hexdigest()


def changed(
    problem: AcceleratorProblem, stored: Mapping[str, Any], answer: ExactAnswer | None = None
) -> str:
    """Name the difference if the model gives other values; else an empty text.

    Args:
        stored: behaviour stored with the answer.
        answer: exact answer; the first design of each optimum is also scored again.
    """
    if shipped_name(problem.model) is None:
        return ""
    try:
        ranks = np.array(stored["ranks"], dtype=np.int64)
        before = {name: np.array(v, dtype=float) for name, v in stored["values"].items()}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return OLDER
    if ranks.ndim != 1 or not ((ranks >= 0) & (ranks < problem.space.size)).all():
        return OLDER
    best = [optimum.ranks[0] for optimum in answer.optima.values()] if answer else []
    levels = problem.space.unrank(np.concatenate([ranks, np.array(best, dtype=np.int64)]))
    metrics = problem.model.evaluate(levels)
    n = len(ranks)
    differs = other_numbers(before, _values(problem, metrics.take(np.arange(n))))
    if differs or answer is None:
        return differs
    return _changed_optimum(problem, answer, levels[n:], metrics.take(np.arange(n, len(levels))))


def _changed_optimum(
    problem: AcceleratorProblem, answer: ExactAnswer, levels: Levels, metrics: Metrics
) -> str:
    """Name the difference if optima of an exact answer score differently; else an empty text."""
    values = {name: optimum.value for name, optimum in answer.optima.items()}
    F, _ = problem.score(levels, metrics)
    costs = problem.costs(F)
    by_name = scores(problem, costs)
    counted_from_1: dict[str, Floats] = {}
    if problem.has_edap:
        names = problem.workload_names
        models = problem.model.single_network_models()
        single_edap = single_network_edap(
            problem.edap, models, [m.evaluate(levels) for m in models]
        )
        by_name |= {f"{SINGLE_NETWORK}{name}": single_edap[:, w] for w, name in enumerate(names)}
        joint, single = ([values[kind + n] for n in names] for kind in ("edap_", SINGLE_NETWORK))
        counted_from_1 = relative_scores(problem, costs, joint, single)
        by_name |= counted_from_1
    if (tolerance := problem.tolerance) is not None:
        by_name[tolerance.name] = by_name[tolerance.second_name]
    for row, (name, value) in enumerate(values.items()):
        now = float(by_name[name][row]) if name in by_name else np.nan
        if not abs(now - value) <= RTOL * max(abs(value), float(name in counted_from_1)):
            return f"another optimum by {name} ({value!r}, here {now!r})"
    return ""


def _values(problem: AcceleratorProblem, metrics: Metrics) -> dict[str, Floats]:
    return {q.name: metrics.values[q.name] for q in problem.model.quantities}
