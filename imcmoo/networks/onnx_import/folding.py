"""Elements of small tensors, worked out before the network runs.

Shapes, masks and conditions are often computed by the graph itself, from the shapes of its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from imcmoo.networks.onnx_import.tensors import LARGEST_VALUE, Tensor

FOLDED = frozenset(
    """
    Abs Add And Cast CastLike Ceil Clip Compress Concat ConstantOfShape CumSum Div Equal Exp Expand
    Flatten Floor Gather GatherElements GatherND Greater GreaterOrEqual Identity IsInf IsNaN Less
    LessOrEqual Log Max Min Mod Mul Neg NonZero Not OneHot Or Pad Pow Range Reciprocal ReduceMax
    ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round ScatterElements ScatterND Sign Slice
    Split Sqrt Squeeze Sub Sum Tile TopK Transpose Trilu Unsqueeze Where Xor
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Operators that shape arithmetic is made of."""

BOUNDED = frozenset({"NonZero", "Compress"})
"""Their outputs' sizes depend on data, but never exceed inputs × rank."""


def fold(
    node: onnx.NodeProto,
    inputs: Sequence[Tensor | None],
    outputs: Sequence[Tensor],
    opsets: Mapping[str, int],
) -> list[NDArray[Any]] | None:
    """The elements of a node's outputs, or None if they are unknown, many or of no use.

    Args:
        node: what computes them.
        inputs: its inputs in order, None for one left out.
        outputs: what shape inference says of its outputs.
        opsets: version of each operator set.
    """
    if node.op_type == "Shape":
        return _shape_of(node, inputs[0])
    if node.op_type == "Size":
        whole = inputs[0].known if inputs and inputs[0] else None
        return None if whole is None else [np.array(prod(whole), dtype=np.int64)]
    if node.op_type not in FOLDED or not any(inputs):
        return None
    if any(tensor is not None and tensor.value is None for tensor in inputs):
        return None
    sizes = [None if tensor.known is None else prod(tensor.known) for tensor in outputs]
    if node.op_type not in BOUNDED and any(n is None or n > LARGEST_VALUE for n in sizes):
        return None
    return _run(node, inputs, opsets)


def _shape_of(node: onnx.NodeProto, tensor: Tensor | None) -> list[NDArray[Any]] | None:
    if tensor is None or tensor.known is None:
        return None
    limits = {a.name: a.i for a in node.attribute}
    part = slice(limits.get("start", 0), limits.get("end"))
    return [np.array(tensor.known[part], dtype=np.int64)]


def _run(
    node: onnx.NodeProto, inputs: Sequence[Tensor | None], opsets: Mapping[str, int]
) -> list[NDArray[Any]] | None:
    """One node through ONNX's own reference evaluator."""
    feeds = {
        name: tensor.value
        for name, tensor in zip(node.input, inputs, strict=True)
        if tensor is not None
    }
    graph = onnx.helper.make_graph(
        [node],
        "one node",
        [onnx.helper.make_tensor_value_info(name, 0, None) for name in feeds],
        [onnx.helper.make_tensor_value_info(name, 0, None) for name in filter(None, node.output)],
    )
    opset = [onnx.helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = onnx.helper.make_model(graph, opset_imports=opset)
    try:
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(model).run(None, feeds)
    except Exception:  # the evaluator raises whatever NumPy does; an unknown value is no error here
        return None
    return [np.asarray(v) for v in values] if all(v is not None for v in values) else None


def constant_value(node: onnx.NodeProto) -> onnx.TensorProto | None:
    """The tensor that a `Constant` node holds; None where it is text or sparse."""
    attribute = node.attribute[0] if node.attribute else None
    if attribute is None:
        return None
    if attribute.name == "value":
        return attribute.t
    kind = {"value_float": np.float32, "value_int": np.int64}.get(attribute.name.removesuffix("s"))
    if kind is None:
        return None
    value = onnx.helper.get_attribute_value(attribute)
    return numpy_helper.from_array(np.array(value, dtype=kind))
