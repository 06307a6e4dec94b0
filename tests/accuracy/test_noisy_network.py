"""Networks with rounding and noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from onnx import TensorProto

from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.codes import InputCoding
from imcmoo.accuracy.noisy_network import Disturbance, NoisyNetwork
from imcmoo.accuracy.normal import standard_normal
from imcmoo.accuracy.sensitivity import _rounded
from tests.accuracy.networks import LOSSLESS, cut, nsr, real, saved
from tests.networks.onnx_import.models import exactly, model, node, tensor


def run(network, inputs, errors, codings=None):
    return NoisyNetwork(network, codings).run(inputs, errors, np.random.default_rng(0))


def test_without_errors_it_is_the_float_network(network, inputs):
    assert nsr(run(network, inputs, {}), network.run_whole(inputs)) < 1e-10


def test_rounded_inputs_and_weights_give_the_outputs_of_the_integers(
    network, inputs, calibration, simulated
):
    for bits in (4, 8):
        simulation = simulated(replace(LOSSLESS, input_bits=bits, weight_bits=bits))
        errors = {e.name: _rounded(e, bits) for e in network.layers}
        codings = {
            name: InputCoding.from_range(c.lowest, c.highest, bits)
            for name, c in calibration.items()
        }
        found = run(network, inputs, errors, codings)
        assert nsr(found, simulation.run_integers(inputs)) < 1e-10


def test_a_products_factor_and_transposed_weights_are_kept(tmp_path):
    nodes = [node("Gemm", "xwb", "y", name="gemm", alpha=0.5, beta=3.0, transB=1)]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 4))], [real("w", (5, 4)), real("b", (5,), 1)])
    x = {"x": np.random.default_rng(0).normal(0, 1, (6, 4)).astype(np.float32)}
    np.testing.assert_allclose(run(network, x, {})["y"], network.run_whole(x)["y"], rtol=1e-5)


def only_layer(folder, kernel):
    """A network of one convolution with four channels, or of one product with four columns."""
    shape = ("n", 3, *[4] * len(kernel)) if kernel else ("n", 3)
    stored = [real("w", (4, 3, *kernel) if kernel else (3, 4)), real("b", (4,), 1)]
    layer = node("Conv" if kernel else "MatMul", "xwb" if kernel else "xw", "y", name="only")
    x = np.random.default_rng(0).normal(0, 1, (400, *shape[1:])).astype(np.float32)
    return cut(folder, [layer], [tensor("x", shape)], stored), {"x": x}


@pytest.mark.parametrize("kernel", [(), (2,), (3, 3)])
def test_noise_has_the_power_of_each_channel(tmp_path, kernel):
    network, x = only_layer(tmp_path, kernel)
    spread = np.array([0.0, 0.1, 0.2, 0.4])
    errors = {"only": Disturbance(network.layers[0].weights, np.full(4, 0.5), spread)}
    added = run(network, x, errors)["y"] - network.run_whole(x)["y"]
    others = (0, *range(2, added.ndim))
    np.testing.assert_allclose(added.std(axis=others), spread, rtol=0.1, atol=1e-6)
    np.testing.assert_allclose(added.mean(axis=others), 0.5, atol=0.05)


def test_drawn_numbers_are_standard_normal():
    drawn = standard_normal((1 << 10, 1 << 9), np.random.default_rng(0)).astype(np.float64)
    n = drawn.size
    assert abs(drawn.mean()) < 4 / np.sqrt(n)
    assert abs(drawn.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(stats.kurtosis(drawn, axis=None)) < 4 * np.sqrt(24 / n)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-3
    # Of 512 by 512 columns, few pairs are beyond 5 standard errors.
    between = np.corrcoef(drawn, rowvar=False) - np.eye(drawn.shape[1])
    assert np.abs(between).max() < 5.5 / np.sqrt(len(drawn))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5, 3)])
def test_numbers_of_a_seed_are_the_same_and_those_of_two_draws_are_not(shape):
    once, again = (np.random.default_rng(1) for _ in range(2))
    first = standard_normal(shape, once)
    assert first.shape == shape
    assert first.dtype == np.float32
    assert first.tobytes() == standard_normal(shape, again).tobytes()
    assert (first != standard_normal(shape, once)).any()


def test_noise_of_layers_samples_and_runs_is_independent(tmp_path):
    # Without input and between the layers everything is 0, so that outputs are the layers' noise.
    shape = (64, 8, 6, 6)
    nodes = [
        node("Conv", "xw", "a", name="first"),
        node("Mul", ["a", "zero"], "b"),
        node("Conv", "bw", "y", name="second"),
    ]
    stored = [real("w", (8, 8, 1, 1)), exactly("zero", [0.0], np.float32)]
    network = cut(tmp_path, nodes, [tensor("x", ("n", *shape[1:]))], stored, ("a", "y"))
    spread = np.full(8, 0.5)
    errors = {e.name: Disturbance(e.weights, spread=spread) for e in network.layers}
    noisy, rng = NoisyNetwork(network), np.random.default_rng(0)
    x = {"x": np.zeros(shape, np.float32)}
    runs = [noisy.run(x, errors, rng) for _ in range(2)]
    noise = np.stack([run[name] for run in runs for name in "ay"]).astype(np.float64)
    flat = noise.reshape(4 * shape[0], -1)
    np.testing.assert_allclose(flat.var(), 0.25, rtol=0.02)
    between = np.corrcoef(flat) - np.eye(len(flat))
    assert np.abs(between).max() < 5.5 / np.sqrt(flat.shape[1])


def test_inputs_are_rounded_in_networks_of_old_operators(tmp_path):
    nodes, stored = [node("MatMul", "xw", "y")], [real("w", (3, 4))]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 3))], stored, opset=7)
    coding = InputCoding.from_range(-1.0, 1.0, 2)
    x = {"x": np.array([[0.4, -0.6, 3.0]], np.float32)}
    (layer,) = network.layers
    found = run(network, x, {}, {layer.name: coding})["y"]
    np.testing.assert_allclose(found, [[0, -1, 1]] @ layer.weights[0], rtol=1e-6)


def test_few_large_errors_are_marked(tmp_path):
    rng = np.random.default_rng(0)
    proto = model(
        [node("MatMul", "xw", "y", name="only")], [tensor("x", ("n", 16))], [real("w", (16, 8))]
    )
    x = rng.standard_t(3, (800, 16)).astype(np.float32)
    data = tmp_path / "data.npz"
    np.savez(data, x=x, labels=np.zeros(800, np.int64))
    assessed = Assessment(saved(tmp_path, proto), data, metric="agreement")
    chip = replace(LOSSLESS, bits_per_cell=4, input_slice_bits=4, adc_window="sigma")
    wide, narrow = (
        assessed.on_chips(replace(chip, adc_bits=bits, window_sigmas=sigmas), 1)[0]
        for bits, sigmas in ((8, 4.0), (8, 2.0))
    )
    assert not wide.exact_only
    assert narrow.exact_only


def test_layers_in_double_precision_run_in_float32(tmp_path):
    weights = exactly("w", np.random.default_rng(0).normal(0, 1, (3, 4)), np.float64)
    nodes = [node("MatMul", "xw", "p"), node("Cast", "p", "y", to=TensorProto.FLOAT)]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 3), TensorProto.DOUBLE)], [weights])
    x = {"x": np.random.default_rng(1).normal(0, 1, (5, 3))}
    expected = x["x"] @ network.layers[0].weights[0]
    np.testing.assert_allclose(run(network, x, {})["y"], expected, atol=1e-6)
