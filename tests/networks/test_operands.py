"""Moments of operands: consistent, and from the recorded histograms."""

import gzip
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.networks import build_histograms
from imcmoo.networks.operands import (
    OperandBits,
    generic_operands,
    line_changes,
    operand_bits,
    slice_averages,
    slice_moments,
    twos_complement,
)
from imcmoo.networks.workloads import SHIPPED, TRUE_NETWORKS, Workload
from tests.reference import records

halves = st.lists(st.floats(0.001, 1), min_size=3, max_size=15)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_layer_of_every_network_has_moments(name):
    workload = Workload.load(name)
    moments = operand_bits(workload)
    assert len(moments) == len(workload)
    for joint in (moments.inputs, moments.inputs_offset, moments.weights, moments.magnitudes):
        alone = np.einsum("nkk->nk", joint)
        assert np.all((joint >= 0) & (joint <= 1 + 1e-9))
        assert np.all(joint <= np.minimum(alone[:, :, None], alone[:, None, :]) + 1e-9)
        np.testing.assert_allclose(joint, joint.transpose(0, 2, 1))


@given(halves, st.sampled_from([1, 2, 3, 4, 8]), st.integers(4, 8))
def test_slices_put_together_are_the_operand(half, width, bits):
    symmetric = np.array([half[:0:-1] + half])
    moments = OperandBits.from_histograms(symmetric, symmetric)
    means, squares = slice_moments(moments.weights, bits, width)
    whole, _ = slice_moments(moments.weights, bits, bits)
    place = 2.0 ** (width * np.arange(means.shape[1]))
    np.testing.assert_allclose(means @ place, whole[:, 0])
    assert np.all(squares >= means**2 - 1e-9)
    # A symmetric operand is on average in the middle of its offset codes.
    if bits == 8:
        assert whole[0, 0] == pytest.approx(128, abs=0.5)


@pytest.mark.parametrize(("width", "exact"), [(1, True), (2, True), (3, False), (4, False)])
def test_means_of_a_function_of_slices_are_those_of_the_codes(width, exact):
    weights = np.random.default_rng(0).random((1, 256)) ** 4
    weights /= weights.sum()
    moments = OperandBits.from_codes(weights, weights, weights, np.array([False]))

    def function(share):
        return (0.009 + 0.4 * share - 0.38 * share**4) ** 2

    averages = slice_averages(moments.weights, 8, width, function)
    for at, low in enumerate(range(0, 8, width)):
        levels = np.arange(256) >> low & 2 ** min(width, 8 - low) - 1
        expected = weights[0] @ function(levels / levels.max())
        assert averages[0, at] == pytest.approx(expected, rel=1e-9 if exact else 0.03)


@pytest.mark.parametrize("clip", [1.0, 0.7, 0.3])
def test_clipped_weights_are_those_of_single_weights(clip):
    rng, half = np.random.default_rng(0), 8
    histogram = np.exp(-0.5 * (np.arange(-half, half + 1) / 3) ** 2)[None]
    histogram /= histogram.sum()
    moments = OperandBits.from_histograms(histogram, histogram, clip)
    bins = rng.choice(2 * half + 1, 200_000, p=histogram[0]) - half
    # Weights lie anywhere in their bin; what is cut off is that of the middles.
    units = (bins + rng.uniform(-0.5, 0.5, len(bins))) * 127 / (half * clip)
    codes = np.clip(np.rint(units), -127, 127).astype(int)
    for joint, values in ((moments.weights, codes + 128), (moments.magnitudes, np.abs(codes))):
        bits = joint.shape[1]
        (mean,), (square,) = (v[:, 0] for v in slice_moments(joint, bits, bits))
        assert mean == pytest.approx(values.mean(), rel=0.01, abs=0.2)
        assert square == pytest.approx((values.astype(float) ** 2).mean(), rel=0.01)
    beyond = np.maximum(np.abs(bins) * 127 / (half * clip) - 127, 0)
    assert moments.cut[0] == pytest.approx((beyond**2).mean(), rel=0.02)


def test_inputs_that_are_never_negative_are_unsigned_and_their_zero_is_zero():
    inputs = np.array([[0, 0, 0.75, 0, 0.25]])
    moments = OperandBits.from_histograms(inputs, inputs)
    assert not moments.signed[0]
    mean, _ = slice_moments(moments.inputs, 8, 8)
    assert 0.25 * 190 < mean[0, 0] < 0.25 * 255
    offset, _ = slice_moments(moments.inputs_offset, 8, 8)
    assert offset[0, 0] > 128


@records.wants_full
def test_what_ships_is_what_was_recorded():
    source = records.FOLDERS["full"] / "histograms.csv.gz"
    recorded = build_histograms.read(source)
    with np.load(build_histograms.SHIPPED, allow_pickle=False) as shipped:
        assert set(shipped.files) == set(recorded)
        for name, values in recorded.items():
            np.testing.assert_array_equal(shipped[name], values)


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Stands in for the shipped file."""
    monkeypatch.setattr(build_histograms, "SHIPPED", tmp_path / "shipped.npz")
    return tmp_path / "shipped.npz"


def alexnet_rows():
    layers = Workload.load("alexnet").layers
    return [f"alexnet,{name},inputs,{i} 0.5" for i, name in enumerate(layers)]


def write_histograms(folder, rows):
    path = folder / "histograms.csv.gz"
    with gzip.open(path, "wt") as stream:
        stream.write("\n".join(["workload,layer,operand,probabilities", *rows]))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], r"the layers of alexnet\.inputs are not those"),
        (lambda rows: [*rows, rows[0]], r"the layer \S+ of alexnet\.inputs is listed twice"),
    ],
    ids=["a layer is missing", "a layer is listed twice"],
)
def test_histograms_of_other_layers_are_refused(packed, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        build_histograms.main([str(write_histograms(tmp_path, change(alexnet_rows())))])
    assert not packed.exists()


def test_histograms_are_packed_in_the_order_of_layers_or_nothing_is_written(
    packed, tmp_path, monkeypatch
):
    layers = Workload.load("alexnet").layers
    source = write_histograms(tmp_path, reversed(alexnet_rows()))
    build_histograms.main([str(source)])
    with np.load(packed) as written:
        assert written.files == ["alexnet.inputs"]
        expected = [[i, 0.5] for i in range(len(layers))]
        assert written["alexnet.inputs"].tolist() == expected
    before = packed.read_bytes()

    def write_half(stream, **_):
        stream.write(b"half")
        raise OSError("no room")

    monkeypatch.setattr(np, "savez_compressed", write_half)
    with pytest.raises(OSError, match="no room"):
        build_histograms.main([str(source)])
    assert packed.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [source.name, packed.name]


def test_the_packing_of_histograms_has_a_help(packed, capsys):
    with pytest.raises(SystemExit) as left:
        build_histograms.main(["--help"])
    assert left.value.code == 0
    assert "HISTOGRAMS.csv.gz" in capsys.readouterr().out
    assert not packed.exists()


def test_where_nothing_was_recorded_convolutions_follow_a_rectifier():
    network = Workload.load("resnet50_onnx")
    convolution = np.array([kind == "Conv" for kind in network.kinds])
    assert operand_bits(network).signed.tolist() == (~convolution).tolist()
    assert operand_bits(Workload.load("gpt2_medium_onnx")).signed.all()


def test_operands_are_generic_where_nothing_was_recorded_of_most_layers():
    generic = {name for name in (*SHIPPED, *TRUE_NETWORKS) if generic_operands(Workload.load(name))}
    assert generic == {"resnet50", "resnet50_onnx"}
    # A network with the name of a shipped one, but other layers, has none of its histograms.
    alexnet = Workload.load("alexnet")
    assert not generic_operands(alexnet)
    assert generic_operands(replace(alexnet, shapes=alexnet.shapes + 1))
    assert generic_operands(replace(alexnet, name="mine"))


def moments_of(codes):
    """Moments of 8-bit codes, one layer, which stand for inputs and weights."""
    share = np.bincount(codes, minlength=256)[None] / len(codes)
    return OperandBits.from_codes(share, share, share, np.array([False])).inputs


@pytest.mark.parametrize(
    ("codes", "bits", "signed", "expected"),
    [
        (np.arange(256), 8, False, (4, 4, 4, 4)),
        (np.arange(256), 6, False, (3, 3, 4, 3)),
        (np.array([0x55]), 8, False, (8, 0, 0, 0)),
        (np.array([(-3 * 4) + 128]), 6, True, (2, 2, 2, 0)),
    ],
)
def test_changes_of_input_lines_are_those_counted_by_hand(codes, bits, signed, expected):
    found = [line_changes(moments_of(codes), bits, b, np.array([signed])) for b in (1, 2, 4, 8)]
    np.testing.assert_allclose(np.ravel(found), expected, atol=1e-12)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(4, 9))
def test_changes_of_lines_and_ones_are_those_of_drawn_codes(bits, signed):
    """Inputs drawn one after the other and sent slice by slice, two's complement if signed."""
    rng = np.random.default_rng(bits)
    codes = np.clip(rng.normal(140, 20, 200_000), 0, 255).astype(int)
    joint, is_signed = moments_of(codes), np.array([signed])
    values = (codes >> (8 - bits)) - (signed << (bits - 1))
    for width in (1, 2, 4, 8):
        slices = -(-bits // width)
        kept = values & ((1 << bits) - 1) if not signed else values
        lines = kept[:, None] >> np.arange(slices * width) & 1
        sent = lines.reshape(-1, width)
        counted = (sent[1:] != sent[:-1]).sum() / len(codes)
        assert line_changes(joint, bits, width, is_signed) == pytest.approx(counted, rel=0.01)
    ones = ((values & ((1 << bits) - 1))[:, None] >> np.arange(bits) & 1).sum() / len(codes)
    found = twos_complement(joint, bits, is_signed)
    assert np.einsum("nkk->n", found) == pytest.approx(ones, rel=1e-9)


def test_the_ones_of_small_positive_weights_lack_the_sign():
    """With an offset of 128 their top bit is 1; in two's complement it is 0."""
    joint = moments_of(np.array([128 + 1, 128 + 3]))
    assert np.einsum("nkk->n", joint) == pytest.approx(2.5)
    assert np.einsum("nkk->n", twos_complement(joint, 8, np.array([True]))) == pytest.approx(1.5)
