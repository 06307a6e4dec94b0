"""Shapes of onnxruntime's own operators, of which the package onnx knows nothing.

Source: the operators' documentation (github.com/microsoft/onnxruntime, docs/ContribOperators.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx

from imcmoo.networks.onnx_import.tensors import Shape, Tensor, attribute_of

MICROSOFT = "com.microsoft"
"""Their domain; optimised files put some of them into ONNX's own."""

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

Rule = Callable[[onnx.NodeProto, Sequence[Tensor | None]], list[Shape | None]]
"""From a node and its inputs to the shapes of its first outputs."""


def _like_first(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    return [inputs[0].shape if inputs[0] else None]


def _recurrent(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    steps, weights = _shape(inputs, 0), _shape(inputs, 2)
    if steps is None or weights is None:
        return []
    length, batch, _ = steps
    directions, hidden, _ = weights
    state = (directions, batch, hidden)
    return [(length, directions, batch, hidden), state, state]


def _projected(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    sequence, weights = _shape(inputs, 0), _shape(inputs, 1)
    if sequence is None or weights is None or weights[1] is None:
        return []
    sizes = attribute_of(node, "qkv_hidden_sizes")
    return [(*sequence[:2], sizes.ints[2] if sizes else weights[1] // 3)]


def _blocks(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    rows, columns = _shape(inputs, 0), attribute_of(node, "N")
    return [(*rows[:-1], columns.i)] if rows and columns else []


def _fused_product(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    a, b = _shape(inputs, 0), _shape(inputs, 1)
    if a is None or b is None or min(len(a), len(b)) < 2:
        return []
    turned = [attribute_of(node, name) for name in ("transA", "transB")]
    rows = a[-1] if turned[0] and turned[0].i else a[-2]
    columns = b[-2] if turned[1] and turned[1].i else b[-1]
    return [(*(a[:-2] if len(a) >= len(b) else b[:-2]), rows, columns)]


def _embedding(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    tokens, table = _shape(inputs, 0), _shape(inputs, 2)
    return [(*tokens, table[1])] if tokens and table else []


def _joined(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Shape | None]:
    """Each part comes with its scale and zero point; the output's come first."""
    parts = [_shape(inputs, i) for i in range(2, len(inputs), 3)]
    axis = attribute_of(node, "axis")
    first = parts[0] if parts else None
    if first is None or axis is None or any(p is None or None in p for p in parts):
        return []
    at = axis.i % len(first)
    length = sum(p[at] or 0 for p in parts if p)
    return [(*first[:at], length, *first[at + 1 :])]


SHAPE_RULES: dict[str, Rule] = {
    **dict.fromkeys(LIKE_FIRST_INPUT, _like_first),
    "Attention": _projected,
    "DynamicQuantizeLSTM": _recurrent,
    "EmbedLayerNormalization": _embedding,
    "FusedMatMul": _fused_product,
    "MatMulNBits": _blocks,
    "QAttention": _projected,
    "QLinearConcat": _joined,
}
"""Operators with a rule of their own."""


def _shape(inputs: Sequence[Tensor | None], index: int) -> Shape | None:
    tensor = inputs[index] if index < len(inputs) else None
    return tensor.shape if tensor is not None else None
