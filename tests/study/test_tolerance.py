"""Among nearly best designs by the first criterion, the best by the second."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo import Study
from imcmoo.answers.certificates import certificates
from imcmoo.answers.outcome import Outcome
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused
from imcmoo.io.errors import InputError
from imcmoo.report.answer_card import card_of_certificate
from imcmoo.solve import certify as certify_module
from imcmoo.solve.check_certificate import Checker
from imcmoo.solve.searches import run_searches, search_models

SPACE = {
    "voltage_V": [0.7, 0.8, 0.9, 1.0],
    "rows": [64, 128, 256],
    "cols": [64, 128, 256],
    "active_rows": 64,
    "input_slice_bits": [1, 2],
    "columns_per_adc": [2, 4, 8],
    "tree_stages": [1, 2],
    "ping_pong": [0, 1],
    "tiles_per_group": [2, 4],
    "router_groups": [8, 16],
    "glb_KiB": [256, 1024],
    "dram": ["x64", "hbm2"],
    "buffer_words": 1,
}


def random_study(seed, **changes):
    """A study of a random small space."""
    rng = np.random.default_rng(seed)
    several = {k for k in SPACE if isinstance(SPACE[k], list)}
    kept = set(rng.choice(sorted(several), size=4, replace=False))
    space = {
        k: v if k in kept or k not in several else v[rng.integers(len(v))] for k, v in SPACE.items()
    }
    keys = {
        "name": "nearly",
        "model": "physical",
        "device": "dimc",
        "space": space,
        "networks": ["mobilenet_v3_onnx"],
        "criterion": "area",
        "tolerance": 0.05,
        "second_criterion": "edap_max",
        "baselines": False,
    }
    return Study(**{**keys, **changes})


def brute_force(study):
    """Smallest score by the second criterion within the tolerance of the smallest by the first."""
    problem = study.problem()
    levels, metrics = problem.feasible(problem.space.unrank(np.arange(problem.space.size)))
    F, _ = problem.score(levels, metrics)
    costs = problem.costs(F)
    best = costs.edap.min(axis=0)
    first, second = (
        c.scores(costs, best) for c in (study.nearly_best.first, study.nearly_best.second)
    )
    zero = study.nearly_best.first.zero
    within = (first + zero) / (first.min() + zero) <= 1 + study.tolerance
    return second[within].min(), second[first.argmin()]


@pytest.mark.parametrize(
    ("keys", "seed"),
    [
        ({}, 0),
        ({}, 1),
        ({"criterion": "edap_max", "second_criterion": "area"}, 0),
        ({"criterion": "regret_minimax", "second_criterion": "area"}, 1),
    ],
)
def test_enumeration_and_proof_agree_with_brute_force(keys, seed, tmp_path):
    study = random_study(seed, **keys)
    least, _ = brute_force(study)
    answer = study.enumerate(out=tmp_path).answer
    assert answer.optima[study.answer_name].value == pytest.approx(least, rel=1e-12)
    certificates = study.certify(out=tmp_path)
    assert certificates[study.answer_name].value == pytest.approx(least, rel=1e-12)
    assert certificates[study.answer_name].gap == 0


@pytest.fixture(scope="module")
def proven(tmp_path_factory):
    """A study, and its certificates by file."""
    study, folder = random_study(0), tmp_path_factory.mktemp("proven")
    study.certify(out=folder)
    return study, certificates(folder / "certified" / "nearly")


def test_the_proof_within_the_tolerance_is_verified_and_a_better_claim_refused(proven):
    study, stored = proven
    for shift in (1.0, 1.5):
        checker = Checker(study)
        for certificate in stored.values():
            within = certificate.criterion == study.answer_name
            value = certificate.value * (shift if within else 1.0)
            claim = replace(certificate, value=value, bound=value)
            if shift > 1 and within:
                with pytest.raises(Refused, match="the incumbent scores"):
                    checker.claim(claim)
                return
            checker.claim(claim)
        checker.validate()
        checker.prove()


def test_a_gap_of_the_first_proof_is_on_the_card(proven):
    study, stored = proven
    (within,) = (c for c in stored.values() if c.criterion == study.answer_name)
    assert within.within["gap"] == 0
    stated = "proven: none of the 16 designs of the space is better, within the tolerance"
    assert dict(card_of_certificate(study, within).rows)["proof"] == stated
    open_first = replace(within, within={**within.within, "gap": 0.05})
    assert dict(card_of_certificate(study, open_first).rows)["proof"] == (
        f"{stated} of the best area found, which is at most 5.000% above the best there is"
    )


def test_another_reference_than_the_certificate_beside_it_is_refused(proven):
    study, stored = proven
    checker = Checker(study)
    first, within = stored.values()
    checker.claim(first)
    claim = replace(within, within={**within.within, "bound": 0.5 * first.bound})
    with pytest.raises(Refused, match="does not rest on the certificate of area"):
        checker.claim(claim)


def test_both_proofs_together_take_the_time_limit(tmp_path, monkeypatch):
    limits, prove = [], certify_module.Prover.prove

    def recorded(prover, part, optima):
        limits.append({name: prover.limit_s(name) for name in part.names})
        for certificate in prove(prover, part, optima):
            yield replace(certificate, seconds=0.25 * 3600)

    monkeypatch.setattr(certify_module.Prover, "prove", recorded)
    random_study(0).certify(out=tmp_path, time_limit_s=3600)
    assert limits == [{"area": 1800}, {"edap_max_within_tolerance": 2700}]
    limits.clear()
    random_study(0).certify("all", out=tmp_path / "all", time_limit_s=3600)
    first, second, *others = limits
    assert (first.pop("area"), second) == (1800, {"edap_max_within_tolerance": 2700})
    assert {limit for each in (first, *others) for limit in each.values()} == {3600}


@pytest.mark.parametrize(
    ("within", "fault"),
    [
        ({"gap": 0.0}, "within has gap, needs criterion, value, bound, gap"),
        ({"criterion": 1, "value": 1.0, "bound": 1.0, "gap": 0.0}, "criterion of within is 1"),
        ({"criterion": "area", "value": 1.0, "bound": "1", "gap": 0.0}, "bound of within is '1'"),
    ],
)
def test_a_certificate_without_the_keys_of_its_reference_is_refused(
    proven, within, fault, tmp_path
):
    _, stored = proven
    _, certificate = stored.values()
    replace(certificate, within=within).save(tmp_path)
    with pytest.raises(InputError, match=f"is no certificate: .*{fault}"):
        Certificate.load(tmp_path)


def test_some_random_space_has_a_better_chip_within_the_tolerance():
    found = [brute_force(random_study(seed)) for seed in range(3)]
    assert any(least < at_the_optimum for least, at_the_optimum in found)


def test_a_search_of_all_designs_selects_the_nearly_best(tmp_path):
    study = random_study(0, budget=3300)
    searches = run_searches(study, search_models(study), tmp_path.joinpath, lambda name, row: None)
    outcome = Outcome.from_searches(study, searches, None)
    at = outcome.candidates.chosen[study.score_name]
    least, _ = brute_force(study)
    assert outcome.candidates.scores[study.nearly_best.second_name][at] == pytest.approx(least)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"second_criterion": None}, "tolerance needs second_criterion"),
        ({"tolerance": None}, "second_criterion needs tolerance"),
        ({"second_criterion": "area"}, "is the criterion itself"),
        ({"second_criterion": "pseudo_weights"}, "pseudo_weights may prefer a design"),
        ({"second_criterion": "load"}, r"second_criterion load needs a \[scenario\]"),
        ({"tolerance": -0.1}, "tolerance"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(keys, fault):
    with pytest.raises(ValueError, match=fault):
        random_study(0, **keys)
