"""Networks that are cut at their mapped layers."""

import os

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime")

import onnx
from onnx import TensorProto, helper

from imcmoo.accuracy.graph import CutNetwork
from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import import import_onnx
from tests.accuracy.networks import cut, real, saved
from tests.networks.onnx_import.models import exactly, model, node, tensor


def in_float(layer, inputs, tensors):
    """A layer computed as the simulation lays it out, but in float."""
    product = layer.apply(inputs, 0, lambda v: v @ layer.weights.astype(np.float32))
    return layer.with_bias(product, tensors)


def assert_pieces_equal_the_whole(network, inputs):
    whole = network.run_whole(inputs)
    pieces = network.run(inputs, in_float)
    for name, expected in whole.items():
        assert pieces[name].dtype == expected.dtype
        np.testing.assert_allclose(pieces[name], expected, rtol=1e-4, atol=1e-4)


SIZES = ((6, 5), (5, 4), (4,))
"""Shapes of the weights of two layers and of a bias."""


def sample(*shape):
    return np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)


CONVOLUTIONS = {
    "plain": ((2, 3, 9, 8), (4, 3, 3, 3), {}),
    "stride and pads": ((2, 3, 9, 8), (4, 3, 3, 2), {"strides": [2, 3], "pads": [1, 0, 2, 1]}),
    "dilation": ((1, 3, 11, 9), (4, 3, 3, 3), {"dilations": [2, 3]}),
    "groups": ((2, 6, 7, 7), (4, 3, 3, 3), {"group": 2}),
    "depthwise": ((1, 5, 7, 7), (5, 1, 3, 3), {"group": 5, "pads": [1, 1, 1, 1]}),
    "two for each channel": ((1, 3, 7, 7), (6, 1, 3, 3), {"group": 3}),
    "same, upper": ((1, 3, 8, 9), (4, 3, 3, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same, lower": ((1, 3, 8, 9), (4, 3, 3, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "one axis": ((2, 3, 12), (4, 3, 5), {"pads": [2, 2], "strides": [2]}),
    "three axes": ((1, 2, 5, 6, 7), (3, 2, 2, 3, 3), {}),
}


def convolution(folder, case):
    """A network of one convolution, and an input of it."""
    x, w, attributes = CONVOLUTIONS[case]
    nodes = [node("Conv", "xwb", **attributes), node("Relu", "y", "z")]
    network = cut(folder, nodes, [tensor("x", x)], [real("w", w), real("b", (w[0],), 2)], "z")
    return network, sample(*x)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_a_convolution_equals_that_of_onnxruntime(tmp_path, case):
    network, x = convolution(tmp_path, case)
    assert len(network.layers) == 1
    assert_pieces_equal_the_whole(network, {"x": x})


def branches(operators, read, output=("y",), **options):
    """A node that chooses one of two operators on a tensor."""
    graphs = {
        f"{name}_branch": helper.make_graph(
            [node(operator, read, [name])], name, [], [tensor(name, (2, 6))]
        )
        for name, operator in zip(("then", "else"), operators, strict=True)
    }
    return helper.make_node("If", ["c"], list(output), **graphs, **options)


CONDITION = helper.make_tensor_value_info("c", TensorProto.BOOL, ())
SQUARE = [real("w", (6, 6))]
BIASED = [real("w", (6, 3)), real("b", (3,), 2)]
TANH = node("Tanh", "a")
NETWORKS = {
    "gemm": ([node("Gemm", "xwb", "a"), TANH], BIASED, ["gemm"]),
    "transposed gemm": (
        [node("Gemm", "xwb", "a", transB=1), TANH],
        [real("w", (3, 6)), BIASED[1]],
        ["gemm"],
    ),
    "factors": ([node("Gemm", "xwb", "a", alpha=0.5, beta=2.0), TANH], BIASED, ["gemm"]),
    "factor of a computed addend": (
        [node("Mul", "xx", "c"), node("Gemm", "xwc", beta=0.5)],
        SQUARE,
        ["gemm"],
    ),
    "branches, shared weights and layers side by side": (
        [
            node("MatMul", "xw", "a", name="first"),
            node("MatMul", "aw", "b", name="second"),
            node("Add", "ax", "c"),
            node("MatMul", "cv", "d", name="third"),
            node("Mul", "db", "e"),
            node("Sub", "ea"),
        ],
        [*SQUARE, real("v", (6, 6), 3)],
        ["first", "second", "third"],
    ),
    "a product of two activations": (
        [
            node("MatMul", "xw", "a", name="stored"),
            node("Transpose", "a", "t", perm=[1, 0]),
            node("MatMul", "at", name="scores"),
        ],
        SQUARE,
        ["stored"],
    ),
    "weights in a constant, output behind identity": (
        [
            helper.make_node("Constant", [], ["w"], value=real("value", (6, 4))),
            node("MatMul", "xw", "a"),
            node("Identity", "a"),
        ],
        [],
        ["matmul"],
    ),
}
"""Nodes, what they store, and the layers that are mapped."""


@pytest.mark.parametrize("case", NETWORKS)
def test_pieces_equal_the_whole_network(tmp_path, case):
    nodes, stored, layers = NETWORKS[case]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 6))], stored)
    assert network.layer_names == layers
    assert_pieces_equal_the_whole(network, {"x": sample(4, 6)})


def test_layers_that_share_weights_have_one_matrix(tmp_path):
    nodes, stored, _ = NETWORKS["branches, shared weights and layers side by side"]
    first, second, third = cut(tmp_path, nodes, [tensor("x", ("n", 6))], stored).layers
    assert first.matrix == second.matrix != third.matrix


def test_logits_are_what_the_last_softmax_reads(tmp_path):
    nodes = [node("MatMul", "xw", "z"), node("Softmax", "z", "y")]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6))], [real("w", (6, 4))])
    inputs = {"x": sample(2, 6)}
    assert network.logits == "z"
    np.testing.assert_allclose(
        network.run(inputs, in_float)["z"], inputs["x"] @ network.layers[0].weights[0], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("shift", "sum_of", "logits"),
    [("m", "e", "z"), ("f", "e", "z"), ("c", "e", "s"), ("m", "z", "y")],
    ids=["max", "max above a constant", "constant", "no Softmax"],
)
def test_a_softmax_may_be_written_out(tmp_path, shift, sum_of, logits):
    nodes = [
        node("MatMul", "xw", "z"),
        node("ReduceMax", "z", "m", axes=[1]),
        node("Max", "mc", "f"),
        node("Sub", ["z", shift], "s"),
        node("Exp", "s", "e"),
        node("ReduceSum", [sum_of, "axes"], "t"),
        node("Div", "et", "y"),
    ]
    stored = [real("w", (6, 4)), exactly("axes", [1]), exactly("c", [[-9.0]], np.float32)]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6))], stored)
    assert network.logits == logits
    assert_pieces_equal_the_whole(network, {"x": sample(2, 6)})


@pytest.mark.parametrize("name", ["", "product"])
def test_layers_have_the_names_of_the_imported_table(tmp_path, name):
    nodes = [
        helper.make_node("MatMul", ["x", "v"], ["before"]),
        helper.make_node("Relu", ["before"], ["between"]),
        helper.make_node("MatMul", ["between", "w"], ["after"], name=name),
        helper.make_node("Add", ["after", "b"], ["y"]),
    ]
    weights = [exactly(n, np.ones(s), np.float32) for n, s in zip("vwb", SIZES, strict=True)]
    path = saved(tmp_path, model(nodes, [tensor("x", (2, 6))], weights))
    assert CutNetwork(path).layer_names == [*import_onnx(path).workload.layers]
    assert CutNetwork(path).layer_names == ["before", name or "after"]


def test_a_single_layer_can_be_mapped(tmp_path):
    nodes = [node("MatMul", "xw", "a", name="first"), node("MatMul", "aw", name="second")]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6))], SQUARE, only=["second"])
    assert [layer.name for layer in network.layers] == ["second"]
    assert_pieces_equal_the_whole(network, {"x": sample(2, 6)})


def test_layers_in_control_flow_are_refused(tmp_path):
    nodes = [branches(("MatMul", "MatMul"), "xw", name="choice")]
    with pytest.raises(InputError, match="MatMul inside If 'choice'"):
        cut(tmp_path, nodes, [tensor("x", (2, 6)), CONDITION], SQUARE)


@pytest.mark.parametrize(
    ("made", "shape", "message"),
    [
        (node("Conv", "xw", name="c", group=0), (4, 3, 3, 3), "layer c has 4 channels in 0 groups"),
        (node("Conv", "xw", name="c", group=-1), (4, 3, 3, 3), "4 channels in -1 groups"),
        (node("Conv", "xw", name="c"), (0, 3, 3, 3), r"weights of shape \(0, 3, 3, 3\), so none"),
    ],
)
def test_a_layer_without_groups_or_weights_is_refused(tmp_path, made, shape, message):
    weights = exactly("w", np.ones(shape), np.float32)
    with pytest.raises(InputError, match=message):
        cut(tmp_path, [made], [tensor("x", (1, 3, 8, 8))], [weights])


def test_a_network_without_stored_weights_is_refused(tmp_path):
    with pytest.raises(InputError, match="no Conv, Gemm, MatMul, LSTM, GRU, RNN has"):
        cut(tmp_path, [node("Relu", "x")], [tensor("x", (2, 6))])


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_what_is_no_network_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "net.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"net\.onnx") as raised:
        CutNetwork(path)
    assert "\n" not in str(raised.value)


def test_graphs_inside_a_node_get_the_tensors_they_read(tmp_path):
    nodes = [
        node("MatMul", "xw", "a", name="first"),
        node("MatMul", "aw", "b", name="second"),
        branches(("Add", "Mul"), "aa", "i"),
        node("Add", "bi"),
    ]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6)), CONDITION], SQUARE)
    assert_pieces_equal_the_whole(network, {"x": sample(2, 6), "c": np.array(False)})


def recurrent(operator, directions=1, **attributes):
    """A recurrent layer with all states as outputs, and what it stores."""
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[operator]
    outputs = ["y", "h", "c"][: 2 + (operator == "LSTM")]
    inputs = ["x", "w", "r", "b", "", "h0", *["c0"] * (operator == "LSTM")]
    layer = node(operator, inputs, outputs, name="rnn", hidden_size=4, **attributes)
    sizes = {"w": (gates * 4, 5), "r": (gates * 4, 4), "b": (2 * gates * 4,), "c0": (2, 4)}
    weights = [real(n, (directions, *size), at) for at, (n, size) in enumerate(sizes.items())]
    return layer, outputs, weights


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(
    ("operator", "attributes"),
    [("LSTM", {}), ("GRU", {}), ("GRU", {"linear_before_reset": 1}), ("RNN", {})],
)
def test_a_recurrent_layer_equals_that_of_onnxruntime(tmp_path, operator, attributes, direction):
    directions = 2 if direction == "bidirectional" else 1
    layer, outputs, weights = recurrent(operator, directions, direction=direction, **attributes)
    before = node("Tanh", "s", ["h0"])
    shapes = [tensor("x", (7, 2, 5)), tensor("s", (directions, 2, 4))]
    network = cut(tmp_path, [before, layer], shapes, weights, outputs)
    third = operator == "GRU" and not attributes
    assert len(network.layers) == directions * (2 + third)
    assert_pieces_equal_the_whole(network, {"x": sample(7, 2, 5), "s": sample(directions, 2, 4)})


def test_a_single_matrix_of_a_recurrent_layer_can_be_mapped(tmp_path):
    layer, outputs, weights = recurrent("LSTM")
    shapes = [tensor("x", (7, 2, 5)), tensor("h0", (1, 2, 4))]
    network = cut(tmp_path, [layer], shapes, weights, outputs, only=["rnn/hidden"])
    assert [layer.name for layer in network.layers] == ["rnn/hidden"]
    assert network.layer_names == ["rnn/input", "rnn/hidden"]
    assert_pieces_equal_the_whole(network, {"x": sample(7, 2, 5), "h0": sample(1, 2, 4)})


def test_a_recurrent_layer_of_another_kind_runs_in_float(tmp_path):
    layer, outputs, weights = recurrent("LSTM", clip=0.5)
    after = node("MatMul", "hv", "z", name="last")
    shapes = [tensor("x", (7, 2, 5)), tensor("h0", (1, 2, 4))]
    stored = [*weights, real("v", (4, 3))]
    network = cut(tmp_path, [layer, after], shapes, stored, [*outputs, "z"])
    assert network.layer_names == ["last"]
    assert_pieces_equal_the_whole(network, {"x": sample(7, 2, 5), "h0": sample(1, 2, 4)})


def test_stored_tensors_of_a_branch_are_its_own(tmp_path):
    graphs = {
        f"{name}_branch": helper.make_graph(
            [node("Add", ["a", "k"], [name])], name, [], [tensor(name, (2, 6))], [real("k", (6,))]
        )
        for name in ("then", "else")
    }
    choice = helper.make_node("If", ["c"], ["y"], **graphs)
    nodes = [node("MatMul", "xw", "a"), choice]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6)), CONDITION], SQUARE)
    assert_pieces_equal_the_whole(network, {"x": sample(2, 6), "c": np.array(True)})


def test_a_layer_in_a_branch_names_the_input_that_chooses_it(tmp_path):
    nodes = [node("Equal", ["rate", "high"], ["c"]), branches(("MatMul", "MatMul"), "xw")]
    stored = [*SQUARE, exactly("high", 16000)]
    inputs = [tensor("x", (2, 6)), tensor("rate", (), TensorProto.INT64)]
    with pytest.raises(InputError, match="depends on the input rate; store it in the file"):
        cut(tmp_path, nodes, inputs, stored)


@pytest.mark.parametrize("operator", ["RandomNormalLike", "RandomUniform", "Bernoulli", "Dropout"])
def test_a_network_that_draws_random_numbers_is_refused(tmp_path, operator):
    read = {"Dropout": ["a", "", "t"], "RandomUniform": []}.get(operator, ["a"])
    shape = {"shape": [2, 6]} if operator == "RandomUniform" else {}
    nodes = [node("MatMul", "xw", "a"), node(operator, read, "r", name="draw", **shape)]
    stored = [*SQUARE, exactly("t", True, bool)]
    with pytest.raises(InputError, match=r"net\.onnx: node .* draws random numbers"):
        cut(tmp_path, nodes, [tensor("x", (2, 6))], stored, "r")


ENDLESS_BODIES = {
    "a sum": [node("Identity", "g", ["g2"]), node("Add", "vv", ["v2"])],
    "constants": [node("Constant", "", ["g2"], value=exactly("", True, bool))],
    "nothing": [],
}
"""Nodes of the body of a loop from "g" and "v" to, where they are made, "g2" and "v2"."""


def endless(body):
    """A loop without end."""
    made = {name for one in ENDLESS_BODIES[body] for name in one.output}
    last = [f"{name}2" if f"{name}2" in made else name for name in "gv"]
    body = helper.make_graph(
        ENDLESS_BODIES[body],
        "body",
        [tensor("i", (), TensorProto.INT64), tensor("g", (), TensorProto.BOOL), tensor("v", None)],
        [tensor(last[0], (), TensorProto.BOOL), tensor(last[1], None)],
    )
    return helper.make_node("Loop", ["", "on", "a"], ["y"], body=body, name="loop")


@pytest.mark.parametrize("body", ENDLESS_BODIES)
def test_a_loop_without_an_end_is_ended(body, tmp_path, monkeypatch):
    monkeypatch.setattr("imcmoo.networks.onnx_import.onnx_run.MAX_CPU_S", 0.05)
    nodes = [node("MatMul", "xw", "a"), endless(body)]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6))], [*SQUARE, exactly("on", True, bool)])
    with pytest.raises(InputError, match="a Loop or Scan has not ended"):
        network.run_whole({"x": sample(2, 6)})


def test_a_scan_of_empty_slices_without_number_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("imcmoo.networks.onnx_import.onnx_run.MAX_CPU_S", 0.05)
    body = helper.make_graph(
        [node("Tanh", "v", ["v2"])],
        "body",
        [tensor("v", None), tensor("slice", None)],
        [tensor("v2", None)],
    )
    nodes = [
        node("MatMul", "xw", "a"),
        node("ConstantOfShape", ["shape"], ["slices"]),
        node("Scan", ["a", "slices"], "y", body=body, num_scan_inputs=1),
    ]
    stored = [*SQUARE, exactly("shape", [2**40, 0])]
    network = cut(tmp_path, nodes, [tensor("x", (2, 6))], stored)
    with pytest.raises(InputError, match="a Loop or Scan has not ended"):
        network.run_whole({"x": sample(2, 6)})


def test_a_loop_that_ends_has_its_number_of_steps(tmp_path):
    loop = endless("a sum")
    loop.input[0] = "three"
    stored = [*SQUARE, exactly("on", True, bool), exactly("three", 3)]
    network = cut(tmp_path, [node("MatMul", "xw", "a"), loop], [tensor("x", (2, 6))], stored)
    outputs = network.run_whole({"x": sample(2, 6)})
    once = cut(tmp_path, [node("MatMul", "xw", "y")], [tensor("x", (2, 6))], SQUARE)
    expected = 8 * once.run_whole({"x": sample(2, 6)})["y"]
    np.testing.assert_array_equal(outputs["y"], expected)


def test_weights_in_a_file_beside_the_network(tmp_path):
    proto = model([node("MatMul", "xw", "y")], [tensor("x", (2, 6))], SQUARE)
    where = {"location": "net.data", "size_threshold": 0}
    onnx.save(proto, tmp_path / "net.onnx", save_as_external_data=True, **where)
    assert_pieces_equal_the_whole(CutNetwork(tmp_path / "net.onnx"), {"x": sample(2, 6)})
    (tmp_path / "net.data").unlink()
    with pytest.raises(InputError, match=r"keeps weights in .*net\.data, which does not exist"):
        CutNetwork(tmp_path / "net.onnx")


def beside(folder, location, **more):
    """A network whose weights are at a location beside it."""
    proto = model([node("MatMul", "xw", "y")], [tensor("x", (2, 6))], SQUARE)
    held = proto.graph.initializer[0]
    (folder / "w.data").write_bytes(held.raw_data)
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        held.external_data.add(key=key, value=value)
    onnx.save(proto, folder / "net.onnx")
    return folder / "net.onnx"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("folder", "in folder, which is no regular file$"),
        ("fifo", "in fifo, which is no regular file$"),
        ("", "in ., which is no regular file$"),
        ("a\nb", r"in 'a\\nb', which does not exist$"),
        ("a" * 5000, r"in a{100}\.\.\., which cannot be read: File name too long$"),
    ],
    ids=["folder", "pipe", "empty", "odd", "long"],
)
def test_what_cannot_hold_weights_is_named(tmp_path, location, message):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match=message):
        CutNetwork(beside(tmp_path, location))


@pytest.mark.filterwarnings("error")
def test_unknown_keys_of_weights_beside_a_network_are_ignored_silently(tmp_path):
    assert CutNetwork(beside(tmp_path, "w.data", color="red")).layers


def test_a_network_in_half_precision(tmp_path):
    half = TensorProto.FLOAT16
    nodes = [node("MatMul", "xw", "a", name="one"), node("MatMul", "av")]
    stored = [exactly(n, sample(6, 6), np.float16) for n in "wv"]
    proto = model(nodes, [tensor("x", (2, 6), half)], stored)
    proto.graph.output[0].type.tensor_type.elem_type = half
    network = CutNetwork(saved(tmp_path, proto))
    assert len(network.layers) == 2
    assert_pieces_equal_the_whole(network, {"x": sample(2, 6).astype(np.float16)})


def test_integer_inputs_reach_the_pieces(tmp_path):
    nodes = [
        node("Gather", ["table", "i"], ["x"]),
        node("MatMul", "xw", "a"),
        node("Reshape", ["a", "shape"], ["y"]),
    ]
    stored = [real("table", (9, 6)), real("w", (6, 4)), exactly("shape", [-1])]
    network = cut(tmp_path, nodes, [tensor("i", ("n",), TensorProto.INT64)], stored)
    assert_pieces_equal_the_whole(network, {"i": np.array([1, 8, 3])})


def test_a_product_of_the_first_state_is_no_layer_of_the_table_nor_of_the_chip(tmp_path):
    """Networks whose loops are unrolled begin with a state of zeros, of the size of the batch."""
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], end=1),
        helper.make_node("Concat", ["n", "size"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["state"]),
        helper.make_node("MatMul", ["state", "r"], ["first"], name="first"),
        helper.make_node("MatMul", ["x", "w"], ["read"], name="read"),
        helper.make_node("Add", ["first", "read"], ["h"]),
        helper.make_node("MatMul", ["h", "r"], ["y"], name="second"),
    ]
    stored = [real("w", (6, 5)), real("r", (5, 5)), exactly("size", np.array([5]))]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 6))], stored)
    assert network.layer_names == ["read", "second"]
    assert_pieces_equal_the_whole(network, {"x": sample(3, 6)})
    imported = import_onnx(tmp_path / "net.onnx", dims={"n": 1})
    assert list(imported.workload.layers) == network.layer_names


def test_a_shape_that_depends_on_values_keeps_its_products(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["read"], name="read"),
        helper.make_node("NonZero", ["read"], ["places"]),
        helper.make_node("Shape", ["places"], ["n"], start=1),
        helper.make_node("Concat", ["n", "size"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["state"], value=one()),
        helper.make_node("MatMul", ["state", "r"], ["first"], name="first"),
        helper.make_node("ReduceSum", ["first", "axis"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "read"], ["y"]),
    ]
    sizes = [exactly("size", np.array([5])), exactly("axis", np.array([0]))]
    stored = [real("w", (6, 5)), real("r", (5, 5)), *sizes]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 6))], stored)
    assert network.layer_names == ["read", "first"]
    assert_pieces_equal_the_whole(network, {"x": sample(3, 6)})


def one():
    return helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
