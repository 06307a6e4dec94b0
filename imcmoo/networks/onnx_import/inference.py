"""Shapes of a node's outputs from those of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx
from onnx.shape_inference import InferenceError, infer_node_outputs

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.reading import ONNX_DOMAINS
from imcmoo.networks.onnx_import.tensors import Tensor, from_type

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators."""

STAND_INS: dict[str, tuple[str, tuple[int, ...]]] = {
    "DynamicQuantizeMatMul": ("MatMul", (0, 1)),
    "FusedConv": ("Conv", (0, 1)),
    "FusedGemm": ("Gemm", (0, 1)),
    "MatMulIntegerToFloat": ("MatMul", (0, 1)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
    "QLinearReduceMean": ("ReduceMean", (0,)),
}
"""Operators of onnxruntime whose output is shaped like that of one of ONNX's, with the inputs that
decide it."""

LIKE_FIRST_INPUT = frozenset(
    """
    BiasGelu BiasAdd BiasSoftmax BiasSplitGelu Dequantize DequantizeLinear FastGelu Gelu GroupNorm
    LayerNormalization QLinearLeakyRelu QLinearSigmoid QLinearSoftmax QuantizeLinear QuickGelu
    RotaryEmbedding SimplifiedLayerNormalization SkipGroupNorm SkipLayerNormalization
    SkipSimplifiedLayerNormalization GroupQueryAttention MultiHeadAttention
    """.split()  # noqa: SIM905  a list would take a line per name
)
"""Operators of onnxruntime whose first output has the shape of the first input."""


def infer_outputs(
    node: onnx.NodeProto, inputs: Sequence[Tensor | None], opsets: Mapping[str, int]
) -> list[Tensor] | None:
    """Shapes and types of a node's outputs.

    Args:
        node: the node; one with subgraphs has no business here.
        inputs: its inputs in order, None for one left out.
        opsets: version of each operator set.

    Returns:
        A tensor per output, or None if the operator is not known.

    Raises:
        InputError: the inputs do not fit together, or the node lacks an attribute.
    """
    if node.domain in ONNX_DOMAINS and "" in opsets:
        try:
            schema = onnx.defs.get_schema(node.op_type, opsets[""])
        except onnx.defs.SchemaError:
            schema = None
        if schema is not None and not schema.deprecated:
            return _infer(schema, node, inputs, opsets)
    return _infer_microsoft(node, inputs)


def _infer(
    schema: onnx.defs.OpSchema,
    node: onnx.NodeProto,
    inputs: Sequence[Tensor | None],
    opsets: Mapping[str, int],
) -> list[Tensor]:
    named = {n: t for n, t in zip(node.input, inputs, strict=True) if t is not None}
    data = {
        n: onnx.numpy_helper.from_array(t.value) for n, t in named.items() if t.value is not None
    }
    try:
        types = infer_node_outputs(
            schema,
            node,
            {n: t.type_proto() for n, t in named.items()},
            data,
            opset_imports=[onnx.helper.make_opsetid(d, v) for d, v in opsets.items()],
        )
    except (InferenceError, onnx.checker.ValidationError) as error:
        reason = " ".join(str(error).split())
        raise InputError(reason.removeprefix("[ShapeInferenceError] ")) from None
    return [from_type(types[n], f"tensor '{n}'") if n in types else Tensor() for n in node.output]


def _infer_microsoft(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Tensor] | None:
    if not inputs or inputs[0] is None:
        return None
    unknown = [Tensor() for _ in node.output[1:]]
    if node.op_type in LIKE_FIRST_INPUT:
        return [Tensor(inputs[0].shape, inputs[0].element), *unknown]
    if node.op_type not in STAND_INS:
        return None
    operator, chosen = STAND_INS[node.op_type]
    schema = onnx.defs.get_schema(operator)
    stand_in = onnx.NodeProto(op_type=operator, output=node.output[:1])
    stand_in.input.extend(node.input[i] for i in chosen)
    stand_in.attribute.extend(a for a in node.attribute if a.name in schema.attributes)
    floats = [_as_float(inputs[i]) for i in chosen]
    return [*_infer(schema, stand_in, floats, {"": onnx.defs.onnx_opset_version()}), *unknown]


def _as_float(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else Tensor(tensor.shape, onnx.TensorProto.FLOAT)
