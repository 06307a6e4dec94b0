"""Check of the fields of a certificate: its counts, and the design it names."""

from __future__ import annotations

import numpy as np

from imcmoo.exact.bounded_criteria import BoundedCriterion
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused, feasible_costs
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.score_range import text


def check_certificate_fields(
    certificate: Certificate, problem: AcceleratorProblem, goal: BoundedCriterion
) -> None:
    """Check what needs no walk: counts, the design found, value, bound and gap.

    Raises:
        Refused: something is not so.
    """
    counts = [n for stage in certificate.stages.values() for n in stage.values()]
    counts.append(certificate.evaluated)
    if not all(type(n) is int and n >= 0 for n in counts) or type(certificate.designs) is not int:
        raise Refused("counts must be whole numbers")
    if certificate.designs != problem.space.size:
        raise Refused(f"the space has {problem.space.size:,} designs, not {certificate.designs:,}")
    if sum(counts) != certificate.designs:
        raise Refused(f"counts add up to {sum(counts):,} designs, not {certificate.designs:,}")
    if sorted(certificate.design) != sorted(problem.space.names):
        raise Refused("the incumbent has other parameters than the space")
    values = {name: np.array([value]) for name, value in certificate.design.items()}
    try:
        levels = problem.space.encode(values)
    except ValueError as error:
        raise Refused(f"the incumbent is no design of the space: {error}") from None
    costs = feasible_costs(problem, levels)
    if not len(costs):
        raise Refused("the incumbent is not feasible")
    score = float(goal.score(costs)[0])
    if score != certificate.value:
        raise Refused(f"the incumbent scores {text(score, '')}, not {text(certificate.value, '')}")
    if certificate.bound > certificate.value:
        raise Refused("the bound is above the value of a design")
    if goal.gap(certificate.value, certificate.bound) != certificate.gap:
        raise Refused("the gap is not that of value and bound")
