"""All commands choose the same of designs with equal scores, and the certificate says so."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo import Study
from imcmoo.answers.certificates import flaw
from imcmoo.cli.main import main
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused, feasible_costs
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker

SPACE = {
    "voltage_V": [0.8, 0.9, 1.0],
    "rows": [64, 128],
    "cols": 64,
    "active_rows": 64,
    "input_slice_bits": [1, 2],
    "columns_per_adc": 8,
    "tree_stages": 1,
    "ping_pong": 0,
    "tiles_per_group": 2,
    "router_groups": [8, 16],
    "glb_KiB": 256,
    "dram": ["x64", "hbm2"],
    "buffer_words": [1, 2],
}
RULE = "mean logarithm of energy, then mean logarithm of latency, then area, then rank"


@pytest.fixture(scope="module")
def study():
    """A study of the smallest chip, whose supply voltage and buffers do not enter the area."""
    return Study(
        name="equal",
        model="physical",
        device="dimc",
        space=SPACE,
        networks=["mobilenet_v3_onnx", "resnet18_onnx"],
        criterion="area",
        baselines=False,
        budget=96,
    )


@pytest.fixture(scope="module")
def smallest(study):
    """Ranks of the smallest chips, the least geometric mean of energy first."""
    problem = study.problem()
    levels, metrics = problem.feasible(study.space.unrank(np.arange(study.space.size)))
    ranks = study.space.rank(levels)[metrics.area_m2 == metrics.area_m2.min()]
    energy = feasible_costs(problem, study.space.unrank(ranks))["energy"]
    order = np.argsort(np.sqrt(energy.prod(axis=1)), kind="stable")
    assert len(ranks) > 1
    assert order[0] > 0, "the lowest rank is chosen in any case"
    return ranks[order].tolist()


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """Results of all commands."""
    folder = tmp_path_factory.mktemp("equal")
    study.run(out=folder)
    study.enumerate(out=folder)
    study.certify(out=folder)
    return folder


def rank_of(study, design):
    return int(study.space.rank(study.space.levels_of(design))[0])


def second(study, smallest):
    """Design of a certificate that does not choose the first of equal designs."""
    (design,) = study.space.designs(study.space.unrank(smallest[1:2]))
    return {name: design[name] for name in study.space.names}


def test_run_enumeration_and_proof_choose_the_same_of_equal_designs(study, smallest, folder):
    run = study.run(out=folder, resume=True)
    design = {name: run.design.iloc[0][name] for name in study.space.names}
    ranks = study.enumerate(out=folder).answer.optima["area"].ranks
    certificate = Certificate.load(folder / "certified" / "equal")
    assert sorted(ranks) == sorted(smallest)
    chosen = {rank_of(study, design), ranks[0], rank_of(study, certificate.design)}
    assert chosen == {smallest[0]}
    assert certificate.ties == RULE
    assert certificate.gap == 0


def test_the_check_accepts_the_first_of_equal_designs_and_refuses_the_others(
    study, smallest, folder
):
    file = folder / "equal.toml"
    file.write_text(study.to_toml(), encoding="utf-8")
    path = folder / "certified" / "equal"
    assert main(["check-certificate", str(path), "--study", str(file)]) == 0
    certificate, checker = Certificate.load(path), Checker(study)
    checker.claim(replace(certificate, design=second(study, smallest)))
    with pytest.raises(Refused, match=f"area: a design with an equal score comes first by {RULE}"):
        checker.prove()


@pytest.mark.parametrize("change", [{"ties": "rank"}, {"gap": 0.5}])
def test_another_rule_and_a_choice_beside_a_gap_are_false(study, folder, change):
    certificate = Certificate.load(folder / "certified" / "equal")
    bound = certificate.value / (1 + change.get("gap", 0.0))
    gap = certificate.value / bound - 1
    changed = replace(certificate, **{**change, "bound": bound, "gap": gap})
    assert "it chooses among equal scores by" in flaw(changed, study.problem())
    assert not flaw(certificate, study.problem())


def test_a_certificate_without_the_choice_is_proven_again(study, smallest, folder):
    certificate = Certificate.load(folder / "certified" / "equal")
    unproven = replace(certificate, design=second(study, smallest), ties="")
    (again,) = certify(study, "area", known=[unproven])
    assert rank_of(study, again.design) == smallest[0]
    assert again.ties
    (kept,) = certify(study, "area", known=[unproven], gap=0.1)
    assert kept is unproven
