"""Files that are broken, absurd or hostile: each is one line, exit code 2, and nothing written."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from imcmoo.cli.main import main
from tests.networks.onnx_import.models import (
    FLOAT,
    TensorProto,
    exactly,
    helper,
    model,
    node,
    stored,
    tensor,
    walk,
)

X = tensor("x", (1, 3, 9, 9))
W = stored("w", (8, 3, 3, 3))
HUGE = 10**9

FILES: dict[str, tuple[Callable[[], bytes], str]] = {}
"""Name of each file: how it is made, and what must be said of it."""


def file(message: str):
    """Put a maker of bytes or of a model into the table of files."""

    def add(make):
        def as_bytes():
            made = make()
            return made if isinstance(made, bytes) else made.SerializeToString()

        FILES[make.__name__] = (as_bytes, message)
        return make

    return add


def conv(*, x=X, w=W, stored_too=(), **attributes):
    return model([node("Conv", "xw", **attributes)], [x], [w, *stored_too])


def bare(name, shape, location=None):
    """A stored tensor without its data, perhaps with a word on where they are."""
    kept = TensorProto(name=name, dims=shape, data_type=FLOAT)
    if location is not None:
        kept.data_location = TensorProto.EXTERNAL
        kept.external_data.add(key="location", value=location)
    return kept


def graph_of(nodes, outputs=("z",)):
    made = [helper.make_tensor_value_info(o, FLOAT, None) for o in outputs]
    return helper.make_graph(list(nodes), "inner", [], made)


@file("not an ONNX file")
def empty():
    return b""


@file("not an ONNX file")
def text():
    return b"name,C,M\na,1,2\n" * 50


@file("not an ONNX file")
def truncated():
    whole = conv().SerializeToString()
    return whole[: len(whole) // 2]


@file("not an ONNX file")
def last_byte_missing():
    return conv().SerializeToString()[:-1]


@file("not an ONNX file")
def random_bytes():
    return np.random.default_rng(0).bytes(4096)


@file("without any node")
def no_nodes():
    return model([], [X], outputs=["x"])


@file("the graph has no output")
def no_outputs():
    return model([node("Conv", "xw")], [X], [W], outputs=[])


@file("opset 999 of ONNX; the installed onnx")
def opset_of_the_future():
    return model([node("Conv", "xw")], [X], [W], opset=999)


@file("opset 0 of ONNX")
def opset_zero():
    return model([node("Conv", "xw")], [X], [W], opset=0)


@file("does not say which opset")
def opset_missing():
    made = conv()
    del made.opset_import[:]
    return made


@file("outside the model's folder: '../../secret'")
def weights_above():
    return conv(w=bare("w", (8, 3, 3, 3), "../../secret"))


@file("outside the model's folder: '/etc/passwd'")
def weights_from_the_root():
    return conv(w=bare("w", (8, 3, 3, 3), "/etc/passwd"))


@file("outside the model's folder: 'data.\\..\\secret'")
def weights_above_on_windows():
    return conv(w=bare("w", (8, 3, 3, 3), "data.\\..\\secret"))


@file("outside the model's folder: '../secret'")
def weights_above_in_a_branch():
    value = bare("w", (8, 3, 3, 3), "../secret")
    branch = graph_of([node("Constant", [], ["v"], value=value), node("Conv", "xv", "z")])
    chosen = node("If", ["c"], then_branch=branch, else_branch=branch)
    return model([chosen], [X], [exactly("c", True, bool)])


@file("the graph runs in a circle through")
def circle():
    nodes = [node("Add", "xb", ["a"]), node("Conv", "aw", ["b"])]
    return model(nodes, [X], [W], outputs=["b"])


@file("the graph runs in a circle through 'y'")
def node_that_reads_itself():
    return model([node("Conv", "yw")], [X], [W])


@file("two nodes write the tensor 'y'")
def tensor_made_twice():
    return model([node("Conv", "xw"), node("Conv", "xw", name="again")], [X], [W])


@file("nothing makes the tensor 'v'")
def tensor_made_by_nothing():
    return model([node("Conv", "xv")], [X], [W])


@file("nothing makes the tensor 'q'")
def output_made_by_nothing():
    return model([node("Conv", "xw")], [X], [W], outputs=["y", "q"])


@file("is more than 2^40 elements")
def input_of_1e18_elements():
    return conv(x=tensor("x", (1, 3, HUGE, HUGE)))


@file("is more than 2^40 elements")
def weight_of_1e18_elements():
    return conv(w=bare("w", (HUGE, HUGE)))


@file("is more than 2^40 elements")
def constant_of_a_huge_shape():
    nodes = [node("ConstantOfShape", "s", ["w"]), node("MatMul", "xw")]
    return model(nodes, [tensor("x", (1, HUGE))], [exactly("s", [HUGE, HUGE])])


@file("is more than 2^40 elements")
def expansion_to_a_huge_shape():
    nodes = [node("Expand", "xs", ["e"]), node("MatMul", "ew")]
    return model(
        nodes, [tensor("x", (1, 1))], [exactly("s", [HUGE, HUGE]), stored("w", (HUGE, 1)[1:])]
    )


@file("is more than 2^40 elements")
def padding_without_end():
    return conv(pads=[HUGE] * 4)


@file("more than 2^62 multiply-accumulates")
def window_without_end():
    return conv(x=tensor("x", (1, 1, 1 << 20, 1 << 20)), w=bare("w", (1, 1, 1 << 19, 1 << 19)))


@file("a negative size")
def negative_size():
    return conv(w=bare("w", (8, 3, -3, 3)))


@file("nested too deeply")
def nested_beyond_reading():
    """Graphs in attributes in nodes in graphs, 5,000 times; by hand, as no library writes it."""

    def field(number: int, content: bytes) -> bytes:
        length, size = len(content), b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + content

    graph = b""
    for _ in range(5000):
        graph = field(1, field(5, field(6, graph)))
    return field(7, graph)


@file("nest more than 32 deep")
def functions_that_call_themselves():
    own = helper.make_function(
        "own",
        "f",
        ["x"],
        ["y"],
        [node("f", "x", domain="own")],
        [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)],
    )
    return model([node("f", "x", domain="own")], [X], functions=[own], domains=["own"])


@file("runs more than 2,000 nodes")
def functions_that_call_ten_others():
    functions = []
    for level in range(9):
        inner = f"f{level + 1}" if level < 8 else "Relu"
        domain = "own" if level < 8 else ""
        names = ["x", *(f"t{i}" for i in range(9)), "y"]
        calls = [helper.make_node(inner, [a], [b], domain=domain) for a, b in pairwise(names)]
        opsets = [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)]
        functions.append(helper.make_function("own", f"f{level}", ["x"], ["y"], calls, opsets))
    return model([node("f0", "x", domain="own")], [X], functions=functions, domains=["own"])


@file("takes 864")
def data_shorter_than_the_shape():
    short = bare("w", (8, 3, 3, 3))
    short.raw_data = b"1234"
    return conv(w=short)


@file("element type 99 is not one of ONNX's")
def element_type_of_no_kind():
    odd = bare("w", (8, 3, 3, 3))
    odd.data_type, odd.raw_data = 99, b"1234"
    return conv(w=odd)


@file("node 'conv' (Conv)")
def channels_that_do_not_fit():
    return conv(w=stored("w", (8, 4, 3, 3)))


@file("node 'conv' (Conv)")
def weight_of_another_rank():
    return conv(w=stored("w", (8, 3, 3)))


@file("node 'conv' (Conv)")
def stride_of_zero():
    return conv(strides=[0, 0])


@file("node 'conv' (Conv)")
def group_of_zero():
    return conv(group=0)


@file("node 'conv' (Conv)")
def groups_that_do_not_divide():
    return conv(group=5)


@file("node 'conv' (Conv)")
def one_operand():
    return model([node("Conv", "x")], [X], [W])


@file("node 'matmul' (MatMul)")
def inner_sizes_that_differ():
    return model([node("MatMul", "xw")], [tensor("x", (2, 3))], [stored("w", (4, 5))])


@file("lacks the graph 'else_branch'")
def branch_missing():
    branch = graph_of([node("Conv", "xw", "z")])
    return model([node("If", ["c"], then_branch=branch)], [X], [W, exactly("c", False, bool)])


@file("its body does not read what it is given")
def loop_without_inputs():
    body = graph_of([node("Conv", "xw", "z")])
    return model(
        [node("Loop", ["n", "c"], body=body)], [X], [W, exactly("n", 3), exactly("c", True, bool)]
    )


@file("node 'einsum' (Einsum)")
def einsum_without_equation():
    return model([node("Einsum", "xv")], [X, tensor("v", (9, 9))])


@file("sizes stay open: input 'x', axis 0 (symbol n)")
def size_left_open():
    return conv(x=tensor("x", ("n", 3, 9, 9)))


@file("no layer that multiplies matrices")
def no_layer():
    return model([node("Relu", "x")], [X])


@file("the operator is not known")
def only_unknown_operators():
    return model([node("Mystery", "x", domain="nobody")], [X], domains=["nobody"])


def _attention(operator, **heads):
    inputs = [tensor("q", (2, 60, 384)), tensor("k", (2, 100, 384)), tensor("v", (2, 100, 384))]
    return model([node(operator, "qkv", **heads)], inputs, domains=["com.microsoft"], opset=23)


@file("must be positive")
def attention_without_heads():
    return _attention("Attention", q_num_heads=0, kv_num_heads=0)


@file("do not fit together")
def attention_whose_heads_are_text():
    return _attention("MultiHeadAttention", domain="com.microsoft", num_heads="many")


@file("do not fit together")
def attention_of_onnxruntime_without_heads():
    return _attention("MultiHeadAttention", domain="com.microsoft", num_heads=0)


@file("do not fit together")
def grouped_attention_without_heads():
    return _attention("GroupQueryAttention", domain="com.microsoft", num_heads=0, kv_num_heads=0)


def _scan(**attributes):
    body = helper.make_graph(
        [node("MatMul", ["entry", "w"], ["kept"])],
        "body",
        [tensor("entry", (2, 8))],
        [tensor("kept", (2, 8))],
    )
    scan = node("Scan", "x", body=body, num_scan_inputs=1, **attributes)
    return model([scan], [tensor("x", (5, 2, 8))], [stored("w", (8, 8))])


@file("scans along axis 7 of a tensor of 3 axes")
def scan_along_an_axis_there_is_not():
    return _scan(scan_input_axes=[7])


@file("scans along axis -9 of a tensor of 3 axes")
def scan_along_an_axis_before_the_first():
    return _scan(scan_input_axes=[-9])


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_one_line_and_leaves_nothing(tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr(walk, "MOST_NODES", 2000)  # the real bound takes ten seconds
    make, message = FILES[name]
    path = tmp_path / "bad.onnx"
    path.write_bytes(make())
    summary = ["--summary", str(tmp_path / "net.json")]
    assert main(["import", str(path), "--out", str(tmp_path / "net.csv"), *summary]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"imcmoo: error: {path}: ")
    assert message in said.err
    assert said.err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.onnx"]
    assert said.out == ""
