"""Branches, loops and functions: walked through where it is settled which way they go."""

import pytest

from imcmoo.io.errors import InputError
from tests.networks.onnx_import.models import (
    FLOAT,
    INT64,
    TensorProto,
    exactly,
    graph_of,
    helper,
    imported,
    model,
    node,
    onnx,
    stored,
    tensor,
)

X = tensor("x", (7, 20))
WIDE, SLIM = stored("wide", (20, 30)), stored("slim", (20, 20))


def branches():
    return {
        "then_branch": graph_of([node("MatMul", ["x", "wide"], "z", name="then")]),
        "else_branch": graph_of([node("MatMul", ["x", "slim"], "z", name="else")]),
    }


@pytest.mark.parametrize(("settled", "columns"), [(True, 30), (False, 20)])
def test_a_branch_is_taken_where_its_condition_is_fixed(tmp_path, settled, columns):
    proto = model([node("If", ["c"], **branches())], [X], [WIDE, SLIM, exactly("c", settled, bool)])
    result = imported(tmp_path, proto)
    assert [row.sizes[1] for row in result.rows] == [columns]
    assert result.summary()["free"] == {"If": 1}


def test_a_value_settles_a_branch(tmp_path):
    """Networks for several sampling rates have such branches."""
    nodes = [node("Equal", ["rate", "high"], ["c"]), node("If", ["c"], **branches())]
    inputs = [X, tensor("rate", (), INT64)]
    proto = model(nodes, inputs, [WIDE, SLIM, exactly("high", 16000)])
    for rate, columns in ((16000, 30), (8000, 20)):
        result = imported(tmp_path, proto, values={"rate": (rate,)})
        assert [row.sizes[1] for row in result.rows] == [columns]
    with pytest.raises(
        InputError, match=r"its condition depends on rate: give --value rate=\.\.\."
    ):
        imported(tmp_path, proto)


def test_an_open_branch_is_not_modelled_and_counts_its_larger_side(tmp_path):
    nodes = [node("If", ["c"], ["z"], **branches()), node("MatMul", ["x", "wide"])]
    inputs = [X, tensor("c", (), TensorProto.BOOL)]
    result = imported(tmp_path, model(nodes, inputs, [WIDE, SLIM], outputs=["z", "y"]))
    (item,) = [i for i in result.account.items if i.operator == "If"]
    assert sum(row.macs for row in item.rows) == 7 * 20 * 30
    assert item.macs_known
    assert any("50.0%" in warning for warning in result.warnings)
    with pytest.raises(InputError, match="not modelled: If 'if'"):
        imported(tmp_path, model(nodes, inputs, [WIDE, SLIM], outputs=["z", "y"]), strict=True)


def test_the_branch_not_taken_may_not_fit(tmp_path):
    sides = {
        "then_branch": graph_of([node("MatMul", ["x", "bad"], "z")]),
        "else_branch": graph_of([node("Identity", "x", "z")]),
    }
    nodes = [node("If", ["c"], ["h"], **sides), node("MatMul", ["x", "wide"])]
    inputs = [X, tensor("c", (), TensorProto.BOOL)]
    proto = model(nodes, inputs, [WIDE, stored("bad", (3, 3))], outputs=["h", "y"])
    result = imported(tmp_path, proto)
    assert result.summary()["not_modelled"] == {"If": 1}
    assert any("an unknown number" in warning for warning in result.warnings)


def loop(*, ends_early=False, grows=False):
    """Five products of a state, until a condition; the state grows with each."""
    going = node("Identity", ["going"], ["still"])
    if ends_early:
        going = node("ReduceMax", ["state"], ["still"], keepdims=0)
    nodes = [going, node("MatMul", ["state", "slim"], ["made" if grows else "next"], name="step")]
    if grows:
        nodes.append(node("Concat", ["state", "made"], ["next"], axis=0))
    body = graph_of(nodes, ["still", "next"], ["i", "going", "state"])
    weights = [SLIM, exactly("n", 5), exactly("c", True, bool)]
    return model([node("Loop", ["n", "c", "x"], body=body)], [X], weights)


def test_a_loop_of_known_length_is_one_layer_with_a_batch_of_steps(tmp_path):
    result = imported(tmp_path, loop())
    (row,) = result.rows
    assert row.sizes == (20, 20, 7, 1, 1, 1, 1, 5)
    assert result.summary()["weights"] == 400
    assert result.summary()["imported"] == {"MatMul": 1}


@pytest.mark.parametrize("how", ["ends_early", "grows"])
def test_a_loop_that_depends_on_data_is_not_modelled(tmp_path, how):
    proto = loop(**{how: True})
    proto.graph.node.append(node("MatMul", ["x", "slim"], ["also"], name="also"))
    proto.graph.output.append(helper.make_tensor_value_info("also", FLOAT, None))
    result = imported(tmp_path, proto)
    assert [row.name for row in result.rows] == ["also"]
    assert result.summary()["not_modelled"] == {"Loop": 1}


def test_a_scan_runs_once_per_entry(tmp_path):
    """A simple recurrent cell: hidden = hidden · slim + entry · wide."""
    nodes = [
        node("MatMul", ["state", "slim"], ["a"], name="hidden"),
        node("MatMul", ["entry", "in"], ["b"], name="input"),
        node("Add", "ab", ["next"]),
        node("Identity", ["next"], ["kept"]),
    ]
    body = graph_of(nodes, ["next", "kept"], ["state", "entry"])
    scan = node("Scan", ["h", "x"], ["last", "each"], body=body, num_scan_inputs=1)
    after = node("MatMul", ["each", "slim"], name="after")
    inputs = [tensor("h", (2, 20)), tensor("x", (11, 2, 20))]
    result = imported(tmp_path, model([scan, after], inputs, [SLIM, stored("in", (20, 20))]))
    assert [row.sizes for row in result.rows] == [(20, 20, 2, 1, 1, 1, 1, 11)] * 3
    assert result.workload.shared_with == ("", "", "scan/hidden")


def test_a_function_is_walked_through_with_its_caller_s_attributes(tmp_path):
    inner = helper.make_node("Conv", ["a", "b"], ["c"], name="inner")
    pace = inner.attribute.add(name="strides", type=onnx.AttributeProto.INTS)
    pace.ref_attr_name = "pace"
    function = helper.make_function(
        "own", "Block", ["a", "b"], ["c"], [inner], [helper.make_opsetid("", 17)], ["pace"]
    )
    nodes = [
        node("Block", "xw", ["h"], name="one", domain="own", pace=[2, 2]),
        node("Block", "hw", ["y"], name="two", domain="own", pace=[1, 1]),
    ]
    inputs, weights = [tensor("x", (1, 8, 21, 21))], [stored("w", (8, 8, 3, 3))]
    proto = model(nodes, inputs, weights, functions=[function], domains=["own"])
    result = imported(tmp_path, proto)
    assert result.workload.layers == ("one/inner", "two/inner")
    assert [row.sizes[2:4] for row in result.rows] == [(10, 10), (8, 8)]
    assert [row.stride for row in result.rows] == [(2, 2), (1, 1)]
    assert result.workload.shared_with == ("", "one/inner")


def test_weights_that_only_share_a_name_are_not_shared(tmp_path):
    """Names inside a function are used anew at each call."""
    inner = [
        helper.make_node("Mul", ["weight", "scale"], ["scaled"], name="scaling"),
        helper.make_node("MatMul", ["a", "scaled"], ["c"], name="inner"),
    ]
    function = helper.make_function(
        "own", "Linear", ["a", "weight", "scale"], ["c"], inner, [helper.make_opsetid("", 17)]
    )
    nodes = [
        node("Linear", ["x", "one", "scale"], ["h"], name="first", domain="own"),
        node("Linear", ["h", "two", "scale"], name="second", domain="own"),
    ]
    weights = [stored(name, (20, 20), seed=ord(name[0])) for name in ("one", "two")]
    weights.append(exactly("scale", 2.0, "f4"))
    result = imported(tmp_path, model(nodes, [X], weights, functions=[function], domains=["own"]))
    assert result.workload.shared_with == ("", "")
    assert result.summary()["weights"] == 800
