"""Graphs inside nodes: branches, functions, and what loops and scans read and make in each step.

A node without a graph or an input that it needs raises InputError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Item
from imcmoo.networks.onnx_import.call import Call
from imcmoo.networks.onnx_import.tensors import Tensor


def subgraph(call: Call, name: str) -> onnx.GraphProto:
    """A graph among a node's attributes.

    Raises:
        InputError: there is none.
    """
    for attribute in call.node.attribute:
        if attribute.name == name and attribute.HasField("g"):
            return attribute.g
    raise InputError(f"lacks the graph '{name}'")


def name_of(node: onnx.NodeProto) -> str:
    """The name of a node, else that of its first output; "" if it has neither."""
    return node.name or next(filter(None, node.output), "")


def inner_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Graphs among a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def reads(node: onnx.NodeProto) -> list[str]:
    """Tensors that a node reads from the graph it is in, also inside its subgraphs; each once."""
    names = dict.fromkeys(name for name in node.input if name)
    for graph in inner_graphs(node):
        made = {name for inner in graph.node for name in inner.output}
        made |= {t.name for t in graph.initializer} | {i.name for i in graph.input}
        made |= {t.values.name for t in graph.sparse_initializer}
        inside = [name for inner in graph.node for name in reads(inner)]
        inside += [output.name for output in graph.output]
        names |= dict.fromkeys(name for name in inside if name not in made)
    return list(names)


def inputs_behind(name: str, graph: onnx.GraphProto) -> list[str]:
    """Inputs of a network that a tensor of its main graph depends on, in the network's order."""
    makers = {output: node for node in graph.node for output in node.output}
    waiting, seen = [name], {name}
    while waiting:
        maker = makers.get(waiting.pop())
        new = set(reads(maker) if maker is not None else ()) - seen
        seen |= new
        waiting += new
    stored = {t.name for t in graph.initializer}
    return [i.name for i in graph.input if i.name in seen and i.name not in stored]


def agreed(first: Sequence[Tensor], second: Sequence[Tensor]) -> list[Tensor]:
    """The properties that two branches' outputs share."""
    return [
        Tensor(a.shape if a.shape == b.shape else None, a.element)
        for a, b in zip(first, second, strict=False)
    ]


def body_of(
    function: onnx.FunctionProto, call: Call
) -> tuple[list[onnx.NodeProto], dict[str, Tensor]]:
    """A function's nodes with the caller's attributes in them, and its inputs by name.

    Raises:
        InputError: more inputs than the function takes.
    """
    if len(call.inputs) > len(function.input):
        raise InputError(f"{len(call.inputs)} inputs for a function of {len(function.input)}")
    attributes = {a.name: a for a in [*function.attribute_proto, *call.node.attribute]}
    named = dict(zip(function.input, call.inputs, strict=False))
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
    """A subgraph that runs several times."""

    body: onnx.GraphProto
    inputs: list[Tensor]  # one step reads, in order
    finish: Callable[[Sequence[Tensor]], tuple[list[Tensor], int | None]]
    """From the body's outputs to the node's, and the number of steps; None if data decide it."""


def loop(call: Call) -> Repetition:
    """A `Loop`: its steps are known if a number bounds them and nothing else ends them.

    Raises:
        InputError: it lacks its subgraph or its inputs.
    """
    body = subgraph(call, "body")
    if len(call.inputs) < 2 or len(body.input) != len(call.inputs):
        raise InputError(
            f"its body takes {len(body.input)} inputs and the node passes {len(call.inputs)}; the "
            "numbers must be equal, and at least 2"
        )
    limit, go_on, *carried = call.inputs
    counter = Tensor((), onnx.TensorProto.INT64)
    states = [_changing(tensor) for tensor in carried]
    n = limit.single if limit else None

    def finish(made: Sequence[Tensor]) -> tuple[list[Tensor], int | None]:
        kept, kept_each = made[1 : 1 + len(states)], made[1 + len(states) :]
        same = all(a.shape == b.shape for a, b in zip(kept, states, strict=True))
        endless = (go_on is None or go_on.single) and _goes_on(body, made[0])
        steps = max(0, int(n)) if n is not None and same and endless else None
        after = [t if same else Tensor(None, t.element) for t in kept]
        return after + [_stacked(t, steps) for t in kept_each], steps

    return Repetition(body, [counter, Tensor((), onnx.TensorProto.BOOL), *states], finish)


def scan(call: Call) -> Repetition:
    """A `Scan`: one step for each entry along an axis of its last inputs.

    Raises:
        InputError: it lacks its subgraph or its inputs.
    """
    body, inputs = subgraph(call, "body"), call.inputs
    n_scanned = call.attributes.get("num_scan_inputs", 0)
    if not 1 <= n_scanned <= len(inputs) or len(body.input) != len(inputs):
        raise InputError(
            f"its body takes {len(body.input)} inputs and the node passes {len(inputs)}, of which "
            f"{n_scanned} are scanned; body and node must have as many, and 1 or more are scanned"
        )
    n_states = len(inputs) - n_scanned
    axes = call.attributes.get("scan_input_axes") or [0] * n_scanned
    states = [_changing(tensor) for tensor in inputs[:n_states]]
    read = [_one_step(t, axis) for t, axis in zip(inputs[n_states:], axes, strict=False)]
    first = inputs[n_states]
    steps = first.shape[axes[0]] if first is not None and first.shape else None

    def finish(made: Sequence[Tensor]) -> tuple[list[Tensor], int | None]:
        along_first = "scan_output_axes" not in call.attributes
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
    if going.single:
        return True
    handed = {n.output[0]: n.input[0] for n in body.node if n.op_type == "Identity"}
    name = body.output[0].name
    return handed.get(name, name) == body.input[1].name
