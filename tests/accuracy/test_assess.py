"""Networks on labelled data: what is refused, and what runs on the chip."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

import onnx
from onnx import numpy_helper

from imcmoo.accuracy.assess import Assessment
from imcmoo.io.errors import InputError
from tests.accuracy.networks import LOSSLESS, real, saved
from tests.accuracy.test_graph import recurrent
from tests.networks.onnx_import.models import exactly, model, node, tensor


def assessed(folder, nodes, stored, shape=("n", 6), **options):
    """A network on 12 random samples of 4 classes."""
    rng = np.random.default_rng(0)
    sizes = [12, *shape[1:]] if shape[0] == "n" else [12, *shape]
    x = rng.normal(0, 1, sizes).astype(np.float32)
    np.savez(folder / "data.npz", x=x, labels=rng.integers(0, 4, 12))
    path = saved(folder, model(nodes, [tensor("x", shape)], stored))
    return Assessment(path, folder / "data.npz", **options)


WEIGHTS = real("w", (6, 4))
NOT_A_NUMBER = exactly("w", np.where(np.eye(6, 4) > 0, np.nan, 1.0), np.float32)
LAYER = node("MatMul", "xw", "h", name="layer")
BROKEN = {
    "MatMul 'layer', whose stored 'w' is not finite": ([LAYER, node("Relu", "h")], NOT_A_NUMBER),
    "Div 'ratio'": (
        [LAYER, node("Sub", "hh", "z"), node("Div", "zz", "q", name="ratio"), node("Tanh", "q")],
        WEIGHTS,
    ),
    "Log 'log'": ([LAYER, node("Relu", "h", "r"), node("Log", "r", name="log")], WEIGHTS),
}


@pytest.mark.parametrize("origin", BROKEN)
@pytest.mark.parametrize("metric", ["top1", "agreement"])
def test_a_network_whose_outputs_are_not_finite_is_refused(tmp_path, origin, metric):
    nodes, stored = BROKEN[origin]
    with pytest.raises(InputError, match=f"output 'y' is not finite .* come from {origin}"):
        assessed(tmp_path, nodes, [stored], metric=metric)


@pytest.mark.parametrize("broken", ["w", "r", "b"])
def test_a_layer_whose_stored_numbers_are_not_finite_is_refused(tmp_path, broken):
    """Here a later node replaces what is not a number."""
    *_, weights = recurrent("LSTM")
    nodes = [
        node("Reshape", ["x", "rows"], "s"),
        node("LSTM", ["s", "w", "r", "b"], ["", "h"], name="rnn", hidden_size=4),
        node("IsNaN", "h", "m"),
        node("Where", ["m", "zero", "h"], "f"),
        node("ReduceSum", ["f", "axes"], "y", keepdims=0),
    ]
    held = {w.name: numpy_helper.to_array(w).copy() for w in weights}
    held[broken].flat[0] = np.nan
    stored = [exactly(name, held[name], np.float32) for name in ("w", "r", "b")]
    stored += [exactly("rows", [1, -1, 5], np.int64), exactly("axes", [0], np.int64)]
    stored += [exactly("zero", [0.0], np.float32)]
    with pytest.raises(InputError, match=f"LSTM 'rnn', whose stored '{broken}' is not finite"):
        assessed(tmp_path, nodes, stored, ("n", 5), metric="agreement")


def test_weights_and_products_are_counted_on_the_chip_and_in_float(tmp_path):
    nodes = [
        node("Conv", "xk", "a", name="conv"),
        node("ConvTranspose", "at", "b"),
        node("Flatten", "b", "f"),
        node("MatMul", "fw", "y", name="last"),
    ]
    stored = [real("k", (3, 2, 3, 3)), real("t", (3, 1, 2, 2)), real("w", (25, 4))]
    ran = assessed(tmp_path, nodes, stored, shape=("n", 2, 6, 6)).shares
    assert ran.weights == pytest.approx(np.array([54 + 100, 0, 12]) / 166)
    products = np.array([16 * 54 + 100, 0, 16 * 12])
    assert ran.macs == pytest.approx(products / products.sum())
    assert ran.in_float == {"ConvTranspose": 1}
    assert str(ran) == (
        "on arrays: 92.8% of the weights and 83.4% of the multiply-accumulates; in float: 7.2% of "
        "the weights and 16.6% of the multiply-accumulates (1 ConvTranspose)"
    )


def test_layers_on_the_digital_unit_are_counted_apart(tmp_path):
    nodes = [
        node("Reshape", ["x", "steps"], "s"),
        node("LSTM", ["s", "w", "r", "b"], ["", "h"], name="rnn", hidden_size=4),
        node("Squeeze", ["h", "at"], "q"),
        node("MatMul", "qv", "y", name="last"),
    ]
    *_, (w, r, b, _) = recurrent("LSTM")
    stored = [w, r, b, exactly("steps", [1, -1, 5]), exactly("at", [0]), real("v", (4, 4))]
    ran = assessed(tmp_path, nodes, stored, ("n", 5), layers_digital=("rnn/hidden",)).shares
    weights = np.array([16 * 5 + 16, 16 * 4, 0]) / (16 * 9 + 16)
    assert ran.weights == ran.macs == pytest.approx(weights)
    assert ran.to_columns() == pytest.approx(
        {"weights_on_chip": 1, "macs_on_chip": 1}
        | {"weights_on_digital": 0.4, "macs_on_digital": 0.4}
    )


def test_a_product_of_activations_has_no_weights_but_counts(tmp_path):
    nodes = [
        node("MatMul", "xw", "a", name="layer"),
        node("Transpose", "a", "t", perm=[0, 2, 1]),
        node("MatMul", "ta", "s", name="scores"),
        node("ReduceMean", "s", "y", axes=[1], keepdims=0),
    ]
    ran = assessed(tmp_path, nodes, [WEIGHTS], shape=("n", 5, 6)).shares
    assert ran.weights == (1, 0, 0)
    assert ran.macs == pytest.approx(np.array([5 * 24, 0, 4 * 5 * 4]) / (5 * 24 + 4 * 5 * 4))


def test_shared_weights_count_once(tmp_path):
    square, twice = real("v", (6, 6)), ["one", "two"]
    nodes = [node("MatMul", "xv", "a", name=twice[0]), node("MatMul", "av", "b", name=twice[1])]
    nodes += [node("Unsqueeze", ["b", "at"], "c"), node("ConvTranspose", "ct", "d")]
    nodes += [node("Flatten", "d", "y")]
    stored = [square, exactly("at", [1]), real("t", (1, 1, 3))]
    ran = assessed(tmp_path, nodes, stored).shares
    assert ran.weights == pytest.approx((36 / 39, 0, 3 / 39))


def test_a_recurrent_layer_runs_on_the_chip(tmp_path):
    layer, _, (w, r, b, _) = recurrent("LSTM")
    del layer.input[5:]
    layer.output[:] = ["", "h"]
    nodes = [layer, node("Squeeze", ["h", "at"], "s"), node("MatMul", "sv", "y", name="last")]
    stored = [w, r, b, exactly("at", [0]), real("v", (4, 4))]
    network = assessed(tmp_path, nodes, stored, shape=(7, 1, 5))
    assert network.shares.weights == network.shares.macs == (1, 0, 0)
    assert network.macs_per_sample() == 7 * 16 * (5 + 4) + 16
    good, errors = network.on_chips(LOSSLESS, 1)
    assert [each.layer for each in errors] == ["rnn/input", "rnn/hidden", "last"]
    assert good.nsr_out_dB < -12  # inputs beyond those of 3 calibration samples saturate
    poor, _ = network.on_chips(replace(LOSSLESS, adc_bits=3), 1)
    assert poor.nsr_out_dB > good.nsr_out_dB + 6
    assert np.isfinite(network.alone(LOSSLESS, "rnn/hidden"))


def test_other_weights_beside_a_network_have_another_digest(tmp_path):
    assert assessed(tmp_path, [node("MatMul", "xw")], [WEIGHTS]).weights_sha256 == ""
    digests = []
    for seed in (0, 0, 1):
        proto = model([node("MatMul", "xw")], [tensor("x", ("n", 6))], [real("w", (6, 4), seed)])
        where = {"location": "w.data", "size_threshold": 0}
        onnx.save(proto, tmp_path / "net.onnx", save_as_external_data=True, **where)
        digests.append(Assessment(tmp_path / "net.onnx", tmp_path / "data.npz").weights_sha256)
        (tmp_path / "w.data").unlink()
    assert digests[0] == digests[1] != digests[2]
