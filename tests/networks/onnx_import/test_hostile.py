"""Files that are broken, absurd or hostile: each is one line, exit code 2, and nothing written."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from tests.cli.helpers import refused
from tests.networks.onnx_import.models import (
    beside,
    exactly,
    graph_of,
    helper,
    model,
    node,
    stored,
    tensor,
    walk,
)

X = tensor("x", (1, 3, 9, 9))
W = stored("w", (8, 3, 3, 3))
TRUE = exactly("c", True, bool)
HUGE = 10**9


def conv(*, x=X, w=W, stored_too=(), **attributes):
    return model([node("Conv", "xw", **attributes)], [x], [w, *stored_too])


def without_opset():
    made = conv()
    del made.opset_import[:]
    return made


def odd_weight(**fields):
    """A convolution whose weight has other bytes or another element type than its shape says."""
    odd = beside("w", (8, 3, 3, 3))
    for name, value in fields.items():
        setattr(odd, name, value)
    return conv(w=odd)


def weights_above_in_a_branch():
    value = beside("w", (8, 3, 3, 3), "../secret")
    branch = graph_of([node("Constant", [], ["v"], value=value), node("Conv", "xv", "z")])
    chosen = node("If", ["c"], then_branch=branch, else_branch=branch)
    return model([chosen], [X], [TRUE])


def nested_beyond_reading():
    """Graphs in attributes in nodes in graphs, 5,000 times; by hand, as no library writes it."""

    def field(number, content):
        length, size = len(content), b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + content

    graph = b""
    for _ in range(5000):
        graph = field(1, field(5, field(6, graph)))
    return field(7, graph)


OPSETS = [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)]


def functions_that_call_themselves():
    call = node("f", "x", domain="own")
    function = helper.make_function("own", "f", ["x"], ["y"], [call], OPSETS)
    return model([node("f", "x", domain="own")], [X], functions=[function], domains=["own"])


def functions_that_call_ten_others():
    functions = []
    for level in range(9):
        inner, domain = (f"f{level + 1}", "own") if level < 8 else ("Relu", "")
        names = ["x", *(f"t{i}" for i in range(9)), "y"]
        calls = [helper.make_node(inner, [a], [b], domain=domain) for a, b in pairwise(names)]
        functions.append(helper.make_function("own", f"f{level}", ["x"], ["y"], calls, OPSETS))
    return model([node("f0", "x", domain="own")], [X], functions=functions, domains=["own"])


def expanded(operator, x, *weights):
    nodes = [node(*operator), node("MatMul", ["e" if "e" in operator[2] else "x", "w"])]
    return model(nodes, [tensor("x", x)], [exactly("s", [HUGE, HUGE]), *weights])


def attention(**heads):
    inputs = [tensor("q", (2, 60, 384)), tensor("k", (2, 100, 384)), tensor("v", (2, 100, 384))]
    return model([node("Attention", "qkv", **heads)], inputs, opset=23)


def of_onnxruntime(operator, x=(2, 6, 8), **attributes):
    """An operator that reads x as its first input, and as a part if it joins several."""
    nodes = [node(operator, "xwxxwx", domain="com.microsoft", **attributes)]
    return model(nodes, [tensor("x", x)], [stored("w", (8, 24))], domains=["com.microsoft"])


def scan(axis):
    made = tensor("kept", (2, 8))
    nodes = [node("MatMul", ["entry", "w"], ["kept"])]
    body = helper.make_graph(nodes, "body", [tensor("entry", (2, 8))], [made])
    scan = node("Scan", "x", body=body, num_scan_inputs=1, scan_input_axes=[axis])
    return model([scan], [tensor("x", (5, 2, 8))], [stored("w", (8, 8))])


ONE = [node("Conv", "xw")]

FILES = {
    "not an ONNX file": {
        "empty": lambda: b"",
        "text": lambda: b"name,C,M\na,1,2\n" * 50,
        "truncated": lambda: conv().SerializeToString()[:100],
        "last byte missing": lambda: conv().SerializeToString()[:-1],
        "random bytes": lambda: np.random.default_rng(0).bytes(4096),
    },
    "without any node": {"no nodes": lambda: model([], [X], outputs=["x"])},
    "the graph has no output": {"no outputs": lambda: model(ONE, [X], [W], outputs=[])},
    "opset 999 of ONNX; the installed onnx": {"future": lambda: model(ONE, [X], [W], opset=999)},
    "opset 0 of ONNX": {"opset zero": lambda: model(ONE, [X], [W], opset=0)},
    "does not say which opset": {"opset missing": without_opset},
    **{
        f"outside the model's folder: '{place}'": {
            f"weights at {place}": lambda place=place: conv(w=beside("w", (8, 3, 3, 3), place))
        }
        for place in ("../../secret", "/etc/passwd", "data.\\..\\secret")
    },
    "outside the model's folder: '../secret'": {"weights above": weights_above_in_a_branch},
    "the graph runs in a circle through": {
        "circle": lambda: model(
            [node("Add", "xb", ["a"]), node("Conv", "aw", ["b"])], [X], [W], ["b"]
        ),
    },
    "in a circle through 'y'": {"reads itself": lambda: model([node("Conv", "yw")], [X], [W])},
    "two nodes write the tensor 'y'": {
        "made twice": lambda: model([*ONE, node("Conv", "xw", name="again")], [X], [W]),
    },
    "nothing makes the tensor 'v'": {
        "made by nothing": lambda: model([node("Conv", "xv")], [X], [W])
    },
    "nothing makes the tensor 'q'": {"no output": lambda: model(ONE, [X], [W], ["y", "q"])},
    "is more than 2^40 elements": {
        "input of 1e18": lambda: conv(x=tensor("x", (1, 3, HUGE, HUGE))),
        "weight of 1e18": lambda: conv(w=beside("w", (HUGE, HUGE))),
        "huge constant": lambda: expanded(("ConstantOfShape", "s", ["w"]), (1, HUGE)),
        "huge expansion": lambda: expanded(("Expand", "xs", ["e"]), (1, 1), stored("w", (1,))),
        "endless padding": lambda: conv(pads=[HUGE] * 4),
    },
    "more than 2^62 multiply-accumulates": {
        "endless window": lambda: conv(
            x=tensor("x", (1, 1, *[1 << 20] * 2)), w=beside("w", (1, 1, *[1 << 19] * 2))
        ),
    },
    "a negative size": {"negative size": lambda: conv(w=beside("w", (8, 3, -3, 3)))},
    "nested too deeply": {"nested": nested_beyond_reading},
    "nest more than 32 deep": {"calls itself": functions_that_call_themselves},
    "runs more than 2,000 nodes": {"many calls": functions_that_call_ten_others},
    "takes 864": {"short data": lambda: odd_weight(raw_data=b"1234")},
    "element type 99 is not one of ONNX's": {
        "odd element": lambda: odd_weight(data_type=99, raw_data=b"1234"),
    },
    "node 'conv' (Conv)": {
        "channels": lambda: conv(w=stored("w", (8, 4, 3, 3))),
        "rank": lambda: conv(w=stored("w", (8, 3, 3))),
        "stride of zero": lambda: conv(strides=[0, 0]),
        "group of zero": lambda: conv(group=0),
        "indivisible groups": lambda: conv(group=5),
        "one operand": lambda: model([node("Conv", "x")], [X], [W]),
    },
    "node 'matmul' (MatMul)": {
        "inner sizes": lambda: model(
            [node("MatMul", "xw")], [tensor("x", (2, 3))], [stored("w", (4, 5))]
        ),
    },
    "lacks the graph 'else_branch'": {
        "branch missing": lambda: model(
            [node("If", ["c"], then_branch=graph_of([node("Conv", "xw", "z")]))], [X], [W, TRUE]
        ),
    },
    "its body takes 0 inputs and the node passes 2": {
        "loop without inputs": lambda: model(
            [node("Loop", ["n", "c"], body=graph_of([node("Conv", "xw", "z")]))],
            [X],
            [W, exactly("n", 3), TRUE],
        ),
    },
    "node 'einsum' (Einsum)": {
        "einsum": lambda: model([node("Einsum", "xv")], [X, tensor("v", (9, 9))]),
    },
    "sizes stay open: input 'x', axis 0 (symbol n)": {
        "open size": lambda: conv(x=tensor("x", ("n", 3, 9, 9))),
    },
    "no layer that multiplies matrices": {"no layer": lambda: model([node("Relu", "x")], [X])},
    "the operator is not known": {
        "unknown": lambda: model([node("Mystery", "x", domain="nobody")], [X], domains=["nobody"]),
    },
    "must be positive": {"no heads": lambda: attention(q_num_heads=0, kv_num_heads=0)},
    "do not fit together": {"two axes": lambda: of_onnxruntime("Attention", (6, 8))},
    "lacks the attribute 'num_heads'": {"heads missing": lambda: of_onnxruntime("Attention")},
    "lacks the attribute 'kv_num_heads'": {
        "key heads missing": lambda: of_onnxruntime("GroupQueryAttention", num_heads=4),
    },
    "attribute 'kv_num_heads' must be positive, got 0": {
        "no key heads": lambda: of_onnxruntime("GroupQueryAttention", num_heads=4, kv_num_heads=0),
    },
    **{
        f"node '{operator.lower()}' (com.microsoft.{operator}): attribute '{name}' {told}": {
            f"{name} {value} of {operator}": partial(of_onnxruntime, operator, **{name: value})
        }
        for operator, name, value, told in (
            ("QLinearConcat", "axis", [1], "must be a whole number"),
            ("QLinearConcat", "axis", 3, "is 3, of a tensor of 3 axes"),
            ("MatMulNBits", "N", [4], "must be a whole number"),
            ("MatMulNBits", "K", [4], "must be a whole number"),
            ("MatMulNBits", "N", -4, "must be positive, got -4"),
            ("MultiHeadAttention", "num_heads", [4], "must be a whole number"),
            ("MultiHeadAttention", "num_heads", "many", "must be a whole number"),
            ("MultiHeadAttention", "num_heads", -12, "must be positive, got -12"),
            ("GroupQueryAttention", "num_heads", 0, "must be positive, got 0"),
            ("DynamicQuantizeLSTM", "hidden_size", -4, "must be positive, got -4"),
            ("Attention", "qkv_hidden_sizes", 8, "must be a list of 3 positive whole numbers"),
            ("Attention", "qkv_hidden_sizes", [8, 8], "must be a list of 3 positive"),
            ("QAttention", "qkv_hidden_sizes", [8, 8, 0], "must be a list of 3 positive"),
        )
    },
    **{
        f"scans along axis {axis} of a tensor of 3 axes": {f"scan of {axis}": partial(scan, axis)}
        for axis in (7, -9)
    },
}
"""By what must be said of them: names of files, and how each is made."""


@pytest.mark.parametrize(
    ("message", "make"),
    [
        pytest.param(message, make, id=name)
        for message, files in FILES.items()
        for name, make in files.items()
    ],
)
def test_a_bad_file_is_one_line_and_leaves_nothing(tmp_path, capsys, monkeypatch, message, make):
    monkeypatch.setattr(walk, "MAX_NODES", 2000)  # the real bound takes ten seconds
    path = tmp_path / "bad.onnx"
    made = make()
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    out = ["--out", tmp_path / "net.csv", "--summary", tmp_path / "net.json"]
    line = refused(capsys, "import", path, *out)
    assert line.startswith(f"imcmoo import: error: {path}: ")
    assert message in line
    assert [p.name for p in tmp_path.iterdir()] == ["bad.onnx"]
