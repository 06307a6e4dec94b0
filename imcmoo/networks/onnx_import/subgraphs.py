"""Graphs inside nodes: branches, functions, and what loops and scans read and make in each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Item
from imcmoo.networks.onnx_import.tensors import Tensor, attribute_of


def subgraph(node: onnx.NodeProto, name: str) -> onnx.GraphProto:
    """A graph among a node's attributes.

    Raises:
        InputError: there is none.
    """
    attribute = attribute_of(node, name)
    if attribute is None or not attribute.HasField("g"):
        raise InputError(f"lacks the graph '{name}'")
    return attribute.g


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
    node: onnx.NodeProto, attributes: dict[str, onnx.AttributeProto], left_out: set[str]
) -> onnx.NodeProto:
    """The node with references to the function's attributes replaced, here and in subgraphs."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.attribute[:]
    copy.input[:] = ["" if name in left_out else name for name in node.input]
    for attribute in node.attribute:
        source = attributes.get(attribute.ref_attr_name) if attribute.ref_attr_name else attribute
        if source is None:
            continue
        kept = copy.attribute.add()
        kept.CopyFrom(source)
        kept.name = attribute.name
        if kept.HasField("g"):
            inner = [_filled(n, attributes, left_out) for n in kept.g.node]
            del kept.g.node[:]
            kept.g.node.extend(inner)
    return copy


@dataclass(frozen=True)
class Repetition:
    """A subgraph that runs several times.

    Args:
        body: the subgraph.
        inputs: tensors one step reads, in order.
        finish: from the body's outputs to the node's outputs, and the number of steps; None where
            that depends on data.
    """

    body: onnx.GraphProto
    inputs: list[Tensor]
    finish: Callable[[Sequence[Tensor]], tuple[list[Tensor], int | None]]


def loop(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> Repetition:
    """A `Loop`: its steps are known if a number bounds them and nothing else ends them.

    Raises:
        InputError: it lacks its subgraph or its inputs.
    """
    body = subgraph(node, "body")
    if len(inputs) < 2 or len(body.input) != len(inputs):
        raise InputError("its body does not read what it is given")
    limit, go_on, *carried = inputs
    counter = Tensor((), onnx.TensorProto.INT64)
    states = [_changing(tensor) for tensor in carried]
    bounded = limit is not None and limit.value is not None and limit.value.size == 1
    n = int(limit.value.reshape(-1)[0]) if bounded and limit and limit.value is not None else None

    def finish(made: Sequence[Tensor]) -> tuple[list[Tensor], int | None]:
        kept, kept_each = made[1 : 1 + len(states)], made[1 + len(states) :]
        same = all(a.shape == b.shape for a, b in zip(kept, states, strict=True))
        endless = (go_on is None or condition(go_on) is True) and _goes_on(body, made[0])
        steps = max(0, n) if n is not None and same and endless else None
        after = [t if same else Tensor(None, t.element) for t in kept]
        return after + [_stacked(t, steps) for t in kept_each], steps

    return Repetition(body, [counter, Tensor((), onnx.TensorProto.BOOL), *states], finish)


def scan(node: onnx.NodeProto, inputs: Sequence[Tensor | None]) -> Repetition:
    """A `Scan`: one step for each entry along an axis of its last inputs.

    Raises:
        InputError: it lacks its subgraph or its inputs.
    """
    body = subgraph(node, "body")
    number, along = (attribute_of(node, n) for n in ("num_scan_inputs", "scan_input_axes"))
    n_scanned = number.i if number else 0
    if not 1 <= n_scanned <= len(inputs) or len(body.input) != len(inputs):
        raise InputError("its body does not read what it is given")
    n_states = len(inputs) - n_scanned
    axes = (list(along.ints) if along else []) or [0] * n_scanned
    states = [_changing(tensor) for tensor in inputs[:n_states]]
    read = [_one_step(t, axis) for t, axis in zip(inputs[n_states:], axes, strict=False)]
    first = inputs[n_states]
    steps = first.shape[axes[0]] if first is not None and first.shape else None

    def finish(made: Sequence[Tensor]) -> tuple[list[Tensor], int | None]:
        along_first = attribute_of(node, "scan_output_axes") is None
        kept_each = [
            _stacked(t, steps) if along_first else Tensor(None, t.element) for t in made[n_states:]
        ]
        return [*made[:n_states], *kept_each], steps

    return Repetition(body, [*states, *read], finish)


def repeated(item: Item, steps: int) -> Item:
    """A node of the subgraph run once per step: weights stay, batches grow."""
    rows = []
    for row in item.rows:
        c, m, p, q, r, s, g, n = row.sizes
        rows.append(replace(row, sizes=(c, m, p, q, r, s, g, n * steps)))
    return replace(item, rows=tuple(row for row in rows if row.macs))


def _changing(tensor: Tensor | None) -> Tensor:
    """A tensor of the same shape whose elements change from step to step."""
    return Tensor() if tensor is None else Tensor(tensor.shape, tensor.element, other=tensor.other)


def _one_step(tensor: Tensor | None, axis: int) -> Tensor:
    """The slice of a tensor that one step of a scan reads, without the axis."""
    if tensor is None or not tensor.shape:
        return Tensor()
    n_axes = len(tensor.shape)
    if not -n_axes <= axis < n_axes:
        raise InputError(f"scans along axis {axis} of a tensor of {n_axes} axes")
    axis %= n_axes
    return Tensor(tensor.shape[:axis] + tensor.shape[axis + 1 :], tensor.element)


def _stacked(tensor: Tensor, steps: int | None) -> Tensor:
    """The tensors of all steps as one."""
    return Tensor(None if tensor.shape is None else (steps, *tensor.shape), tensor.element)


def _goes_on(body: onnx.GraphProto, going: Tensor) -> bool:
    """Tell whether a loop never ends itself: its condition is true or passed on."""
    if condition(going):
        return True
    handed = {n.output[0]: n.input[0] for n in body.node if n.op_type == "Identity"}
    name = body.output[0].name
    return handed.get(name, name) == body.input[1].name
