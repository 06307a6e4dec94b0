"""Identity of stored answers of a problem: their stamp, and numbers of the cost model.

Our own code is represented by versions that a person raises, so that an edited comment voids no
answer, and by stored numbers that are evaluated again. A user's code is represented by digests of
its files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.own_code import module_of, own_code
from imcmoo.io.stamp import OLDER, Stamp
from imcmoo.model import registry
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition

ENUMERATION_VERSION = 2
"""Raise by one with every intended change of scores, criteria, feasibility, enumeration or branch
and bound that changes a number in an exact answer, certificate or run: stored ones are void from
then on."""

RTOL = 1e-9
"""Relative difference up to which evaluated numbers are those that were stored."""


def problem_stamp(
    problem: AcceleratorProblem,
    *,
    versions: Mapping[str, Any] | None = None,
    modules: Iterable[str] = (),
    **more: Any,
) -> Stamp:
    """Stamp of stored answers of a problem.

    Args:
        problem: of the answers.
        versions: further versions that the answers depend on.
        modules: further modules that may be a user's.
        more: further parts by name, such as `settings`.
    """
    model = problem.model
    scores = [module_of(c.score) for c in problem.criteria]
    parts = {
        "data": _sha256(problem.own_data, _data_digest(model)),
        "space": _sha256(problem.space),
        "question": _question(problem),
        "versions": {
            **(versions or {}),
            **registry.versions(registry.shipped_name(model)),
            "enumeration": ENUMERATION_VERSION,
        },
        "own code": own_code({*problem.own_modules, type(model).__module__, *scores, *modules}),
    }
    return Stamp(parts | more)


def other_numbers(
    stored: Mapping[str, Floats],
    current: Mapping[str, Floats],
    *,
    rtol: float = RTOL,
    atol: float = 0.0,
) -> str:
    """Name the first number of the cost model that differs from the stored one.

    Args:
        stored: numbers or texts of some designs by name, arrays of any shape.
        current: numbers that the model gives for these designs; other names are not compared.
        rtol, atol: as of `numpy.isclose`.

    Returns:
        A noun phrase that fits behind "is of"; empty if there is no difference.
    """
    for name, now in current.items():
        then = stored.get(name, np.empty(0))
        if then.shape != now.shape:
            return OLDER
        is_text = now.dtype.kind == "U"
        same = now == then if is_text else np.isclose(now, then, rtol, atol, equal_nan=True)
        if not same.all():
            was, is_now = then[~same][0].item(), now[~same][0].item()
            return f"other numbers of the cost model ({name} {was!r}, here {is_now!r})"
    return ""


def _question(problem: AcceleratorProblem) -> str:
    """SHA-256 (hex) of objectives, networks, area limit, cost, criteria, weights, limits, EDAP."""
    criteria = [
        (
            c.score_name(joint=False),
            repr(c.score) if is_dataclass(c.score) else "",
            _data_digest(c.score),
        )
        for c in problem.criteria
    ]
    # Stored answers are older than other definitions of EDAP.
    definition = [] if problem.edap == EdapDefinition() else [problem.edap]
    return _sha256(
        problem.workload_names,
        problem.objective_names,
        problem.area_limit_m2,
        sorted((problem.cost_per_cm2 or {}).items()),
        criteria,
        problem.weights.tolist(),
        problem.limits.rows,
        *definition,
    )


def _data_digest(thing: Any) -> str:
    """The `data_digest` of a cost model or of a user's score; empty if it has none."""
    return getattr(thing, "data_digest", "")


def _sha256(*stated: Any) -> str:
    return hashlib.sha256(repr(stated).encode()).hexdigest()
