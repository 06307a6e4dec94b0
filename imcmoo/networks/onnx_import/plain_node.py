"""One node without subgraphs: what its outputs are, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Fate, Item
from imcmoo.networks.onnx_import.inference import constant_value, fold, infer_outputs
from imcmoo.networks.onnx_import.operators import IMPORTED, PRODUCTS
from imcmoo.networks.onnx_import.operators.call import Call, NotModelled
from imcmoo.networks.onnx_import.reading import ONNX_DOMAINS
from imcmoo.networks.onnx_import.tensors import Tensor, from_stored, from_value

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


def operator_of(node: onnx.NodeProto) -> str:
    """The operator's name, with its domain in front where that is not ONNX's own."""
    return node.op_type if node.domain in ONNX_DOMAINS else f"{node.domain}.{node.op_type}"


def visit(
    node: onnx.NodeProto, name: str, inputs: Sequence[Tensor | None], opsets: Mapping[str, int]
) -> tuple[list[Tensor], Item]:
    """Outputs of a node under a name, and what became of it. An input that is left out is None.

    Raises:
        InputError: its inputs do not fit together, or it lacks an attribute.
    """
    operator = operator_of(node)
    if operator == "Constant":
        return [_constant(node)], Item(operator, name, Fate.FREE)
    inferred = infer_outputs(node, inputs, opsets)
    outputs = _with_values(node, inputs, inferred or [Tensor() for _ in node.output], opsets)
    if outputs and all(tensor.constant for tensor in outputs):
        return outputs, Item(operator, name, Fate.FREE)  # done once, before the network runs
    if operator in IMPORTED:
        return outputs, _imported(node, operator, name, inputs, outputs)
    if inferred is not None and operator not in PRODUCTS:
        return outputs, Item(operator, name, Fate.FREE)
    why = "no layer is like it" if operator in PRODUCTS else "the operator is not known"
    return outputs, Item(operator, name, Fate.NOT_MODELLED, reason=why, macs_known=False)


def _imported(
    node: onnx.NodeProto,
    operator: str,
    name: str,
    inputs: Sequence[Tensor | None],
    outputs: Sequence[Tensor],
) -> Item:
    attributes = {a.name: _plain(a) for a in node.attribute}
    call = Call(name, operator, attributes, tuple(inputs), tuple(outputs))
    try:
        rows = tuple(row for row in IMPORTED[operator](call) if row.macs)
    except NotModelled as error:
        rows = error.rows
        return Item(operator, name, Fate.NOT_MODELLED, rows, str(error), macs_known=bool(rows))
    except KeyError as error:
        raise InputError(f"lacks the attribute {error}") from None
    return Item(operator, name, Fate.IMPORTED if rows else Fate.FREE, rows)


def _constant(node: onnx.NodeProto) -> Tensor:
    proto = constant_value(node)
    if proto is None:
        text = onnx.TensorProto.STRING
        return Tensor(element=text, constant=True, root=node.output[0])
    return replace(from_stored(proto, f"tensor '{node.output[0]}'"), root=node.output[0])


def _with_values(
    node: onnx.NodeProto,
    inputs: Sequence[Tensor | None],
    outputs: Sequence[Tensor],
    opsets: Mapping[str, int],
) -> list[Tensor]:
    """Add what is known of the outputs' elements, and whether they are constant."""
    present = [tensor for tensor in inputs if tensor is not None]
    values = fold(node, inputs, outputs, opsets)
    constant = node.op_type not in RANDOM and all(tensor.constant for tensor in present)
    constant |= values is not None and node.op_type in ("Shape", "Size")
    seen = present[0] if present and node.op_type in VIEWS and constant else None
    return [
        replace(
            from_value(values[i]) if values else tensor,
            constant=constant,
            root=seen.root if seen else (node.output[i] if constant else None),
            data=seen.data if seen else None,
        )
        for i, tensor in enumerate(outputs)
    ]


def _plain(attribute: onnx.AttributeProto) -> Any:
    """An attribute's value: numbers, text, lists of them."""
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, int | float) else list(value) if attribute.ints else value
