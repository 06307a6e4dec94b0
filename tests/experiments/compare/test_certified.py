"""Judging by certificates where nothing can be enumerated: the same judgement, and refusals."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.compare import __main__ as compare
from experiments.compare.algorithms import random_search
from experiments.compare.cli_rules import find_certified
from experiments.compare.comparison import Rules, search_all, tables
from experiments.publish import as_text
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret, Regret
from imcmoo.io.errors import InputError
from imcmoo.search.sampling import draw_feasible
from imcmoo.solve.certify import certify
from tests.exact.certified_spaces import parts

LARGE = "four_workload_sram_extended"


@pytest.fixture(scope="module")
def study():
    (study,) = parts("rram", 5, 1, 3_000)
    return study.replace(name="part")


@pytest.fixture(scope="module")
def proven(study):
    return list(certify(study, "all"))


@pytest.fixture
def results(proven, tmp_path):
    """Results with the certificates of the study."""
    for certificate in proven:
        certificate.save(tmp_path / "certified" / "part" / certificate.criterion)
    return tmp_path


@pytest.mark.slow
def test_certificates_judge_as_enumeration_does(study, results):
    problem = study.problem()
    answer = Enumeration(problem).answer()
    exact = ExactRegret(problem, answer)
    certified = Regret(problem, find_certified(study, results))
    F, _ = problem.evaluate(draw_feasible(problem, 50, np.random.default_rng(0)))
    mine, theirs = certified.regrets(F), exact.regrets(F)
    assert set(mine) == set(theirs)
    for name, values in mine.items():
        np.testing.assert_allclose(values, theirs[name], rtol=1e-9, atol=1e-12)
    assert certified.front is None
    assert exact.front is answer.front


def changed(results, criterion, **fields):
    """One certificate that says something else, with a checksum that fits."""
    folder = results / "certified" / "part" / criterion
    replace(Certificate.load(folder), **fields).save(folder)


def test_a_certificate_that_leaves_a_gap_is_refused(study, results):
    value = Certificate.load(results / "certified" / "part" / "edap_max").value
    changed(results, "edap_max", bound=value / 2, gap=1.0, ties="")
    with pytest.raises(InputError, match=r"leaves a gap of 1: run .*certify part .* again"):
        find_certified(study, results)


def test_a_certificate_of_another_problem_is_refused(study, results):
    stamp = Certificate.load(results / "certified" / "part" / "ela_max").stamp
    changed(results, "ela_max", stamp={**stamp, "data": "other"})
    with pytest.raises(InputError, match=r"of other data .*: run .* again"):
        find_certified(study, results)
    with pytest.raises(InputError, match="other settings"):
        find_certified(study.replace(area_limit_mm2=1000), results)


def test_a_missing_certificate_is_named(study, results):
    (results / "certified" / "part" / "edap_mean" / "certificate.json").unlink()
    with pytest.raises(InputError, match="optimum by edap_mean is not certified: run"):
        find_certified(study, results)


def test_a_large_study_without_certificates_says_how_to_get_them(tmp_path, capsys):
    command = [LARGE, "--methods", "ours;random", "--out", str(tmp_path)]
    assert compare.main(command) == 2
    output = capsys.readouterr().err
    assert f"run `imcmoo certify {LARGE} --criterion all --out" in output
    assert not list(tmp_path.iterdir())


def test_a_search_is_judged_by_certificates_as_by_enumeration_but_for_the_front(study, results):
    problem = study.problem()
    judge = Regret(problem, find_certified(study, results))
    rules = Rules(study, lambda _: judge, (30, 60), 60, {"random": random_search}, frozenset())
    result = search_all(rules, judge, seed=1)
    runs = result["runs"]
    assert set(runs["budget"]) == {30, 60}
    assert (runs["value"] >= 0).all()
    assert "igd_plus" not in set(runs["indicator"])
    assert "igd_plus" in set(tables([as_text(result)])["runs"]["indicator"])
