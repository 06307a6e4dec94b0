"""Bounds that are too high are refused before certificates are verified with them."""

from functools import partial

import numpy as np
import pytest

from imcmoo.exact import node_expander
from imcmoo.exact.bounded_criteria import bounded_criteria
from imcmoo.exact.check import Claim, Refused, check_bounds, validate_bounds
from imcmoo.exact.node_expander import EnumerationTree
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.bounds.bounded_tree import BoundedTree
from imcmoo.model.physical.bounds.chip_bounds import ComponentMinima
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import SPACES, enumerated, parts


def agrees(study):
    """The optima of enumeration are accepted as bounds, the least above them is refused."""
    problem = study.problem()
    partials = node_expander.search_tree(problem)
    assert isinstance(partials, BoundedTree)
    optima, known = enumerated(problem), bounded_criteria(problem)
    claims = [Claim(goal, optima[name].value) for name, goal in known.items()]
    assert check_bounds(problem, partials, claims).all == study.space.size
    for claim in claims:
        above = Claim(claim.goal, claim.bound * (1 + 1e-6))
        with pytest.raises(Refused, match="below the bound"):
            check_bounds(problem, partials, [above])


@pytest.mark.parametrize(
    ("n", "at_most"), [(1, 1500), pytest.param(15, 60_000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", SPACES)
def test_optima_are_accepted_and_all_above_is_refused(name, n, at_most):
    for study in parts(name, 5, n, at_most):
        agrees(study)


@pytest.fixture(scope="module")
def study():
    return next(parts("sram", 4, 1, 20_000, at_least=3000))


def raised(metrics, names=("energy", "edp"), factor=2):
    """Bounds that are higher by a factor."""
    if metrics is None:
        return None
    high = {name: factor * metrics.values[name] for name in names}
    return Metrics({**metrics.values, **high}, {})


CHANCE = np.random.default_rng(1)


def few_minima_a_fifth_too_high(minima):
    high = ("conversion", "cell_low", "dram", "convert_s")
    return {name: v * (1.2 if name in high else 1) for name, v in minima.items()}


def half_of_the_children(children):
    """The others are forgotten, and so counted as infeasible."""
    kept = CHANCE.integers(0, 2, len(children[0])) > 0
    return tuple(part[kept] for part in children)


def some_areas_too_large(metrics):
    large = 1 + 1e6 * CHANCE.integers(0, 2, len(metrics.area_m2))
    return Metrics({"area": metrics.area_m2 * large}, metrics.resources)


@pytest.mark.parametrize(
    ("of", "name", "wrong", "message"),
    [
        (BoundedTree, "relaxed_bound", raised, "relaxed bound of energy at stage"),
        (BoundedTree, "bound", raised, "bound of energy at stage"),
        (
            BoundedTree,
            "bound",
            partial(raised, names=("area",), factor=1.01),
            "bound of area at stage",
        ),
        (ComponentMinima, "minima", few_minima_a_fifth_too_high, "bound of .* at stage"),
        (BoundedTree, "children", half_of_the_children, "lacks a feasible design"),
        (BoundedTree, "screen", some_areas_too_large, "screen at stage"),
    ],
)
def test_a_wrong_bound_is_refused(monkeypatch, study, of, name, wrong, message):
    problem = study.problem()
    partials = node_expander.search_tree(problem)
    true = getattr(of, name)
    monkeypatch.setattr(of, name, lambda *args, **options: wrong(true(*args, **options)))
    with pytest.raises(Refused, match=message):
        validate_bounds(problem, partials, [])


def test_certified_optima_and_their_feasible_neighbours_are_validated(study, monkeypatch):
    monkeypatch.setattr("imcmoo.exact.check.RANDOM_DESIGNS", 0)
    certificate = next(certify(study, "edap_max"))
    checker = Checker(study)
    checker.claim(certificate)
    problem = study.problem()
    best = study.space.levels_of(certificate.design)
    near = study.space.neighbours(best[0])
    feasible = (problem.feasibility.violation(near) <= 0).sum()
    assert checker.validate() == 1 + feasible
    true = BoundedTree.bound
    monkeypatch.setattr(BoundedTree, "bound", lambda *args: raised(true(*args)))
    with pytest.raises(Refused, match="bound of energy"):
        checker.validate()


def test_a_space_that_cannot_be_bounded_is_evaluated_in_full_if_it_is_small(study, monkeypatch):
    def refuse(self, area_limit_m2):
        raise NoBounds("not this space")

    monkeypatch.setattr(PhysicalEvaluator, "partials", refuse)
    problem = study.problem()
    partials = node_expander.search_tree(problem)
    assert isinstance(partials, EnumerationTree)
    assert validate_bounds(problem, partials, []) == 0
    monkeypatch.setattr(node_expander, "MAX_EVALUATED", 10)
    with pytest.raises(node_expander.NotProvable, match=r"not this space, and .* designs are more"):
        node_expander.search_tree(problem)


def test_of_the_reference_all_designs_are_evaluated():
    problem, optima = CASES["rram"].problem(), exact_of("rram").optima
    partials = node_expander.search_tree(problem)
    assert isinstance(partials, EnumerationTree)
    claims = [Claim(goal, optima[name].value) for name, goal in bounded_criteria(problem).items()]
    counts = check_bounds(problem, partials, claims)
    assert counts.all == problem.space.size
    assert counts.excluded == 0
