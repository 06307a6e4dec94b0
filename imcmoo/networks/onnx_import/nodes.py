"""One node without subgraphs: shapes and small elements of its outputs, and what it costs.

Shapes, masks and conditions are often computed by the graph itself, so elements of small tensors
are followed.

The package onnx knows its own operators; those of onnxruntime have rules here. Source: their
documentation (github.com/microsoft/onnxruntime, docs/ContribOperators.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.shape_inference import InferenceError, infer_node_outputs

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Fate, Item
from imcmoo.networks.onnx_import.call import Call, NotModelled
from imcmoo.networks.onnx_import.operators import IMPORTED, PRODUCTS
from imcmoo.networks.onnx_import.reading import ONNX_DOMAINS
from imcmoo.networks.onnx_import.tensors import (
    LARGEST_VALUE,
    Shape,
    Tensor,
    from_stored,
    from_type,
    from_value,
)

SCHEMA_DOMAINS = ("", "ai.onnx.ml")
"""Domains whose operators the package onnx knows: ONNX's own, and those of classic learning."""

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's operators; optimised files put some of them into ONNX's own."""

STAND_INS: dict[str, tuple[str, tuple[int, ...]]] = {
    "DynamicQuantizeMatMul": ("MatMul", (0, 1)),
    "FusedConv": ("Conv", (0, 1)),
    "FusedGemm": ("Gemm", (0, 1)),
    "MatMulIntegerToFloat": ("MatMul", (0, 1)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearReduceMean": ("ReduceMean", (0,)),
}
"""Operators whose output is shaped like that of one of ONNX's, with the inputs that decide it."""

LIKE_FIRST_INPUT = frozenset(
    """
    BiasAdd BiasGelu BiasSoftmax DequantizeLinear FastGelu Gelu GroupNorm GroupQueryAttention
    LayerNormalization MultiHeadAttention QLinearLeakyRelu QLinearSigmoid QLinearSoftmax
    QuantizeLinear QuickGelu RotaryEmbedding SimplifiedLayerNormalization SkipGroupNorm
    SkipLayerNormalization SkipSimplifiedLayerNormalization
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Operators whose first output has the shape of the first input."""


def _like_first(call: Call) -> list[Shape | None]:
    return [call.sizes(0)]


def _recurrent(call: Call) -> list[Shape | None]:
    steps, weights = call.sizes(0), call.sizes(2)
    if steps is None or weights is None:
        return []
    length, batch, _ = steps
    directions, hidden, _ = weights
    state = (directions, batch, hidden)
    return [(length, directions, batch, hidden), state, state]


def _projected(call: Call) -> list[Shape | None]:
    sequence, weights = call.sizes(0), call.sizes(1)
    sizes = call.positives("qkv_hidden_sizes", 3)
    if sequence is None or weights is None or weights[1] is None:
        return []
    return [(*sequence[:2], sizes[2] if sizes else weights[1] // 3)]


def _blocks(call: Call) -> list[Shape | None]:
    rows, columns = call.sizes(0), call.positive("N")
    return [(*rows[:-1], columns)] if rows and columns else []


def _fused_product(call: Call) -> list[Shape | None]:
    a, b = call.sizes(0), call.sizes(1)
    if a is None or b is None or min(len(a), len(b)) < 2:
        return []
    rows = a[-1] if call.attributes.get("transA") else a[-2]
    columns = b[-2] if call.attributes.get("transB") else b[-1]
    return [(*(a[:-2] if len(a) >= len(b) else b[:-2]), rows, columns)]


def _embedding(call: Call) -> list[Shape | None]:
    tokens, table = call.sizes(0), call.sizes(2)
    return [(*tokens, table[1])] if tokens and table else []


def _joined(call: Call) -> list[Shape | None]:
    """Each part comes with its scale and zero point; the output's come first."""
    parts = [call.sizes(i) for i in range(2, len(call.inputs), 3)]
    first, axis = parts[0] if parts else None, call.whole("axis")
    if first is None or axis is None or any(p is None or None in p for p in parts):
        return []
    if not -len(first) <= axis < len(first):
        raise InputError(f"attribute 'axis' is {axis}, of a tensor of {len(first)} axes")
    at = axis % len(first)
    length = sum(p[at] or 0 for p in parts if p)
    return [(*first[:at], length, *first[at + 1 :])]


SHAPE_RULES: dict[str, Callable[[Call], list[Shape | None]]] = {
    **dict.fromkeys(LIKE_FIRST_INPUT, _like_first),
    "Attention": _projected,
    "DynamicQuantizeLSTM": _recurrent,
    "EmbedLayerNormalization": _embedding,
    "FusedMatMul": _fused_product,
    "MatMulNBits": _blocks,
    "QAttention": _projected,
    "QLinearConcat": _joined,
}
"""Operators with a rule for the shapes of their first outputs, as far as these are known."""

TYPED_LIKE = {
    "DequantizeLinear": 1,
    "EmbedLayerNormalization": 2,
    "QAttention": 3,
    "QLinearConcat": 1,
    "QuantizeLinear": 2,
}
"""Index of the input whose element type the outputs take, by operator; 0 for others."""


def infer_outputs(call: Call) -> list[Tensor] | None:
    """Shapes and types of a node's outputs; None if the operator is not known.

    Raises:
        InputError: the inputs do not fit together, or the node lacks an attribute.
    """
    node = call.node
    domain = "" if node.domain in ONNX_DOMAINS else node.domain
    if domain in SCHEMA_DOMAINS and domain in call.opsets:
        try:
            schema = onnx.defs.get_schema(node.op_type, call.opsets[domain], domain)
        except onnx.defs.SchemaError:
            schema = None
        if schema is not None and not schema.deprecated:
            return _infer(schema, call)
    return _infer_microsoft(call)


def _infer(schema: onnx.defs.OpSchema, call: Call) -> list[Tensor]:
    named = {n: t for n, t in zip(call.node.input, call.inputs, strict=True) if t is not None}
    if any(t.element == 0 and t.other is None for t in named.values()):
        return [Tensor() for _ in call.node.output]  # output of an unknown operator
    values = {n: t.value for n, t in named.items() if t.value is not None}
    try:
        types = infer_node_outputs(
            schema,
            call.node,
            {n: t.type_proto() for n, t in named.items()},
            {n: onnx.numpy_helper.from_array(value) for n, value in values.items()},
            opset_imports=[onnx.helper.make_opsetid(d, v) for d, v in call.opsets.items()],
        )
    except (InferenceError, onnx.checker.ValidationError, ValueError) as error:
        raise InputError(str(error).removeprefix("[ShapeInferenceError] ")) from None
    return [
        from_type(types[n], f"tensor '{n}'") if n in types else Tensor() for n in call.node.output
    ]


def _infer_microsoft(call: Call) -> list[Tensor] | None:
    """One of onnxruntime's own operators: the rule for its shape, or ONNX's operator like it."""
    node, inputs = call.node, call.inputs
    if node.domain not in (*ONNX_DOMAINS, MICROSOFT) or not inputs or inputs[0] is None:
        return None
    typed_like = TYPED_LIKE.get(node.op_type, 0)
    typed = inputs[typed_like] if typed_like < len(inputs) else None
    unknown = [Tensor(element=(typed or inputs[0]).element) for _ in node.output]
    if node.op_type in SHAPE_RULES:
        shapes = SHAPE_RULES[node.op_type](call)
        made = [replace(t, shape=shape) for t, shape in zip(unknown, shapes, strict=False)]
        return made + unknown[len(made) :]
    if node.op_type not in STAND_INS:
        return None
    operator, chosen = STAND_INS[node.op_type]
    schema = onnx.defs.get_schema(operator)
    stand_in = onnx.NodeProto(op_type=operator, output=node.output[:1])
    stand_in.input.extend(node.input[i] for i in chosen)
    stand_in.attribute.extend(a for a in node.attribute if a.name in schema.attributes)
    taken = [inputs[i] for i in chosen]
    floats = [None if t is None else Tensor(t.shape, onnx.TensorProto.FLOAT) for t in taken]
    newest = {"": onnx.defs.onnx_opset_version()}
    return [*_infer(schema, Call(stand_in, call.name, floats, newest)), *unknown[1:]]


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


def fold(call: Call, outputs: Sequence[Tensor]) -> list[NDArray[Any]] | None:
    """The elements of a node's outputs, whose shapes are inferred already; None if they are
    unknown, many or of no use."""
    operator, inputs = call.node.op_type, call.inputs
    if operator in ("Shape", "Size"):
        return _shape_of(call)
    if operator not in FOLDED or not any(inputs):
        return None
    if any(tensor is not None and tensor.value is None for tensor in inputs):
        return None
    sizes = [None if tensor.known is None else prod(tensor.known) for tensor in outputs]
    if operator not in BOUNDED and any(n is None or n > LARGEST_VALUE for n in sizes):
        return None
    return _run(call)


def _shape_of(call: Call) -> list[NDArray[Any]] | None:
    tensor = call.optional(0)
    if tensor is None or tensor.known is None:
        return None
    if call.node.op_type == "Size":
        return [np.array(prod(tensor.known), dtype=np.int64)]
    part = slice(call.attributes.get("start", 0), call.attributes.get("end"))
    return [np.array(tensor.known[part], dtype=np.int64)]


def _run(call: Call) -> list[NDArray[Any]] | None:
    """One node through ONNX's own reference evaluator."""
    feeds = {
        name: tensor.value
        for name, tensor in zip(call.node.input, call.inputs, strict=True)
        if tensor is not None
    }
    opset = [onnx.helper.make_opsetid(domain, version) for domain, version in call.opsets.items()]
    outputs = [name for name in call.node.output if name]
    function = onnx.helper.make_function("", "one_node", list(feeds), outputs, [call.node], opset)
    try:
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(function).run(None, feeds, attributes={})
    except Exception:  # the evaluator raises any NumPy error; the value stays unknown
        return None
    return [np.asarray(v) for v in values] if all(v is not None for v in values) else None


# Outputs and costs of a node.

VIEWS = frozenset(
    """
    Cast DequantizeLinear Flatten Identity QuantizeLinear Reshape Squeeze Transpose Unsqueeze
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Operators whose output holds the same weights as their first input."""

RANDOM = frozenset(
    """
    Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Operators that give another output each time, whatever they read."""


def visit(call: Call) -> tuple[list[Tensor], Item]:
    """Outputs of a node without subgraphs, and what became of it.

    Raises:
        InputError: its inputs do not fit together, or it lacks an attribute.
    """
    operator, name = call.operator, call.name
    if operator == "Constant":
        return [_constant(call.node)], Item(operator, name, Fate.FREE)
    inferred = infer_outputs(call)
    outputs = _with_values(call, inferred or [Tensor() for _ in call.node.output])
    if outputs and all(tensor.constant for tensor in outputs):
        return outputs, Item(operator, name, Fate.FREE)  # done once, before the network runs
    if operator in IMPORTED:
        return outputs, _imported(replace(call, outputs=outputs))
    if inferred is not None and operator not in PRODUCTS:
        return outputs, Item(operator, name, Fate.FREE)
    why = "no layer is like it" if operator in PRODUCTS else "the operator is not known"
    return outputs, Item(operator, name, Fate.NOT_MODELLED, reason=why, macs_known=False)


def _imported(call: Call) -> Item:
    operator, name = call.operator, call.name
    try:
        rows = tuple(row for row in IMPORTED[operator](call) if row.macs)
    except NotModelled as error:
        rows = error.rows
        return Item(operator, name, Fate.NOT_MODELLED, rows, str(error), macs_known=bool(rows))
    return Item(operator, name, Fate.IMPORTED if rows else Fate.FREE, rows)


def _constant(node: onnx.NodeProto) -> Tensor:
    """The tensor that a `Constant` node holds, without elements where it is text or sparse."""
    root = node.output[0]
    attribute = node.attribute[0] if node.attribute else onnx.AttributeProto()
    proto = attribute.t
    if attribute.name != "value":
        kinds = {"value_float": np.float32, "value_int": np.int64}
        kind = kinds.get(attribute.name.removesuffix("s"))
        if kind is None:
            return Tensor(element=onnx.TensorProto.STRING, constant=True, root=root)
        value = onnx.helper.get_attribute_value(attribute)
        proto = numpy_helper.from_array(np.array(value, dtype=kind))
    return replace(from_stored(proto, f"tensor '{root}'"), root=root)


def _with_values(call: Call, outputs: Sequence[Tensor]) -> list[Tensor]:
    """Add what is known of the outputs' elements, and whether they are constant."""
    operator = call.node.op_type
    present = [tensor for tensor in call.inputs if tensor is not None]
    values = fold(call, outputs)
    constant = operator not in RANDOM and all(tensor.constant for tensor in present)
    constant |= values is not None and operator in ("Shape", "Size")
    seen = present[0] if present and operator in VIEWS and constant else None
    return [
        replace(
            from_value(values[i]) if values else tensor,
            constant=constant,
            root=seen.root if seen else (call.node.output[i] if constant else None),
            data=seen.data if seen else None,
        )
        for i, tensor in enumerate(outputs)
    ]
