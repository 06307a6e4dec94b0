"""Attention as one operator counts its two products in full."""

import pytest

from tests.networks.onnx_import.models import imported, model, node, stored, tensor

SCORES_AND_VALUES = [(32, 100, 60, 1, 1, 1, 24, 1), (100, 32, 60, 1, 1, 1, 24, 1)]
"""Batch 2, 12 heads of 32, 60 positions that ask 100."""


@pytest.mark.parametrize("axes", [3, 4])
def test_the_standard_s_own(tmp_path, axes):
    if axes == 4:
        shapes, heads = [(2, 12, 60, 32), (2, 12, 100, 32), (2, 12, 100, 32)], {}
    else:
        shapes = [(2, 60, 384), (2, 100, 384), (2, 100, 384)]
        heads = {"q_num_heads": 12, "kv_num_heads": 12}
    inputs = [tensor(n, s) for n, s in zip("qkv", shapes, strict=True)]
    result = imported(tmp_path, model([node("Attention", "qkv", **heads)], inputs, opset=23))
    assert [row.sizes for row in result.rows] == SCORES_AND_VALUES
    assert all(row.dynamic for row in result.rows)
    assert result.summary()["weights"] == 0
    if axes == 4:  # keys shared by three heads each
        inputs = [
            tensor(n, s) for n, s in zip("qkv", [shapes[0], *[(2, 4, 100, 32)] * 2], strict=True)
        ]
        result = imported(tmp_path, model([node("Attention", "qkv")], inputs, opset=23))
        assert [row.sizes[6:] for row in result.rows] == [(8, 3), (8, 3)]


def test_onnxruntime_s_with_several_heads(tmp_path):
    inputs = [tensor("q", (2, 60, 384)), tensor("k", (2, 100, 384)), tensor("v", (2, 100, 384))]
    attention = node("MultiHeadAttention", "qkv", ["h"], domain="com.microsoft", num_heads=12)
    nodes = [attention, node("MatMul", "hw")]
    proto = model(nodes, inputs, [stored("w", (384, 10))], domains=["com.microsoft"])
    rows = imported(tmp_path, proto).rows
    assert [row.sizes for row in rows[:2]] == SCORES_AND_VALUES
    assert rows[2].sizes == (384, 10, 60, 1, 1, 1, 1, 2)


def test_onnxruntime_s_that_projects_its_input(tmp_path):
    attention = node("Attention", "xw", ["h"], domain="com.microsoft", num_heads=12)
    nodes = [attention, node("MatMul", "hv")]
    weights = [stored("w", (384, 1152)), stored("v", (384, 10))]
    proto = model(nodes, [tensor("x", (2, 60, 384))], weights, domains=["com.microsoft"])
    result = imported(tmp_path, proto)
    assert [row.sizes for row in result.rows] == [
        (384, 1152, 60, 1, 1, 1, 1, 2),
        (32, 60, 60, 1, 1, 1, 24, 1),
        (60, 32, 60, 1, 1, 1, 24, 1),
        (384, 10, 60, 1, 1, 1, 1, 2),
    ]
    assert [row.dynamic for row in result.rows] == [False, True, True, False]
