"""Constant operands, and the tensors they come from, are followed through the graph."""

import numpy as np
import pytest

from tests.networks.onnx_import.models import (
    exactly,
    helper,
    imported,
    model,
    node,
    only_row,
    stored,
    tensor,
)

X = tensor("x", (1, 3, 9, 9))
SHAPE = (8, 3, 3, 3)
TRANSPOSE = node("Transpose", ["v"], ["w"], perm=[3, 2, 0, 1])


CHAINS = {
    "Constant": ([node("Constant", [], ["w"], value=stored("", SHAPE))], []),
    "ConstantOfShape": ([node("ConstantOfShape", ["s"], ["w"])], [exactly("s", SHAPE)]),
    "Identity": ([node("Identity", ["v"], ["w"])], [stored("v", SHAPE)]),
    "Transpose": ([TRANSPOSE], [stored("v", (3, 3, 3, 8))]),
    "Reshape": ([node("Reshape", "vs", ["w"])], [stored("v", (72, 3)), exactly("s", SHAPE)]),
    "Cast": ([node("Cast", ["v"], ["w"], to=1)], [stored("v", SHAPE, np.float16)]),
    "DequantizeLinear": (
        [node("DequantizeLinear", "vsz", ["w"])],
        [stored("v", SHAPE, np.int8), exactly("s", 0.1, np.float32), exactly("z", 0, np.int8)],
    ),
    "QuantizeLinear and back": (
        [node("QuantizeLinear", "vsz", ["q"]), node("DequantizeLinear", "qsz", ["w"])],
        [stored("v", SHAPE), exactly("s", 0.1, np.float32), exactly("z", 0, np.int8)],
    ),
    "arithmetic": ([node("Mul", "vs", ["w"])], [stored("v", SHAPE), exactly("s", 2, np.float32)]),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_weight_is_constant_through(tmp_path, chain):
    nodes, weights = CHAINS[chain]
    row = only_row(tmp_path, [*nodes, node("Conv", "xw")], [X], weights)
    assert not row.dynamic
    assert row.sizes == (3, 8, 7, 7, 3, 3, 1, 1)


def test_what_an_input_or_chance_makes_is_dynamic_and_a_weight_is_not(tmp_path):
    nodes = [TRANSPOSE, node("Conv", "xw")]
    assert only_row(tmp_path, nodes, [X, tensor("v", (3, 3, 3, 8))]).dynamic
    nodes = [node("RandomNormal", [], ["w"], shape=[8, 3, 3, 3]), node("Conv", "xw")]
    assert only_row(tmp_path, nodes, [X]).dynamic
    # An old file lists its weights among the inputs.
    inputs = [X, tensor("w", SHAPE)]
    assert not only_row(tmp_path, [node("Conv", "xw")], inputs, [stored("w", SHAPE)]).dynamic
    quantised = node("DynamicQuantizeLinear", "x", ["q", "s", "z"])
    nodes = [quantised, node("ConvInteger", ["q", "w", "z"])]
    assert not only_row(tmp_path, nodes, [X], [stored("w", SHAPE, np.uint8)]).dynamic


def test_an_input_quantised_on_the_way_keeps_the_weights_constant(tmp_path):
    """The QDQ form: both operands pass through pairs of quantisers."""
    scale = [exactly("s", 0.1, np.float32), exactly("z", 0, np.uint8)]
    nodes = [
        node("QuantizeLinear", "xsz", ["xq"]),
        node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("DequantizeLinear", "vsz", ["w"], name="weights"),
        node("Conv", ["xd", "w"]),
    ]
    row = only_row(tmp_path, nodes, [X], [stored("v", SHAPE, np.uint8, seed=1), *scale])
    assert not row.dynamic
    assert row.weights.root == "v"


def test_products_of_constants_cost_nothing(tmp_path):
    nodes = [node("MatMul", "uv", ["w"], name="once"), node("MatMul", "xw", name="each")]
    weights = [stored("u", (20, 4)), stored("v", (4, 11))]
    result = imported(tmp_path, model(nodes, [tensor("x", (7, 20))], weights))
    assert [row.name for row in result.rows] == ["each"]
    assert result.summary()["weights"] == 20 * 11
    assert result.summary()["free"] == {"MatMul": 1}


def test_a_weight_used_twice_is_resident_once(tmp_path):
    nodes = [
        node("MatMul", "xw", ["h"], name="first"),
        node("Transpose", "w", ["t"]),
        node("MatMul", "ht", ["i"], name="second"),
        node("MatMul", "iw", ["y"], name="third"),
    ]
    result = imported(tmp_path, model(nodes, [tensor("x", (7, 20))], [stored("w", (20, 20))]))
    assert result.workload.shared_with == ("", "first", "first")
    assert result.summary()["weights"] == 400 == result.workload.weights
    assert result.summary()["macs"] == 3 * 7 * 400


def test_shapes_that_the_graph_computes(tmp_path):
    """Flattening the way exporters write it: Shape, Gather, Unsqueeze, Concat, Reshape."""
    nodes = [
        node("Shape", "x", ["shape"]),
        node("Gather", ["shape", "zero"], ["n"], axis=0),
        node("Unsqueeze", ["n", "axes"], ["nn"]),
        node("Concat", ["nn", "minus"], ["to"], axis=0),
        node("Reshape", ["x", "to"], ["flat"]),
        node("MatMul", ["flat", "w"]),
    ]
    weights = [exactly(n, v) for n, v in (("zero", 0), ("axes", [0]), ("minus", [-1]))]
    for in_any_order in (nodes, nodes[::-1]):
        row = only_row(tmp_path, in_any_order, [X], [*weights, stored("w", (243, 5))])
        assert row.sizes == (243, 5, 1, 1, 1, 1, 1, 1)


def test_layers_of_a_file_out_of_order_follow_branch_by_branch(tmp_path):
    """The next layer is the first in the file that can run."""
    nodes = [
        node("Add", "bd"),
        node("Conv", "av", ["b"], name="left 2"),
        node("Conv", "xw", ["a"], name="left 1"),
        node("Conv", "cv", ["d"], name="right 2"),
        node("Conv", "xw", ["c"], name="right 1"),
    ]
    weights = [stored("w", SHAPE), stored("v", (8, 8, 3, 3))]
    result = imported(tmp_path, model(nodes, [X], weights))
    assert result.workload.layers == ("left 1", "left 2", "right 1", "right 2")


def test_what_feeds_no_output_is_left_out(tmp_path):
    nodes = [node("Conv", "xw"), node("Conv", "xw", ["unread"], name="dead")]
    result = imported(tmp_path, model(nodes, [X], [stored("w", SHAPE)]))
    assert len(result.rows) == 1
    assert any("1 nodes feed no output" in w for w in result.warnings)


def test_names_are_unique_printable_and_no_formulas(tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="same"),
        helper.make_node("Conv", ["a", "w"], ["b"], name="sa\nme"),
        helper.make_node("Conv", ["a", "w"], ["c"], name="sa me"),
        helper.make_node("Conv", ["a", "w"], ["d"]),
        helper.make_node("Conv", ["a", "w"], ["e"], name="=1+1"),
        helper.make_node("Sum", ["b", "c", "d", "e"], ["y"]),
    ]
    result = imported(tmp_path, model(nodes, [X], [stored("w", SHAPE)]))
    assert result.workload.layers == ("sa me", "sa me_2", "d", "_=1+1")
