"""The sentences on top of the document follow from the published tables."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from experiments.paper.pages import Summary
from experiments.paper.reductions import BASELINES, EXACT, GA, JOINT
from experiments.paper.tables import STUDIES, Tables
from imcmoo.networks.workloads import SHIPPED, Workload, WorkloadSet
from tests.experiments.conftest import ROOT


@pytest.fixture(scope="module")
def document():
    return (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")


def gains(published, baselines):
    """By how much the exact design reduces its own score, from what designs cost."""
    found = []
    for study in STUDIES:
        joint = pd.read_csv(published / study / "joint.csv").set_index(["criterion", "design"])
        for criterion in JOINT:
            own = joint.loc[criterion][f"{criterion}_J_s_mm2"]
            found += [1 - own[EXACT] / own[b] for b in baselines if b in own.index]
    return np.array(found)


def share(value):
    return f"{100 * value:.1f} %"


def test_the_first_sentence(published, document):
    from_largest = [b for b in BASELINES if "from the largest" in b]
    others = np.nanmax(gains(published, [b for b in BASELINES if b not in from_largest]))
    assert f"gains at most {share(gains(published, [GA]).max())} in its score" in document
    assert f"reductions of more than {share(others)} in the score" in document
    most = share(np.nanmax(gains(published, from_largest)))
    assert f"begun at the largest chip (up to {most})" in document
    alone = {n: np.nanmax([0, *gains(published, [f"alone: {n}"])]) for n in SHIPPED}
    assert [n for n, value in alone.items() if value > others] == ["mobilenet_v3"]
    assert f"one network alone, MobileNetV3 ({share(alone['mobilenet_v3'])})" in document


def test_the_first_sentence_says_what_seeds_find(published, document):
    tables = [pd.read_csv(published / study / "paper_search.csv") for study in STUDIES]
    every = pd.concat(tables).query("method == 'with four phases' and budget == 3300")
    worst = share(every["percentile_95"].max())
    assert f"over 31 seeds the 95th percentile of its regret is at most {worst}" in document
    assert (every["seeds"] == 31).all()


def test_the_second_sentence(published, document):
    own = pd.read_csv(published / "nine_workload_sram" / "aggregations.csv").set_index("criterion")
    over = own[[c for c in own if c.startswith("over_own_best_")]].max(axis=1)
    assert f"at most {over['regret_minimax']:.2f} times the EDAP of its own best" in document
    assert f"minimax regret, {over['ela_max']:.2f} times if by the paper's score" in document


def test_another_table_makes_another_sentence(published, tmp_path):
    for study in STUDIES:
        shutil.copytree(published / study, tmp_path / study)
    assert Summary(Tables(tmp_path)).tail < 0.01
    path = tmp_path / STUDIES[0] / "paper_search.csv"
    pd.read_csv(path).assign(percentile_95=0.5).to_csv(path, index=False)
    assert Summary(Tables(tmp_path)).tail == 0.5


def test_what_is_said_of_the_recorded_resnet50_is_true_of_its_table(document):
    (said,) = re.findall(r"(\d+) layers, ([\d.]+) M weights and ([\d.]+) G mult", document)
    network = Workload.load("resnet50")
    weights = WorkloadSet((network,)).weights[0]
    products = network.shapes.prod(axis=1).sum()
    assert said == (str(len(network)), f"{weights / 1e6:.1f}", f"{products / 1e9:.2f}")
