"""Verdict on networks that were executed on several chips, and which chips are executed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from experiments.edge_networks import metrics, recommended
from experiments.edge_networks.data import NETWORKS
from experiments.edge_networks.prediction import RRAM, chip
from experiments.edge_networks.study import SHAPES
from experiments.edge_networks.verdict import (
    Verdict,
    with_margin,
    worst,
)
from tests.accuracy.networks import real
from tests.accuracy.test_assess import assessed as of_random_samples
from tests.networks.accuracy_data import DATA
from tests.networks.onnx_import.models import node


@pytest.mark.parametrize(
    ("mean", "worst_loss", "error", "verdict"),
    [
        (0.01, 0.03, 0.005, "works"),
        (-0.02, 0.0, 0.001, "works"),
        (0.0101, 0.02, 0.005, "fails"),
        (0.0, 0.0301, 0.005, "fails"),
        (0.0, 0.0, 0.0051, "undecided"),
        (0.015, 0.0, 0.006, "undecided"),
        (0.5, 0.6, 0.04, "fails"),
    ],
)
def test_few_samples_decide_only_where_the_loss_is_large(mean, worst_loss, error, verdict):
    assert Verdict(mean, worst_loss, error).works == verdict


def test_losses_count_from_the_lower_of_float_and_integers():
    in_float, on_integers = np.array([1.0, 0.9]), np.array([0.8, 0.9])
    scores = np.array([[0.8, 0.8], [0.9, 0.8]])
    for first, second in ((in_float, on_integers), (on_integers, in_float)):
        found = Verdict.of_scores(scores, first, second)
        assert found.mean_loss == pytest.approx(0.85 - 0.825)
        assert found.worst_loss == pytest.approx(0.05)
        assert found.standard_error == pytest.approx(np.std([-0.05, 0.1], ddof=1) / math.sqrt(2))


def test_a_chip_that_scores_as_integers_do_works_with_few_samples():
    on_integers, in_float = np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0])
    assert Verdict.of_scores(on_integers[None], in_float, on_integers).works == "works"
    better = np.ones(3)
    assert Verdict.of_scores(better[None], on_integers, better).works == "works"
    assert Verdict.of_scores(in_float[None], in_float, on_integers).works == "undecided"


@pytest.mark.parametrize(("lost", "settled"), [(0.02, False), (0.2, True)])
def test_a_single_chip_settles_only_a_verdict_that_others_cannot_change(lost, settled):
    reference = np.ones(1000)
    one = np.where(np.arange(1000) < 1000 * lost, 0.0, 1.0)[None]
    found = Verdict.of_scores(one, reference, reference)
    assert found.is_settled == settled
    perfect = Verdict.of_scores(np.vstack([one, *9 * [reference]]), reference, reference)
    assert (perfect.works == "fails") == settled


def test_a_chip_is_as_good_as_at_its_worst_noise():
    assert worst(["works", "works"]) == "works"
    assert worst(["undecided", "works"]) == "undecided"
    assert worst(["works", "undecided", "fails"]) == "fails"


def test_the_margin_of_noise_is_rounded_up():
    assert [with_margin(noise) for noise in (0, 1, 5, 10, 14)] == [0, 2, 6, 12, 17]


def test_simulated_chips_are_not_executed_twice(tmp_path, monkeypatch):
    assessed = of_random_samples(
        tmp_path, [node("MatMul", "xw", name="layer")], [real("w", (6, 4))]
    )
    circuit = chip(4, 1, 1, "differential", 2, RRAM)
    folder = tmp_path / "executed"
    found = np.array([*recommended.scores(assessed, circuit, 2, folder, "net")])
    result, _ = assessed.on_chips(circuit, 2)
    assert found.mean() == pytest.approx(result.accuracy)
    assert found.mean(axis=1).min() == pytest.approx(result.chip_min)
    monkeypatch.setattr(type(assessed), "scores_of_chip", None)
    again = np.array([*recommended.scores(assessed, circuit, 2, folder, "net")])
    np.testing.assert_array_equal(again, found)
    with pytest.raises(TypeError):  # another noise is executed
        next(recommended.scores(assessed, replace(circuit, adc_noise=0.1), 1, folder, "net"))
    assessed.metric_name = "agreement"
    with pytest.raises(TypeError):  # so is another metric
        next(recommended.scores(assessed, circuit, 1, folder, "net"))


def test_studies_name_networks_and_layers_that_exist():
    for made in recommended.STUDIES.values():
        assert set(made.networks) <= set(SHAPES)
        assert set(made.digital) <= set(made.networks)
    assert {made.device for made in recommended.STUDIES.values()} == {"sram", "rram", "dimc"}


def test_a_study_without_a_limit_has_no_key_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.edge_networks.study._imported", lambda name, folder: DATA)
    texts = {
        name: recommended.prepare(
            tmp_path,
            device="sram",
            drop=drop,
            name=name,
            networks=("voice_activity",),
            space="rows = 128\n",
            digital={"voice_activity": ("/stft/Conv",)},
        ).read_text()
        for name, drop in (("limited", 0.01), ("free", None))
    }
    assert "max_accuracy_drop = 0.01\n" in texts["limited"]
    assert "max_accuracy_drop" not in texts["free"]
    assert 'attention"\nrows = 128\n[[networks]]' in texts["free"]
    assert 'layers_digital = ["/stft/Conv"]\n' in texts["free"]


def test_frames_of_speech_are_scored_by_sequence():
    probable = np.array([[0.9, 0.2, 0.6], [0.1, 0.1, 0.1]])
    labels = np.array([[True, True, True], [False, False, False]])
    found = metrics.frames({"y": probable[..., None]}, labels)
    np.testing.assert_allclose(found, [2 / 3, 1])


def test_sequences_of_speech_are_repeated_by_a_seed():
    network = NETWORKS["voice_activity"]
    needs("speech", network.package)
    if network.missing:
        pytest.skip(f"{network.missing} is not installed")
    made = [network.make(network.path(), 3, np.random.default_rng(1)) for _ in range(2)]
    assert made[0]["input"].shape == (4, 100, 576)
    assert made[0]["labels"].shape == (4, 100)
    for name, values in made[0].items():
        np.testing.assert_array_equal(values, made[1][name])
    # A frame repeats the last 64 samples of the one before.
    np.testing.assert_array_equal(made[0]["input"][:, 1:, :64], made[0]["input"][:, :-1, -64:])
    assert 0.3 < made[0]["labels"].mean() < 0.8
