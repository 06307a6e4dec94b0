"""Chips for networks that were left out, against brute force and the four networks."""

import math

import numpy as np
import pytest

import imcmoo
from imcmoo.answers.answer import Answer
from imcmoo.ask.unseen import (
    Unseen,
    UnseenOfDevice,
    mix_of_networks,
    tied_networks,
    unseen,
)
from imcmoo.io.errors import InputError
from problems import STUDIES
from tests.exact.certified_spaces import SPACES, feasible_values, part_of, study_on


def small_study(**more):
    rng = np.random.default_rng(1)
    (around,) = feasible_values("dimc", rng, 1)
    return study_on(part_of(SPACES["dimc"], rng, 400, around), **more)


def edaps_of(study, *names):
    """EDAP of each design for some networks, infinite where they are not feasible."""
    networks = [n for n in study.networks if n.name in (names or study.names)]
    problem = study.replace(networks=networks).problem()
    space = problem.space
    levels, metrics = problem.feasible(space.unrank(np.arange(space.size)))
    edap = np.full((space.size, len(networks)), np.inf)
    F, _ = problem.score(levels, metrics)
    edap[space.rank(levels)] = problem.costs(F).edap
    return edap


def latencies_of(study):
    """Latency of the first network on each design, s."""
    space = study.space
    return study.cost_model().evaluate(space.unrank(np.arange(space.size))).latency_s[:, 0]


def test_regrets_on_the_network_left_out_are_those_of_brute_force():
    study = small_study()
    table = unseen(study).table
    both = edaps_of(study)
    score = np.exp(np.log(both).mean(axis=1))
    of_all = score.argmin()
    for at, name in enumerate(study.names):
        other, own = edaps_of(study, study.names[1 - at])[:, 0], edaps_of(study, name)[:, 0]
        chip, row = other.argmin(), table.iloc[at]
        assert row.left_out == name
        assert row.keeps_limits
        assert row.regret_on_it == pytest.approx(both[chip, at] / both[of_all, at] - 1, abs=1e-9)
        assert row.over_own_best == pytest.approx(both[chip, at] / own.min() - 1, abs=1e-9)
        assert row.regret_of_all == pytest.approx(score[chip] / score[of_all] - 1, abs=1e-9)


def test_a_chip_that_breaks_a_limit_with_the_network_is_named_with_the_limit(tmp_path):
    study = small_study(criterion="edap_geomean")
    edap, latency = edaps_of(study), latencies_of(study)
    latency[np.isinf(edap[:, 0])] = np.nan
    first, second = np.nanargmax(latency), np.nanargmin(latency)
    name = study.names[0]
    most = float(latency[second] * 1.01)
    study = study.replace(
        networks=[n.replace(max_latency_s=most) if n.name == name else n for n in study.networks]
    )
    levels = study.space.unrank([first, second])
    of_all = Answer(study, "certified", levels[1:])
    found = Unseen([UnseenOfDevice(study, of_all, levels, edap.min(axis=0))])
    row = found.table.iloc[0]
    assert not row.keeps_limits
    assert f"max_latency_s of {name}" in row.broken
    assert row[["regret_on_it", "over_own_best", "regret_of_all"]].tolist() == [math.inf] * 3
    assert found.statements == [
        "of 2 networks left out, 1 keep their limits; regret on the unseen network 0",
        f"the chip without {name} breaks {row.broken}",
        "a chip that must run networks that are not known yet needs slack in these limits",
    ]
    found.save(tmp_path)
    lines = (tmp_path / "unseen.csv").read_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("left_out,tied,design,keeps_limits,broken,regret_on_it,")


def test_a_list_of_devices_has_a_row_for_each_network_and_device():
    study = small_study(criterion="edap_geomean")
    of_all = Answer(study, "certified", study.space.unrank([edaps_of(study)[:, 0].argmin()]))
    levels = np.repeat(of_all.levels, 2, axis=0)
    of_studies = (study.replace(device=name) for name in (None, "dimc"))
    found = Unseen([UnseenOfDevice(one, of_all, levels, np.ones(2)) for one in of_studies])
    assert found.table["device"].tolist()[2:] == ["dimc", "dimc"]
    assert len(found.table) == 4
    assert found.statements[1].startswith("dimc: of 2 networks")


def test_the_robust_chip_over_mixes_of_networks_is_that_of_brute_force():
    study = small_study(uncertainty={"draws": 4})
    answer = mix_of_networks(study)
    edap = edaps_of(study)
    scores = np.stack([np.exp(np.log(edap) @ w / 2) for w in answer.parts[0].table.weights], axis=1)
    rank = study.space.rank(answer.parts[0].chip("robust").levels)[0]
    assert np.log(scores[rank]).mean() == pytest.approx(np.log(scores).mean(axis=1).min())
    assert answer.parts[0].best == pytest.approx(scores.min(axis=0))
    assert not answer.assumptions["drawn"].any()
    found = Unseen([], answer)
    assert found.statements[0].startswith("over 4 mixes of the networks, R95 is ")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["edap_max", "regret_minimax", "regret_minimax_joint"])
def test_another_score_is_asked_for_by_name(by):
    table = small_study().unseen(by).table
    assert (table["regret_of_all"] >= 0).all()
    assert (table["over_own_best"] >= 0).all()


def test_a_study_of_one_network_has_none_to_leave_out():
    study = small_study()
    with pytest.raises(InputError, match="it has one network"):
        unseen(study.replace(networks=study.networks[:1]))


def test_networks_that_share_weights_are_left_out_together():
    study = STUDIES["gpt2"]
    assert [len(group) for group in tied_networks(study)] == [2]
    with pytest.raises(InputError, match="all share weights"):
        unseen(study)


def test_a_study_of_another_model_is_refused():
    with pytest.raises(InputError, match='need model = "physical"'):
        unseen(STUDIES["four_workload_rram"])


@pytest.mark.parametrize(
    ("device", "on_it", "of_all", "over_own"),
    [
        ("dimc", [0.5502, 0.0858, 0, 0], [0.0848, 0.0191, 0, 0], 0.3681),
        pytest.param(
            "sram", [0.6860, 0.5191, 0, math.inf], [0.0379, 0.0317, 0, math.inf], math.inf,
            marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_regrets_of_four_networks_are_known(device, on_it, of_all, over_own):
    found = imcmoo.Study.load(f"four_workload_{device}_physical").unseen()
    assert found.table["regret_on_it"].tolist() == pytest.approx(on_it, abs=1e-4)
    assert found.table["regret_of_all"].tolist() == pytest.approx(of_all, abs=1e-4)
    assert found.table["over_own_best"].iloc[-1] == pytest.approx(over_own, abs=1e-4)
    if device == "sram":
        assert "compute SNR of mobilenet_v3_onnx" in found.table["broken"].iloc[-1]
