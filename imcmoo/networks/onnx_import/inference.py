"""Shapes of a node's outputs from those of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import onnx
from onnx.shape_inference import InferenceError, infer_node_outputs

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.microsoft import MICROSOFT, SHAPE_RULES, STAND_INS
from imcmoo.networks.onnx_import.reading import ONNX_DOMAINS
from imcmoo.networks.onnx_import.tensors import Tensor, from_type

SCHEMA_DOMAINS = ("", "ai.onnx.ml")
"""Domains whose operators the package onnx knows: ONNX's own, and those of classic learning."""


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
    domain = "" if node.domain in ONNX_DOMAINS else node.domain
    if domain in SCHEMA_DOMAINS and domain in opsets:
        try:
            schema = onnx.defs.get_schema(node.op_type, opsets[domain], domain)
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
    if any(t.element == 0 and t.other is None for t in named.values()):
        return [Tensor() for _ in node.output]  # made by an operator that is not known
    values = {n: t.value for n, t in named.items() if t.value is not None}
    try:
        types = infer_node_outputs(
            schema,
            node,
            {n: t.type_proto() for n, t in named.items()},
            {n: onnx.numpy_helper.from_array(value) for n, value in values.items()},
            opset_imports=[onnx.helper.make_opsetid(d, v) for d, v in opsets.items()],
        )
    except (InferenceError, onnx.checker.ValidationError, ValueError) as error:
        raise InputError(str(error).removeprefix("[ShapeInferenceError] ")) from None
    return [from_type(types[n], f"tensor '{n}'") if n in types else Tensor() for n in node.output]


def _infer_microsoft(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> list[Tensor] | None:
    """One of onnxruntime's own operators: the rule for its shape, or ONNX's operator like it."""
    if node.domain not in (*ONNX_DOMAINS, MICROSOFT) or not inputs or inputs[0] is None:
        return None
    unknown = [Tensor(element=inputs[0].element) for _ in node.output]
    if node.op_type in SHAPE_RULES:
        shapes = SHAPE_RULES[node.op_type](node, inputs)
        made = [replace(t, shape=shape) for t, shape in zip(unknown, shapes, strict=False)]
        return made + unknown[len(made) :]
    if node.op_type not in STAND_INS:
        return None
    operator, chosen = STAND_INS[node.op_type]
    schema = onnx.defs.get_schema(operator)
    stand_in = onnx.NodeProto(op_type=operator, output=node.output[:1])
    stand_in.input.extend(node.input[i] for i in chosen)
    stand_in.attribute.extend(a for a in node.attribute if a.name in schema.attributes)
    floats = [_as_float(inputs[i]) for i in chosen]
    newest = {"": onnx.defs.onnx_opset_version()}
    return [*_infer(schema, stand_in, floats, newest), *unknown[1:]]


def _as_float(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else Tensor(tensor.shape, onnx.TensorProto.FLOAT)
