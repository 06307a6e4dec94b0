"""Each operator becomes the layers it costs: what is held, what streams, what is dynamic."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imcmoo.networks.onnx_import.account import Fate
from tests.networks.onnx_import.models import (
    INT8,
    INT64,
    UINT8,
    exactly,
    imported,
    model,
    node,
    only_row,
    quantised,
    stored,
    tensor,
)

SAME = {"auto_pad": "SAME_UPPER", "strides": [2, 2]}
STORED = {
    "Conv": [
        ((1, 3, 32, 32), (8, 3, 3, 3), {"kernel_shape": [3, 3]}, (3, 8, 30, 30, 3, 3, 1, 1)),
        ((2, 3, 32, 20), (8, 3, 3, 5), {}, (3, 8, 30, 16, 3, 5, 1, 2)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"strides": [2, 1]}, (3, 8, 15, 30, 3, 3, 1, 1)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"dilations": [2, 3]}, (3, 8, 28, 26, 3, 3, 1, 1)),
        ((1, 3, 32, 32), (8, 3, 3, 3), {"pads": [1, 2, 1, 2]}, (3, 8, 32, 34, 3, 3, 1, 1)),
        ((1, 6, 9, 9), (8, 3, 3, 3), {"group": 2}, (3, 4, 7, 7, 3, 3, 2, 1)),
        ((1, 6, 9, 9), (12, 1, 3, 3), {"group": 6}, (1, 2, 7, 7, 3, 3, 6, 1)),
        ((1, 3, 31, 31), (8, 3, 3, 3), SAME, (3, 8, 16, 16, 3, 3, 1, 1)),
        ((1, 3, 9, 9), (8, 3, 2, 2), {"auto_pad": "SAME_LOWER"}, (3, 8, 9, 9, 2, 2, 1, 1)),
        ((1, 3, 9, 9), (8, 3, 3, 3), {"auto_pad": "VALID"}, (3, 8, 7, 7, 3, 3, 1, 1)),
        ((1, 3, 100), (8, 3, 5), {"strides": [4]}, (3, 8, 24, 1, 5, 1, 1, 1)),
        ((1, 4, 100), (4, 1, 5), {"group": 4, "dilations": [2]}, (1, 1, 92, 1, 5, 1, 4, 1)),
    ],
    "ConvTranspose": [
        ((1, 6, 5, 7), (6, 4, 2, 3), {"strides": [2, 2]}, (6, 4, 5, 7, 2, 3, 1, 1)),
        ((1, 6, 5, 7), (6, 4, 2, 3), {"group": 3}, (2, 4, 5, 7, 2, 3, 3, 1)),
        ((2, 6, 10), (6, 4, 4), {"strides": [2]}, (6, 4, 10, 1, 4, 1, 1, 2)),
    ],
    "Gemm": [
        ((1, 64), (64, 10), {}, (64, 10, 1, 1, 1, 1, 1, 1)),
        ((7, 64), (10, 64), {"transB": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
        ((64, 7), (64, 10), {"transA": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
        ((64, 7), (10, 64), {"transA": 1, "transB": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
    ],
    "MatMul": [
        ((1, 128, 384), (384, 32), {}, (384, 32, 128, 1, 1, 1, 1, 1)),
        ((5, 128, 384), (384, 32), {}, (384, 32, 128, 1, 1, 1, 1, 5)),
        ((2, 5, 128, 384), (384, 32), {}, (384, 32, 128, 1, 1, 1, 1, 10)),
        ((128, 384), (6, 384, 32), {}, (384, 192, 128, 1, 1, 1, 1, 1)),
        ((1, 128, 384), (6, 384, 32), {}, (384, 192, 128, 1, 1, 1, 1, 1)),
        ((6, 128, 384), (6, 384, 32), {}, (384, 32, 128, 1, 1, 1, 6, 1)),
        ((4, 6, 128, 384), (6, 384, 32), {}, (384, 32, 128, 1, 1, 1, 6, 4)),
        ((384,), (384, 32), {}, (384, 32, 1, 1, 1, 1, 1, 1)),
        ((128, 384), (384,), {}, (384, 1, 128, 1, 1, 1, 1, 1)),
    ],
}
"""Shapes of both operands, attributes, and C, M, P, Q, R, S, G, N of the layer."""


@pytest.mark.parametrize(
    ("operator", "x", "w", "attributes", "sizes"),
    [(operator, *case) for operator, cases in STORED.items() for case in cases],
)
def test_an_operator_with_a_stored_operand(tmp_path, operator, x, w, attributes, sizes):
    nodes = [node(operator, "xwb" if operator == "Gemm" else "xw", **attributes)]
    weights = [stored("w", w), stored("b", (10,))]
    row = only_row(tmp_path, nodes, [tensor("x", x)], weights)
    assert row.sizes == sizes
    assert row.n_weights == np.prod(w)
    assert not row.dynamic
    if operator == "Conv":
        rank = len(w) - 2
        assert row.stride == (*attributes.get("strides", [1] * rank), 1)[:2]
        assert row.dilation == (*attributes.get("dilations", [1] * rank), 1)[:2]
    if operator == "ConvTranspose":  # every input position meets every weight once
        assert row.macs == np.prod(x) * np.prod(w[1:])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    groups=st.integers(1, 4),
    c=st.integers(1, 4),
    m=st.integers(1, 4),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    extra=st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_positions_are_those_of_a_window_that_slides(tmp_path, groups, c, m, kernel, stride, extra):
    high, wide = (k + e for k, e in zip(kernel, extra, strict=True))
    nodes = [node("Conv", "xw", group=groups, strides=stride)]
    weights = [stored("w", (groups * m, c, *kernel))]
    row = only_row(tmp_path, nodes, [tensor("x", (1, groups * c, high, wide))], weights)
    starts = [len(range(0, e + 1, s)) for e, s in zip(extra, stride, strict=True)]
    assert row.sizes == (c, m, *starts, *kernel, groups, 1)
    assert row.macs == groups * m * c * np.prod(kernel) * np.prod(starts)


def test_a_convolution_by_an_activation_is_dynamic(tmp_path):
    inputs = [tensor("x", (1, 3, 9, 9)), tensor("w", (8, 3, 3, 3))]
    result = imported(tmp_path, model([node("Conv", "xw")], inputs))
    assert result.rows[0].dynamic
    assert result.summary()["macs_dynamic"] == result.rows[0].macs
    assert result.summary()["weights"] == 0


@pytest.mark.parametrize(
    ("operator", "operands", "deep"),
    [
        ("Conv", "xw", 4 * 2 * 27 * 6**3),  # in three dimensions
        ("DeformConv", "avo", 8 * 3 * 9 * 7**2),
    ],
)
def test_what_is_not_modelled_is_counted(tmp_path, operator, operands, deep):
    nodes = [node(operator, operands, ["z"]), node("Conv", "av", name="flat")]
    inputs = [tensor("x", (1, 2, 8, 8, 8)), tensor("a", (1, 3, 9, 9)), tensor("o", (1, 18, 7, 7))]
    weights = [stored("w", (4, 2, 3, 3, 3)), stored("v", (8, 3, 3, 3))]
    result = imported(tmp_path, model(nodes, inputs, weights, outputs=["z", "y"], opset=19))
    assert len(result.rows) == 1
    assert result.summary()["not_modelled"] == {operator: 1}
    assert result.account.macs(Fate.NOT_MODELLED) == deep
    assert result.account.share(Fate.NOT_MODELLED) == deep / (deep + result.rows[0].macs)


# Products of matrices.


def test_attention_is_counted_in_full_and_dynamic(tmp_path):
    """Batch · heads · m · n · k: 2 · 12 · 128 · 100 · 32; keys shared by heads are batch."""
    for heads, expected in ((12, (24, 1)), (1, (2, 12))):
        inputs = [tensor("q", (2, 12, 128, 32)), tensor("k", (2, heads, 32, 100))]
        row = only_row(tmp_path, [node("MatMul", "qk")], inputs)
        assert row.sizes == (32, 100, 128, 1, 1, 1, *expected)
        assert row.dynamic
    # A constant is held, also on the left.
    left = [stored("w", (11, 20))]
    row = only_row(tmp_path, [node("MatMul", "wx")], [tensor("x", (3, 20, 7))], left)
    assert row.sizes == (20, 11, 7, 1, 1, 1, 1, 3)
    assert not row.dynamic


sizes_1_to_4 = st.integers(1, 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    stack=st.lists(sizes_1_to_4, max_size=3),
    alone=st.lists(st.booleans(), min_size=3, max_size=3),
    m=sizes_1_to_4,
    n=sizes_1_to_4,
    k=sizes_1_to_4,
)
def test_multiply_accumulates_are_those_of_numpy(tmp_path, stack, alone, m, n, k):
    held = [1 if a else s for s, a in zip(stack, alone, strict=False)]
    inputs = [tensor("x", (*stack, m, k)), tensor("w", (*held, k, n))]
    row = only_row(tmp_path, [node("MatMul", "xw")], inputs)
    outputs = np.matmul(np.ones((*stack, m, k)), np.ones((*held, k, n))).size
    assert row.macs == outputs * k
    assert row.n_weights == np.prod((*held, k, n))


@pytest.mark.parametrize(
    ("operator", "x", "w", "attributes", "sizes"),
    [
        ("ConvInteger", (1, 3, 9, 9), (8, 3, 3, 3), {"strides": [2, 2]}, (3, 8, 4, 4, 3, 3, 1, 1)),
        ("QLinearConv", (1, 3, 9, 9), (6, 1, 3, 3), {"group": 3}, (1, 2, 7, 7, 3, 3, 3, 1)),
        ("MatMulInteger", (1, 9, 64), (64, 10), {}, (64, 10, 9, 1, 1, 1, 1, 1)),
        ("QLinearMatMul", (9, 64), (64, 10), {}, (64, 10, 9, 1, 1, 1, 1, 1)),
    ],
)
def test_an_operator_on_bytes(tmp_path, operator, x, w, attributes, sizes):
    nodes, weights = [node(operator, "xw", **attributes)], [stored("w", w, np.int8)]
    if operator.startswith("QLinear"):
        nodes, weights = quantised(operator, w, **attributes)
    element = INT8 if operator.startswith("QLinear") else UINT8
    row = only_row(tmp_path, nodes, [tensor("x", x, element)], weights)
    assert row.sizes == sizes
    assert not row.dynamic


@pytest.mark.parametrize(
    ("equation", "a", "b", "sizes"),
    [
        ("ij,jk->ik", (7, 20), (20, 11), (20, 11, 7, 1, 1, 1, 1, 1)),
        ("ij,kj", (7, 20), (11, 20), (20, 11, 7, 1, 1, 1, 1, 1)),
        ("bij,bjk->bik", (3, 7, 20), (3, 20, 11), (20, 11, 7, 1, 1, 1, 3, 1)),
        ("bhqd,bhkd->bhqk", (2, 3, 7, 20), (2, 3, 9, 20), (20, 9, 7, 1, 1, 1, 6, 1)),
        ("...ij,...jk->...ik", (2, 3, 7, 20), (2, 3, 20, 9), (20, 9, 7, 1, 1, 1, 6, 1)),
        ("bsh,hnd->bsnd", (2, 7, 20), (20, 3, 5), (20, 15, 7, 1, 1, 1, 1, 2)),
        ("i,j->ij", (7,), (9,), (1, 9, 7, 1, 1, 1, 1, 1)),
    ],
)
def test_einsum_of_two_operands(tmp_path, equation, a, b, sizes):
    nodes = [node("Einsum", "ab", equation=equation)]
    row = only_row(tmp_path, nodes, [tensor("a", a), tensor("b", b)])
    assert row.sizes == sizes


def test_an_einsum_element_by_element_is_free_and_of_three_not_modelled(tmp_path):
    inputs = [tensor(n, (4, 4)) for n in "abc"]
    nodes = [
        node("Einsum", "ab", ["d"], equation="ij,ij->ij"),
        node("Einsum", "dbc", ["e"], name="three", equation="ij,jk,kl->il"),
        node("MatMul", "dw", ["y"]),
    ]
    result = imported(tmp_path, model(nodes, inputs, [stored("w", (4, 4))], outputs=["e", "y"]))
    assert result.summary()["free"] == {"Einsum": 1}
    assert result.summary()["not_modelled"] == {"Einsum": 1}


# Recurrent layers: one row for each matrix of a direction, and all its steps.


@pytest.mark.parametrize(("operator", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("directions", [1, 2])
def test_a_recurrent_layer(tmp_path, operator, gates, directions):
    steps, batch, inputs, hidden = 10, 3, 20, 16
    direction = "bidirectional" if directions == 2 else "forward"
    nodes = [node(operator, "xwr", ["all", "y"], hidden_size=hidden, direction=direction)]
    weights = [
        stored("w", (directions, gates * hidden, inputs)),
        stored("r", (directions, gates * hidden, hidden)),
    ]
    result = imported(tmp_path, model(nodes, [tensor("x", (steps, batch, inputs))], weights))
    matrices = [("input", inputs, gates), ("hidden", hidden, gates)]
    if operator == "GRU":
        matrices[1:] = [("hidden", hidden, 2), ("candidate", hidden, 1)]
    ways = ("forward/", "reverse/") if directions == 2 else ("",)
    assert [(row.name, *row.sizes) for row in result.rows] == [
        (f"{operator.lower()}/{way}{part}", c, count * hidden, *[1] * 5, steps * batch)
        for way in ways
        for part, c, count in matrices
    ]
    held = directions * gates * hidden
    assert not any(result.workload.shared_with)
    assert result.summary()["macs"] == steps * batch * held * (inputs + hidden)
    assert result.summary()["weights"] == held * inputs
    assert result.summary()["weights_recurrent"] == held * hidden
    assert result.workload.weights == held * (inputs + hidden)


def test_a_quantised_lstm(tmp_path):
    steps, batch, inputs, hidden = 10, 3, 20, 16
    names = ["x", "w", "r", *[""] * 5, "ws", "wz", "rs", "rz"]
    lstm = node("DynamicQuantizeLSTM", names, ["all"], domain="com.microsoft", hidden_size=hidden)
    nodes = [lstm, node("Squeeze", ["all", "axis"], ["s"]), node("MatMul", "sv")]
    weights = [
        *(stored(n, (1, size, 4 * hidden), np.uint8) for n, size in (("w", inputs), ("r", hidden))),
        *(stored(n, (1, 4 * hidden)) for n in ("ws", "rs")),
        *(stored(n, (1, 4 * hidden), np.uint8) for n in ("wz", "rz")),
        *(stored("v", (hidden, 5)), exactly("axis", [1])),
    ]
    proto = model(nodes, [tensor("x", (steps, batch, inputs))], weights, domains=["com.microsoft"])
    *lstm, after = imported(tmp_path, proto).rows
    assert [row.sizes for row in lstm] == [
        (size, 4 * hidden, 1, 1, 1, 1, 1, steps * batch) for size in (inputs, hidden)
    ]
    assert after.sizes == (hidden, 5, batch, 1, 1, 1, 1, steps)


def test_fused_embeddings_and_quantised_attention_hand_on_floats(tmp_path):
    """Their first inputs are integers: a product of ONNX's own that follows takes floats."""
    of_microsoft = {"domain": "com.microsoft"}
    nodes = [
        node("EmbedLayerNormalization", ["i", "", "words", "places"], ["e"], **of_microsoft),
        node("MatMul", "eu", ["f"]),
        node("QuantizeLinear", "fcz", ["b"], **of_microsoft),
        node("QAttention", ["b", "w", "bias", "c", "d"], ["a"], num_heads=2, **of_microsoft),
        node("MatMul", "av"),
    ]
    weights = [
        *(stored(n, size) for n, size in (("words", (50, 8)), ("places", (12, 8)), ("u", (8, 6)))),
        *(stored("w", (6, 18), np.uint8), stored("bias", (18,)), stored("v", (6, 4))),
        *(exactly(n, 0.1, np.float32) for n in "cd"),
        exactly("z", 0, np.uint8),
    ]
    tokens = tensor("i", (2, 12), INT64)
    proto = model(nodes, [tokens], weights, domains=["com.microsoft"])
    sizes = [row.sizes[:2] for row in imported(tmp_path, proto).rows]
    assert sizes[0] == (8, 6)
    assert sizes[-1] == (6, 4)


def test_sequences_that_come_batch_first(tmp_path):
    nodes = [node("LSTM", "xwr", ["all", "y"], hidden_size=16, layout=1)]
    weights = [stored("w", (1, 64, 20)), stored("r", (1, 64, 16))]
    rows = imported(tmp_path, model(nodes, [tensor("x", (3, 10, 20))], weights)).rows
    assert [row.sizes for row in rows] == [(n, 64, 1, 1, 1, 1, 1, 30) for n in (20, 16)]


def test_recurrent_layers_share_matrices_part_by_part(tmp_path):
    nodes = [
        node("LSTM", "xwr", ["a", "h"], name="first", hidden_size=16),
        node("LSTM", ["x", "w", "r", "", "", "h"], ["all", "y"], name="second", hidden_size=16),
    ]
    weights = [stored("w", (1, 64, 20)), stored("r", (1, 64, 16))]
    proto = model(nodes, [tensor("x", (10, 3, 20))], weights)
    network = imported(tmp_path, proto).workload
    assert network.shared_with == ("", "", "first/input", "first/hidden")


# Attention as one operator counts its two products in full.


SCORES_AND_VALUES = [(32, 100, 60, 1, 1, 1, 24, 1), (100, 32, 60, 1, 1, 1, 24, 1)]
"""Batch 2, 12 heads of 32, 60 positions that ask 100."""


@pytest.mark.parametrize(
    ("q", "k", "heads", "shared"),
    [
        ((2, 60, 384), (2, 100, 384), {"q_num_heads": 12, "kv_num_heads": 12}, 1),
        ((2, 12, 60, 32), (2, 12, 100, 32), {}, 1),
        ((2, 12, 60, 32), (2, 4, 100, 32), {}, 3),  # keys shared by three heads each
    ],
)
def test_the_standard_s_own(tmp_path, q, k, heads, shared):
    inputs = [tensor("q", q), tensor("k", k), tensor("v", k)]
    result = imported(tmp_path, model([node("Attention", "qkv", **heads)], inputs, opset=23))
    expected = [(*sizes[:6], 24 // shared, shared) for sizes in SCORES_AND_VALUES]
    assert [row.sizes for row in result.rows] == expected
    assert all(row.dynamic for row in result.rows)
    assert result.summary()["weights"] == 0


# Operators of onnxruntime, whose shapes the package onnx does not know.

X = (2, 60, 384)
KEYS = (2, 100, 384)
ITS_OWN = [(32, 60, 60, 1, 1, 1, 24, 1), (60, 32, 60, 1, 1, 1, 24, 1)]
SHARED = [(32, 60, 60, 1, 1, 1, 6, 4), (60, 32, 60, 1, 1, 1, 6, 4)]
BLOCKS = {"K": 64, "N": 24, "bits": 4, "block_size": 32}
RUNTIME_OPERATORS = [
    ("BiasGelu", [X], [(384,)], {}, [], X),
    ("MultiHeadAttention", [X, KEYS, KEYS], [], {}, SCORES_AND_VALUES, X),
    ("GroupQueryAttention", [X] + 2 * [(2, 60, 96)], [], {"kv_num_heads": 3}, SHARED, X),
    ("Attention", [X], [(384, 1152)], {}, [(384, 1152, 60, 1, 1, 1, 1, 2), *ITS_OWN], X),
    ("FusedConv", [(1, 3, 9, 9)], [(8, 3, 3, 3)], {}, [(3, 8, 7, 7, 3, 3, 1, 1)], (1, 8, 7, 7)),
    ("FusedGemm", [(4, 9)], [(8, 9)], {"transB": 1}, [(9, 8, 4, 1, 1, 1, 1, 1)], (4, 8)),
    ("FusedMatMul", [(2, 9, 7)], [(9, 8)], {"transA": 1}, [(9, 8, 7, 1, 1, 1, 1, 2)], (2, 7, 8)),
    # Weights in blocks of 4 bits: sizes from the attributes, not from the packed bytes.
    (
        "MatMulNBits",
        [(2, 9, 64)],
        [(24, 2, 16), (48,)],
        BLOCKS,
        [(64, 24, 9, *[1] * 4, 2)],
        (2, 9, 24),
    ),
]
"""Shapes of activations and of what is stored, attributes, sizes of the layers, shape of the
output."""


@pytest.mark.parametrize(("operator", "read", "held", "more", "sizes", "made"), RUNTIME_OPERATORS)
def test_an_operator_of_onnxruntime(tmp_path, operator, read, held, more, sizes, made):
    """A product of ONNX's own reads what it hands on."""
    names = "abcd"[: len(read) + len(held)]
    heads = {"num_heads": 12} if operator.endswith("Attention") else {}
    nodes = [
        node(operator, names, ["h"], domain="com.microsoft", **heads, **more),
        node("MatMul", ["h", "after"]),
    ]
    inputs = [tensor(name, shape) for name, shape in zip(names, read, strict=False)]
    weights = [stored(name, shape) for name, shape in zip(names[len(read) :], held, strict=True)]
    weights.append(stored("after", (made[-1], 10)))
    proto = model(nodes, inputs, weights, domains=["com.microsoft"])
    *rows, after = imported(tmp_path, proto).rows
    assert [row.sizes for row in rows] == sizes
    assert [row.dynamic for row in rows] == [at >= len(held) for at in range(len(rows))]
    assert after.sizes[0] == made[-1]
    assert after.macs == 10 * np.prod(made)
