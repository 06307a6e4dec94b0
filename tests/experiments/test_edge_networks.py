"""Comparison of predicted with executed accuracy, its figures, and the study of five networks."""

import pandas as pd
import pytest

pytest.importorskip("onnxruntime", reason="networks are executed with the package onnxruntime")
pytest.importorskip("numba", reason="networks are executed with the package numba")

from experiments.edge_networks import figures, study
from experiments.edge_networks.prediction import DESIGNS, SHARED, summary
from tests.model.physical.test_predicted_accuracy import DATA

ROWS = pd.DataFrame(
    {
        "network": "n",
        "samples": 100,
        "exact": [0.9, 0.5, 0.1],
        "fast": [0.9, 0.4, 0.1],
        "linear": [0.7, 0.8, 0.1],
        "exact_nsr_dB": [-20.0, -5.0, 3.0],
        "fast_nsr_dB": [-21.0, -5.0, 3.0],
        "linear_nsr_dB": [-22.0, -6.0, 3.0],
    }
)


def test_errors_are_those_against_exact_execution():
    (row,) = summary(ROWS).to_dict("records")
    assert row["designs"] == 3
    assert row["fast_mean"] == pytest.approx(0.1 / 3)
    assert row["linear_worst"] == pytest.approx(0.3)
    assert row["fast_spearman"] == 1
    assert row["linear_spearman"] == 0.5
    assert row["linear_nsr_dB"] == 1
    assert row["standard_error"] == pytest.approx((0.03 + 0.05 + 0.03) / 3)


def test_twenty_six_different_designs_are_compared():
    assert len(set(DESIGNS)) == len(DESIGNS) == 26 > SHARED


def test_figures_show_every_network_and_layer():
    drawn = figures.against_noise({"n": DATA, "m": DATA}, ROWS)
    assert [a.get_title() for a in drawn.axes] == ["n", "m"]
    layers = pd.DataFrame({"accuracy_alone": [0.9, 0.8, 0.95]})
    assert len(figures.by_layer(layers).axes[0].patches) == 3
    front = pd.DataFrame({"energy_n_J": [1.0, 2.0], "accuracy_drop_n": [0.02, 0.0]})
    (line,) = figures.against_energy(front).axes[0].lines
    assert line.get_ydata().tolist() == [2.0, 0.0]


def test_the_study_needs_the_data_of_all_networks(tmp_path):
    with pytest.raises(SystemExit, match="line_direction: its package or its data are missing"):
        study.prepare(tmp_path, device="sram", drop=0.01)
