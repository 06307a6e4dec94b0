"""Answers keep the metrics of 64 designs, by which another model is noticed."""

import numpy as np
import pytest

from imcmoo.exact import answer as exact
from imcmoo.exact import behaviour
from imcmoo.exact.check import Refused
from imcmoo.problem.identity import ENUMERATION_VERSION, difference, identity
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.certify_study import SolverOptions, certify_study
from imcmoo.study.check_certificate import Checker
from problems import SRAM_EXTENDED, STUDIES
from tests.exact.brute_force import CASES, exact_of
from tests.exact.certified_spaces import feasible_values, part_of, study_on
from tests.fakes import FakeEvaluator

OPTIONS = {"study": "few"}


MUTATIONS = [
    ("reference", "counts.WORD_BITS", 7),
    ("reference", "counts.GLB_WORD_BITS", 1024),
    ("reference", "counts.LINK_BITS", 64),
    ("reference", "prices.INPUT_PULSES", 254),
    ("reference", "prices.PRICE_DIGITS", 5),
    ("physical", "chip.GLB_BITS", 1024),
    ("physical", "chip.ROUTER_BITS", 64),
]


def problem_of(model):
    if model == "reference":
        return CASES["rram"].problem()
    return STUDIES["four_workload_sram_physical"].problem()


@pytest.mark.parametrize("model", ["reference", "physical"])
def test_64_designs_run_all_networks_and_are_the_same_each_time(model):
    problem = problem_of(model)
    levels = behaviour.sampled_designs(problem)
    assert len(np.unique(problem.space.rank(levels))) == behaviour.DESIGNS == 64
    assert problem.model.evaluate(levels).runs.all()
    np.testing.assert_array_equal(levels, behaviour.sampled_designs(problem_of(model)))
    stored = behaviour.behaviour(problem, levels)
    assert behaviour.changed(problem_of(model), stored) == ""


@pytest.mark.parametrize(("model", "constant", "value"), MUTATIONS)
def test_a_changed_constant_of_a_model_is_noticed(monkeypatch, model, constant, value):
    problem = problem_of(model)
    stored = behaviour.behaviour(problem, behaviour.sampled_designs(problem))
    mark = behaviour.behaviour_mark(problem)
    monkeypatch.setattr(f"imcmoo.model.{model}.{constant}", value)
    assert "other numbers of the cost model" in behaviour.changed(problem_of(model), stored)
    assert behaviour.behaviour_mark(problem_of(model)) != mark
    assert difference(identity(problem), identity(problem_of(model))) == ""


def saved(folder):
    problem = CASES["rram"].problem()
    exact.save(exact_of("rram"), folder, problem, identity(problem), OPTIONS)


def load(folder):
    problem = CASES["rram"].problem()
    return exact.load(folder, problem, identity(problem))


def test_an_exact_answer_of_a_changed_model_is_refused(monkeypatch, tmp_path):
    saved(tmp_path)
    assert load(tmp_path).n_feasible
    monkeypatch.setattr("imcmoo.model.reference.counts.WORD_BITS", 7)
    with pytest.raises(exact.OtherProblem, match=r"is of other numbers of the cost model \(energy"):
        load(tmp_path)


def test_an_exact_answer_of_changed_scores_is_refused(monkeypatch, tmp_path):
    saved(tmp_path)
    monkeypatch.setattr("imcmoo.problem.scores.MM2_PER_M2", 1e5)
    with pytest.raises(exact.OtherProblem, match="is of another optimum by edap_max"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("imcmoo.model.reference.MODEL_VERSION", "reference 1, this is 9"),
        ("imcmoo.problem.identity.ENUMERATION_VERSION", f"enumeration {ENUMERATION_VERSION}, "),
    ],
)
def test_a_raised_version_voids_answers(monkeypatch, tmp_path, version, said):
    saved(tmp_path)
    monkeypatch.setattr("imcmoo.model.physical.MODEL_VERSION", 9)  # another model's
    assert load(tmp_path).n_feasible
    monkeypatch.setattr(version, 9)
    with pytest.raises(exact.OtherProblem, match=f"cost model or scores: {said}"):
        load(tmp_path)


def test_certificates_of_a_changed_model_are_refused_and_proven_again(monkeypatch):
    rng = np.random.default_rng(8)
    study = study_on(part_of(SRAM_EXTENDED, rng, 300, feasible_values("sram", rng, 1)[0]))
    (proven,) = certify_study(study, "edap_max", SolverOptions())
    assert len(proven.behaviour["ranks"]) > 1
    monkeypatch.setattr("imcmoo.model.physical.chip.GLB_BITS", 1024)
    with pytest.raises(Refused, match="is of other numbers of the cost model"):
        Checker(study).claim(proven)
    heard = []
    (again,) = certify_study(study, "edap_max", SolverOptions(known=[proven]), report=heard.append)
    assert again is not proven
    (line,) = heard
    assert line.startswith("edap_max: the certificate here is of other numbers of the cost model")


def test_a_users_model_is_not_evaluated():
    class Users(FakeEvaluator):
        def evaluate(self, levels):
            raise AssertionError

    problem = AcceleratorProblem(Users(STUDIES["four_workload_rram"].space))
    assert not len(behaviour.sampled_designs(problem))
    assert behaviour.behaviour(problem, behaviour.sampled_designs(problem)) == {}
    assert behaviour.changed(problem, {}) == ""
