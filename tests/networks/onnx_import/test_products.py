"""Products of matrices in every form: what is held, what streams, what is dynamic."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.networks.onnx_import.models import (
    INT8,
    UINT8,
    imported,
    model,
    node,
    only_row,
    quantised,
    stored,
    tensor,
)


@pytest.mark.parametrize(
    ("x", "w", "attributes", "sizes"),
    [
        ((1, 64), (64, 10), {}, (64, 10, 1, 1, 1, 1, 1, 1)),
        ((7, 64), (10, 64), {"transB": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
        ((64, 7), (64, 10), {"transA": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
        ((64, 7), (10, 64), {"transA": 1, "transB": 1}, (64, 10, 7, 1, 1, 1, 1, 1)),
    ],
)
def test_gemm(tmp_path, x, w, attributes, sizes):
    bias = stored("b", (10,))
    nodes = [node("Gemm", "xwb", **attributes)]
    row = only_row(tmp_path, nodes, [tensor("x", x)], [stored("w", w), bias])
    assert row.sizes == sizes
    assert row.n_weights == np.prod(w)


@pytest.mark.parametrize(
    ("x", "w", "sizes"),
    [
        ((1, 128, 384), (384, 32), (384, 32, 128, 1, 1, 1, 1, 1)),
        ((5, 128, 384), (384, 32), (384, 32, 128, 1, 1, 1, 1, 5)),
        ((2, 5, 128, 384), (384, 32), (384, 32, 128, 1, 1, 1, 1, 10)),
        ((128, 384), (6, 384, 32), (384, 192, 128, 1, 1, 1, 1, 1)),
        ((1, 128, 384), (6, 384, 32), (384, 192, 128, 1, 1, 1, 1, 1)),
        ((6, 128, 384), (6, 384, 32), (384, 32, 128, 1, 1, 1, 6, 1)),
        ((4, 6, 128, 384), (6, 384, 32), (384, 32, 128, 1, 1, 1, 6, 4)),
        ((384,), (384, 32), (384, 32, 1, 1, 1, 1, 1, 1)),
        ((128, 384), (384,), (384, 1, 128, 1, 1, 1, 1, 1)),
    ],
)
def test_a_product_with_constant_right(tmp_path, x, w, sizes):
    row = only_row(tmp_path, [node("MatMul", "xw")], [tensor("x", x)], [stored("w", w)])
    assert row.sizes == sizes
    assert row.n_weights == np.prod(w)
    assert not row.dynamic


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


def test_integer_products(tmp_path):
    row = only_row(
        tmp_path,
        [node("MatMulInteger", "xw")],
        [tensor("x", (1, 9, 64), UINT8)],
        [stored("w", (64, 10), np.int8)],
    )
    assert row.sizes == (64, 10, 9, 1, 1, 1, 1, 1)
    nodes, weights = quantised("QLinearMatMul", (64, 10))
    row = only_row(tmp_path, nodes, [tensor("x", (9, 64), INT8)], weights)
    assert row.sizes == (64, 10, 9, 1, 1, 1, 1, 1)


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


def test_blocks_of_few_bits(tmp_path):
    """Weights in blocks of 4 bits: sizes from the attributes, not from the packed bytes."""
    nodes = [node("MatMulNBits", "xws", domain="com.microsoft", K=64, N=24, bits=4, block_size=32)]
    row = only_row(
        tmp_path,
        nodes,
        [tensor("x", (2, 9, 64))],
        [stored("w", (24, 2, 16), np.uint8), stored("s", (48,))],
        domains=["com.microsoft"],
    )
    assert row.sizes == (64, 24, 9, 1, 1, 1, 1, 2)
