"""The check does without the solver's bounds: what these get wrong, it refuses."""

import numpy as np
import pytest

from imcmoo.exact import branches
from imcmoo.exact.by_body import PartialsByBody
from imcmoo.exact.check import Claim, Refused, check_bounds
from imcmoo.exact.goal import goals
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.boxes.boxes import Boxes
from imcmoo.model.physical.least_numbers import LeastNumbers
from imcmoo.model.physical.optimistic import PhysicalPartials
from imcmoo.study.certify_study import Effort, certify_study
from imcmoo.study.check_certificate import Checker
from problems.physical_extended import RRAM_EXTENDED, SRAM_EXTENDED, SRAM_TECHNOLOGY_EXTENDED
from tests.exact.certified_spaces import enumerated, feasible_values, part_of, study_on
from tests.exact.test_enumeration import CASES, exact_of

SPACES = {"rram": RRAM_EXTENDED, "sram": SRAM_EXTENDED, "nodes": SRAM_TECHNOLOGY_EXTENDED}


def parts(name, n, at_most):
    """Studies on parts of a space, in each a feasible design."""
    rng = np.random.default_rng(5)
    device = "rram" if name == "rram" else "sram"
    for around in feasible_values(device, rng, n):
        yield study_on(part_of(SPACES[name], rng, at_most, around | {"technology_nm": 22}))


def agrees(study):
    """The optima of enumeration are accepted as bounds, the least above them is refused."""
    problem = study.problem()
    partials, anew = branches.partials_to_check(problem)
    assert anew
    assert isinstance(partials, Boxes)
    optima, known = enumerated(problem), goals(problem)
    claims = [Claim(goal, optima[name].value) for name, goal in known.items()]
    assert check_bounds(problem, partials, claims).all == study.space.size
    for claim in claims:
        above = Claim(claim.goal, claim.bound * (1 + 1e-6))
        with pytest.raises(Refused, match="below the bound"):
            check_bounds(problem, partials, [above])


@pytest.mark.parametrize("name", SPACES)
def test_optima_are_accepted_and_all_above_is_refused(name):
    for study in parts(name, 1, 3000):
        agrees(study)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_optima_are_accepted_and_all_above_is_refused_on_many_parts(name):
    for study in parts(name, 15, 60_000):
        agrees(study)


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(4)
    around = feasible_values("sram", rng, 1)[0]
    return study_on(part_of(SRAM_EXTENDED, rng, 20_000, around, at_least=3000))


@pytest.fixture(scope="module")
def second_best(study):
    """A design and what it scores, and what the best scores."""
    problem = study.problem()
    levels = study.space.grid(study.space.names)
    F, G = problem.score(levels, problem.model.evaluate(levels))
    runs = (G <= 0).all(axis=1)
    scores = goals(problem)["edap_geomean"].score(problem.costs(F[runs]))
    best = scores.min()
    worse = np.where(scores > best, scores, np.inf).argmin()
    return levels[runs][[worse]], scores[worse], best


def dearer(found):
    """Bounds that are twice too high."""
    if found is None:
        return None
    high = {name: 2 * found.values[name] for name in ("energy", "edp")}
    return Metrics({**found.values, **high}, {})


def wrong_glances(monkeypatch, rng):
    true = PhysicalPartials.glance
    monkeypatch.setattr(PhysicalPartials, "glance", lambda *args: dearer(true(*args)))


def wrong_bounds(monkeypatch, rng):
    true = PhysicalPartials.bound
    monkeypatch.setattr(PhysicalPartials, "bound", lambda *args: dearer(true(*args)))


def wrong_numbers(monkeypatch, rng):
    """A few numbers of chips are a fifth too high."""
    high = ("price_conversion", "price_cell_low", "price_dram", "convert_s")
    for method in ("of", "over"):
        true = getattr(LeastNumbers, method)

        def found(self, partial, true=true):
            numbers = true(self, partial)
            return {name: v * (1.2 if name in high else 1) for name, v in numbers.items()}

        monkeypatch.setattr(LeastNumbers, method, found)


def wrong_options(monkeypatch, rng):
    """Half of what may be chosen is forgotten, and so counted as infeasible."""
    true = PhysicalPartials.options

    def options(self, partial, stage, only=None):
        children, parents = true(self, partial, stage, only)
        some = rng.integers(0, 2, len(children)) > 0
        return children[some], parents[some]

    monkeypatch.setattr(PhysicalPartials, "options", options)


def wrong_screen(monkeypatch, rng):
    """Half of the chips are taken to be too large."""
    true = PhysicalPartials.screen

    def screen(self, partial):
        found = true(self, partial)
        large = 1 + 1e6 * rng.integers(0, 2, len(partial))
        return Metrics({"area": found.area_m2 * large}, found.resources)

    monkeypatch.setattr(PhysicalPartials, "screen", screen)


@pytest.mark.parametrize(
    "break_it",
    [
        wrong_glances,
        wrong_options,
        *(pytest.param(f, marks=pytest.mark.slow) for f in (wrong_bounds, wrong_numbers)),
        pytest.param(wrong_screen, marks=pytest.mark.slow),
    ],
)
def test_what_a_broken_solver_certifies_is_refused(study, second_best, monkeypatch, break_it):
    """Begun with the second best, it loses the best: so it says that there is nothing better."""
    start, value, best = second_best
    with monkeypatch.context() as broken:
        # Dives find what is good whatever the bounds say.
        for name in ("_dive", "_descend"):
            where = "imcmoo.exact.branch_and_bound.BranchAndBound"
            broken.setattr(f"{where}.{name}", lambda self: None)
        break_it(broken, np.random.default_rng(1))
        wrong = next(certify_study(study, "edap_geomean", Effort(start=start)))
    assert wrong.value == wrong.bound == value > best
    checker = Checker(study)
    checker.claim(wrong)
    with pytest.raises(Refused, match="below the bound"):
        checker.prove()
    assert checker.anew


def test_a_model_that_bounds_only_once_is_checked_with_these_bounds(study, monkeypatch):
    monkeypatch.setattr(branches, "BoundsAnew", type("NoModel", (), {}))
    checker = Checker(study)
    checker.claim(next(certify_study(study, "edap_max", Effort())))
    assert [counts.all for counts in checker.prove()] == [study.space.size]
    assert not checker.anew


def test_so_is_one_that_cannot_bound_its_space_anew(study, monkeypatch):
    def refuse(self, area_limit_m2):
        raise NoBounds("not this space")

    monkeypatch.setattr("imcmoo.model.physical.evaluator.PhysicalEvaluator.boxes", refuse)
    partials, anew = branches.partials_to_check(study.problem())
    assert isinstance(partials, PhysicalPartials)
    assert not anew


def test_of_the_reference_all_designs_are_evaluated():
    """Its bounds of bodies are not asked for."""
    problem, optima = CASES["rram"].problem(), exact_of("rram").optima
    partials, anew = branches.partials_to_check(problem)
    assert anew
    assert isinstance(partials, PartialsByBody)
    claims = [Claim(goal, optima[name].value) for name, goal in goals(problem).items()]
    counts = check_bounds(problem, partials, claims)
    assert counts.all == problem.space.size
    assert counts.excluded == 0
