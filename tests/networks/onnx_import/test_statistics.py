"""Operand statistics: from stored weights, from a run on samples, else defaults that say so."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from imcmoo.io.checksums import sha256
from imcmoo.io.errors import InputError
from imcmoo.networks.layers import DEFAULT_DENSITIES
from imcmoo.networks.onnx_import import import_onnx
from tests.extras import needs
from tests.networks.onnx_import.models import (
    beside,
    densities,
    exactly,
    imported,
    model,
    node,
    numpy_helper,
    onnx,
    stored,
    tensor,
)


def test_codes_have_zero_in_the_middle():
    """-1, 0 and 1 are codes 0, 127 and 254: 00000000, 01111111, 11111110."""
    third = [1 / 3, *[2 / 3] * 6, 1 / 3]
    assert densities(np.array([-5.0, 0.0, 5.0])) == pytest.approx(third, abs=1e-6)


@given(arrays.arrays(np.float32, 40, elements=st.floats(-1e3, 1e3, width=32)))
def test_densities_give_back_the_mean(values):
    """Σ density · 2^place is the mean code, whatever the numbers."""
    shares = densities(values)
    largest = np.abs(values).max()
    if shares is None:
        assert largest == 0 or (values == values[0]).all()
        return
    mean_code = np.dot(shares, 2.0 ** np.arange(7, -1, -1))
    assert mean_code == pytest.approx((values.astype(float) / largest).mean() * 127 + 127, abs=0.51)
    assert all(0 <= d <= 1 for d in shares)


@pytest.mark.parametrize("values", [[], [3.0, 3.0], [0.0], [1.0, np.inf], [1.0, np.nan]])
def test_what_says_nothing_gives_nothing(values):
    assert densities(np.array(values)) is None


def test_a_large_tensor_is_sampled_closely():
    values = np.random.default_rng(0).standard_normal(3_000_000)
    whole = [densities(part) for part in np.split(values, 3)]
    assert np.allclose(densities(values), np.mean(whole, axis=0), atol=0.01)


X, SHAPE = tensor("x", (1, 3, 9, 9)), (8, 3, 3, 3)


def test_weights_in_the_file_are_used_also_through_views(tmp_path):
    values = np.random.default_rng(3).standard_normal((24, 9)).astype(np.float32)
    nodes = [node("Reshape", "vs", ["w"]), node("Conv", "xw")]
    weights = [exactly("v", values, np.float32), exactly("s", SHAPE)]
    network = imported(tmp_path, model(nodes, [X], weights)).workload
    assert network.weight_statistics == ("initializer",)
    assert network.input_statistics == ("default",)
    assert network.weight_bits[0].tolist() == list(densities(values))


def test_signed_and_unsigned_bytes_tell_the_same(tmp_path):
    signed = np.random.default_rng(4).integers(-127, 128, SHAPE).astype(np.int8)
    unsigned = (signed.astype(np.int16) + 128).astype(np.uint8)
    bits = []
    for values in (signed, unsigned):
        scale = [exactly("s", 0.1, np.float32), exactly("z", 0, values.dtype)]
        nodes = [node("DequantizeLinear", "vsz", ["w"]), node("Conv", "xw")]
        proto = model(nodes, [X], [numpy_helper.from_array(values, "v"), *scale])
        bits.append(imported(tmp_path, proto).workload.weight_bits.tolist())
    assert bits[0] == bits[1]
    assert bits[0][0][0] == pytest.approx(np.mean(signed > 0), abs=0.01)


def test_weights_beside_the_file_are_defaults(tmp_path):
    weights = [beside("w", SHAPE, "weights.bin")]
    result = imported(tmp_path, model([node("Conv", "xw")], [X], weights))
    assert result.workload.weight_statistics == ("default",)
    assert result.workload.weight_bits[0].tolist() == list(DEFAULT_DENSITIES["convolution"][1])


def test_samples_are_run_and_what_layers_read_is_recorded(tmp_path):
    needs("accuracy", "onnxruntime")
    nodes = [node("Relu", "x", ["h"]), node("Conv", "hw"), node("MatMul", ["h", "h2"], ["p"])]
    nodes.insert(1, node("Transpose", ["h"], ["h2"], perm=[0, 1, 3, 2]))
    proto = model(nodes, [X], [stored("w", SHAPE)], outputs=["y", "p"])
    x = np.random.default_rng(5).standard_normal((1, 3, 9, 9)).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", x=x)
    result = imported(tmp_path, proto, samples=tmp_path / "inputs.npz")
    positive = densities(np.maximum(x, 0))
    assert result.workload.input_statistics == ("samples", "samples")
    assert result.workload.weight_statistics == ("initializer", "samples")
    assert result.workload.input_bits.tolist() == [list(positive or ())] * 2
    assert result.workload.weight_bits[1].tolist() == list(positive or ())


def test_a_file_is_read_once_also_with_samples(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="running a model needs onnxruntime")
    file, opened, open_file = tmp_path / "net.onnx", [], io.open
    proto = model([node("Conv", "xw")], [X], [stored("w", SHAPE)])
    beside = {"save_as_external_data": True, "location": "w.data", "size_threshold": 0}
    onnx.save(proto, file, **beside)
    x = np.random.default_rng(5).standard_normal((1, 3, 9, 9)).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", x=x)

    def count(path, *how, **more):
        opened.append(str(path))
        return open_file(path, *how, **more)

    monkeypatch.setattr(io, "open", count)
    network = import_onnx(file, samples=tmp_path / "inputs.npz").workload
    assert opened.count(str(file)) == 1
    assert network.provenance["sha256"] == sha256(file)
    # Weights that are read for the run only are no statistics.
    assert (network.input_statistics, network.weight_statistics) == (("samples",), ("default",))


@pytest.mark.parametrize(
    ("declared", "given"), [((7, 6), (4, 7, 6)), ((1, 7, 6), (4, 7, 6)), ((None, 7, 6), (4, 7, 6))]
)
def test_samples_may_be_those_of_accuracy(tmp_path, declared, given):
    needs("accuracy", "onnxruntime")
    proto = model([node("MatMul", "xw")], [tensor("x", declared)], [stored("w", (6, 5))])
    x = np.random.default_rng(5).standard_normal(given).astype(np.float32)
    extra = {"labels": np.zeros(4), "calibration/x": x[:1]}
    np.savez(tmp_path / "inputs.npz", x=x, **extra)
    shapes = {"x": (1, *declared[1:])} if declared[0] is None else {}
    network = imported(tmp_path, proto, samples=tmp_path / "inputs.npz", shapes=shapes).workload
    assert network.input_bits.tolist() == [list(densities(x) or ())]


@pytest.mark.parametrize(
    ("arrays_by_name", "message"),
    [
        ({"z": np.zeros(3)}, "cannot be run on"),
        ({"x": np.zeros((2, 2))}, "cannot be run on"),
        (None, r"not an \.npz file"),
    ],
)
def test_samples_that_do_not_fit_are_one_line(tmp_path, arrays_by_name, message):
    needs("accuracy", "onnxruntime")
    if arrays_by_name is None:
        (tmp_path / "inputs.npz").write_bytes(b"nothing of the kind")
    else:
        np.savez(tmp_path / "inputs.npz", **arrays_by_name)
    proto = model([node("Conv", "xw")], [X], [stored("w", SHAPE)])
    with pytest.raises(InputError, match=message) as caught:
        imported(tmp_path, proto, samples=tmp_path / "inputs.npz")
    assert "\n" not in str(caught.value)
