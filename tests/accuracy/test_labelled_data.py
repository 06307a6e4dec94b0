"""Samples, labels and scores."""

import sys

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime")

from imcmoo.accuracy.intervals import interval, wilson
from imcmoo.accuracy.labelled_data import BATCH, LabelledData, Metric, batch_size, run_all
from imcmoo.io.errors import InputError
from tests.accuracy.networks import cut, real
from tests.networks.onnx_import.models import exactly, node, tensor


@pytest.fixture
def network(tmp_path):
    return cut(tmp_path, [node("MatMul", "xw")], [tensor("x", ("n", 6))], [real("w", (6, 4))])


def read(tmp_path, network, count=None, **arrays):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    return LabelledData.read(path, network, count)


def test_the_first_quarter_calibrates_and_is_not_scored(tmp_path, network):
    x = np.arange(60.0).reshape(10, 6)
    data = read(tmp_path, network, x=x, labels=np.arange(10))
    assert (len(data.calibration), len(data.scored)) == (3, 7)
    assert data.labels.tolist() == list(range(3, 10))
    np.testing.assert_array_equal(data.scored.inputs["x"], x[3:])
    assert data.scored.inputs["x"].dtype == np.float32


def test_calibration_samples_of_their_own_leave_all_others_to_score(tmp_path, network):
    arrays = {"x": np.ones((10, 6)), "calibration/x": np.zeros((2, 6)), "labels": np.arange(10)}
    data = read(tmp_path, network, 4, **arrays)
    assert (len(data.calibration), len(data.scored)) == (2, 4)
    assert data.labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.ones((4, 6))}, "arrays y, but the network's inputs are x"),
        ({"labels": np.ones(4)}, "arrays none, but the network's inputs are x"),
        ({"x": np.ones(4)}, r"x has shape \(4,\), but the network's input has rank 2"),
        ({"x": np.ones((4, 6)), "labels": np.ones(3)}, "4 samples, but labels of shape"),
        ({"x": np.ones((0, 6))}, "samples on their first axis"),
        ({"x": np.ones((1, 6))}, "no samples are left"),
        ({"x": np.full((4, 6), "word")}, "x: real numbers are needed, got text"),
        ({"x": np.full((4, 6), np.nan)}, "x holds numbers that are not finite"),
        ({"x": np.full((4, 6), 1e39)}, "x holds numbers that are not finite"),
        ({"x": np.ones((4, 6)), "calibration/x": np.full((1, 6), np.inf)}, "not finite"),
    ],
)
def test_data_that_do_not_fit_are_refused_in_one_line(tmp_path, network, arrays, message):
    with pytest.raises(InputError, match=message) as raised:
        read(tmp_path, network, **arrays)
    assert "\n" not in str(raised.value)


def test_samples_are_batched_only_where_that_changes_nothing(tmp_path, network):
    data = read(tmp_path, network, x=np.random.default_rng(0).normal(0, 1, (40, 6)))
    assert batch_size(network, data.scored) == BATCH
    nodes = [node("ReduceMean", "x", "m", axes=[0], keepdims=1), node("MatMul", "mw")]
    mixing = cut(tmp_path, nodes, [tensor("x", ("n", 6))], [real("w", (6, 4))])
    assert batch_size(mixing, data.scored) == 1


def test_a_network_without_an_axis_for_samples_runs_them_one_by_one(tmp_path):
    nodes = [node("MatMul", "xw", "a"), node("Reshape", ["a", "shape"], ["y"])]
    stored = [real("w", (6, 4)), exactly("shape", [2, 10])]
    network = cut(tmp_path, nodes, [tensor("x", (5, 6))], stored)
    data = read(tmp_path, network, x=np.ones((8, 5, 6)))
    outputs = run_all(network.run_whole, data.scored, batch_size(network, data.scored))
    assert outputs["y"].shape == (6, 2, 10)


OUT = {"y": np.array([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])}
REFERENCE = {"y": np.array([[0.1, 0.9], [0.2, 0.8], [0.8, 1.2]])}


@pytest.mark.parametrize(
    ("metric", "scores"),
    [("top1", [1, 0, 1]), ("agreement", [1, 0, 1]), ("cosine", [1, 32 / 68, 1])],
)
def test_scores_of_each_sample(metric, scores):
    found = Metric(metric, "y").scores(OUT, np.array([1, 1, 1]), REFERENCE)
    np.testing.assert_allclose(found, scores)


@pytest.mark.parametrize("labels", [["a", "b", "c"], [0.5, 1, 1], [np.nan, 1, 1], [1j, 1, 1]])
def test_top1_refuses_labels_that_are_no_whole_numbers(labels):
    with pytest.raises(InputError, match="whole numbers"):
        Metric("top1", "y").check(np.array(labels))


@pytest.mark.parametrize("label", [-1, 2, np.inf])
def test_top1_refuses_labels_of_no_class(label):
    labels = np.array([0, 1, label])
    Metric("top1", "y").check(labels)
    with pytest.raises(InputError, match=f"label {label} is none of the 2 classes"):
        Metric("top1", "y").scores(OUT, labels, REFERENCE)


def test_top1_refuses_outputs_that_are_no_row_of_classes():
    outputs = {"y": np.ones((3, 2, 5))}
    with pytest.raises(InputError, match="one row of classes"):
        Metric("top1", "y").scores(outputs, np.ones(3), outputs)


def test_a_metric_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "own_metric.py").write_text(
        "def half(outputs, labels):\n    return 0.5 * (outputs['y'].argmax(axis=1) == labels)\n"
        "def wrong(outputs):\n    return 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    metric = Metric("own_metric:half", "y")
    metric.check(None)
    assert metric.scores(OUT, np.ones(3), REFERENCE).tolist() == [0.5, 0, 0.5]
    with pytest.raises(InputError, match="called with other arguments"):
        Metric("own_metric:wrong", "y").check(None)
    sys.modules.pop("own_metric", None)


@pytest.mark.parametrize("metric", ["top1", "agreement", "cosine"])
def test_a_sample_whose_output_is_not_finite_scores_0(metric):
    broken = {"y": np.array([[np.nan, 0.9], [0.2, 0.8], [np.inf, 1.2]])}
    found = Metric(metric, "y").scores(broken, np.array([0, 1, 0]), REFERENCE)
    np.testing.assert_allclose(found, [0, 1, 0])


@pytest.mark.parametrize("name", ["top-1", "no_such_module:x"])
def test_an_unknown_metric_is_refused(name):
    with pytest.raises(InputError, match="metric"):
        Metric(name, "y").check(None)


def test_the_interval_is_wilsons():
    low, high = wilson(0.5, 100)
    assert (low, high) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert all(wilson(1.0, n)[1] == 1 and wilson(0.0, n)[0] == 0 for n in range(1, 500))
    assert wilson(1.0, 10)[0] == pytest.approx(0.7225, abs=1e-4)


def test_the_interval_of_scores_between_0_and_1_is_that_of_their_spread():
    """A coin per sample would give an interval that is far too wide."""
    rng = np.random.default_rng(0)
    scores = rng.binomial(50, 0.5, (1, 400)) / 50
    low, high = interval(scores, 400)
    assert low < scores.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * scores.std() / 20, rel=0.1)
    assert wilson(0.5, 400)[1] - wilson(0.5, 400)[0] > 5 * (high - low)
    assert interval(scores, 400) == (low, high)


def test_the_interval_of_right_and_wrong_answers_is_wilsons():
    scores = np.array([[1.0, 0, 1, 1], [1, 1, 1, 0]])
    assert interval(scores, 4) == wilson(0.75, 4)


@pytest.mark.parametrize(("scores", "samples"), [([[0.7], [0.8]], 4), ([[0.7]], 1)])
def test_scores_without_a_spread_have_no_interval(scores, samples):
    assert np.isnan(interval(np.array(scores), samples)).all()
