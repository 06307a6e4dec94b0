"""Identity of stored answers of a problem: data, settings, versions, and a user's code.

Our own code is represented by versions that a person raises, so that an edited comment voids no
answer; exact answers and certificates also carry values of the model (`imcmoo.exact.behaviour`). A
user's code is represented by digests of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from imcmoo.io.own_code import module_of, own_code
from imcmoo.model import registry
from imcmoo.problem.problem import AcceleratorProblem

ENUMERATION_VERSION = 1
"""Raise by one with every intended change of scores, criteria, feasibility, enumeration or branch
and bound that changes a number in an exact answer, certificate or run: stored ones are void from
then on."""

PARTS = {
    "data": "other data (component table, networks or precision)",
    "space": "another space",
    "question": "another question (objectives, limits, criteria or weights)",
    "versions": "another version of cost model or scores",
    "own code": "other code of your own",
}
"""What an identity consists of, and what differs where a part differs."""

OLDER = "an older version of imcmoo"


def identity(problem: AcceleratorProblem) -> dict[str, Any]:
    """All that answers of a problem depend on, by the names of `PARTS`; JSON values."""
    model = problem.model
    scores = [module_of(c.score) for c in problem.criteria]
    return {
        "data": _sha256(problem.own_data, _data_of(model)),
        "space": _sha256(problem.space),
        "question": _question(problem),
        "versions": {
            **registry.versions(registry.shipped_name(model)),
            "enumeration": ENUMERATION_VERSION,
        },
        "own code": own_code({*problem.own_modules, type(model).__module__, *scores}),
    }


def fingerprint(problem: AcceleratorProblem) -> str:
    """SHA-256 (hex) of the identity of a problem."""
    return hashlib.sha256(json.dumps(identity(problem)).encode()).hexdigest()


def difference(stored: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    """Name the difference between a stored identity and that of the problem; else an empty text."""
    for part, sentence in PARTS.items():
        if part not in stored:
            return OLDER
        before, now = stored[part], current[part]
        if before != now:
            names = differing_keys(before, now)
            if part == "versions":
                names = [f"{name} {before.get(name)}, this is {now.get(name)}" for name in names]
            return f"{sentence}{': ' if names else ''}{', '.join(names)}"
    return ""


def differing_keys(stored: Any, current: Any) -> list[str]:
    """The keys by which two tables differ, in order; none where one is no table."""
    if not (isinstance(stored, Mapping) and isinstance(current, Mapping)):
        return []
    return sorted(k for k in {**stored, **current} if stored.get(k) != current.get(k))


def _question(problem: AcceleratorProblem) -> str:
    """SHA-256 (hex) of objectives, networks, area limit, cost, criteria, weights and limits."""
    criteria = [
        (
            c.name_of_score(joint=False),
            repr(c.score) if is_dataclass(c.score) else "",
            _data_of(c.score),
        )
        for c in problem.criteria
    ]
    return _sha256(
        problem.workload_names,
        problem.objective_names,
        problem.area_limit_m2,
        sorted((problem.cost_per_cm2 or {}).items()),
        criteria,
        problem.weights.tolist(),
        problem.limits.rows,
    )


def _data_of(thing: Any) -> str:
    """The `data_digest` of a cost model or of a user's score; empty if it has none."""
    return getattr(thing, "data_digest", "")


def _sha256(*stated: Any) -> str:
    return hashlib.sha256(repr(stated).encode()).hexdigest()
