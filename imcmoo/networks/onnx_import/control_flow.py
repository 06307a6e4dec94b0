"""Subgraphs and functions as plain graphs: attributes, conditions, what branches agree on."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.tensors import Tensor


def subgraph(node: onnx.NodeProto, name: str) -> onnx.GraphProto:
    """A graph among a node's attributes.

    Raises:
        InputError: there is none.
    """
    for attribute in node.attribute:
        if attribute.name == name and attribute.HasField("g"):
            return attribute.g
    raise InputError(f"lacks the graph '{name}'")


def condition(tensor: Tensor | None) -> bool | None:
    """Value of a condition, or None if it is decided while the network runs."""
    if tensor is None or tensor.value is None or tensor.value.size != 1:
        return None
    return bool(tensor.value.reshape(-1)[0])


def agreed(first: Sequence[Tensor], second: Sequence[Tensor]) -> list[Tensor]:
    """The properties that two branches' outputs share."""
    return [
        Tensor(a.shape if a.shape == b.shape else None, a.element)
        for a, b in zip(first, second, strict=False)
    ]


def body_of(
    function: onnx.FunctionProto, node: onnx.NodeProto, inputs: Sequence[Tensor | None]
) -> tuple[list[onnx.NodeProto], dict[str, Tensor]]:
    """A function's nodes with the caller's attributes in them, and its inputs by name.

    Raises:
        InputError: more inputs than the function takes.
    """
    if len(inputs) > len(function.input):
        raise InputError(f"{len(inputs)} inputs for a function of {len(function.input)}")
    attributes = {a.name: a for a in function.attribute_proto} | {a.name: a for a in node.attribute}
    named = dict(zip(function.input, inputs, strict=False))
    scope = {name: tensor for name, tensor in named.items() if tensor is not None}
    left_out = set(function.input) - set(scope)
    return [_filled(inner, attributes, left_out) for inner in function.node], scope


def _filled(
    node: onnx.NodeProto, given: dict[str, onnx.AttributeProto], left_out: set[str]
) -> onnx.NodeProto:
    """The node with references to the function's attributes replaced, here and in subgraphs."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.attribute[:]
    copy.input[:] = ["" if name in left_out else name for name in node.input]
    for attribute in node.attribute:
        source = given.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute
        if source is None:
            continue
        kept = copy.attribute.add()
        kept.CopyFrom(source)
        kept.name = attribute.name
        if kept.HasField("g"):
            inner = [_filled(n, given, left_out) for n in kept.g.node]
            del kept.g.node[:]
            kept.g.node.extend(inner)
    return copy
