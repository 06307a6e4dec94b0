"""One pass through the graph: shapes, constants and small values forwards, layers by the way."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

import onnx

from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Fate, Item
from imcmoo.networks.onnx_import.binding import Bound
from imcmoo.networks.onnx_import.call import Call
from imcmoo.networks.onnx_import.nodes import visit
from imcmoo.networks.onnx_import.reading import Model, versions
from imcmoo.networks.onnx_import.subgraphs import (
    Repetition,
    agreed,
    body_of,
    inputs_behind,
    loop,
    name_of,
    reads,
    repeated,
    scan,
    subgraph,
)
from imcmoo.networks.onnx_import.tensors import Tensor, checked, from_stored, from_type

DEEPEST = 32
"""Subgraphs and functions within each other."""

UNFITTING = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What operators raise for attributes and shapes that no operator has, such as no heads at all."""

MAX_INPUTS = 3
"""Inputs that a message names."""

MAX_NODES = 20_000
"""Nodes of all graphs, each as often as it is called."""

SUBGRAPHS = {"If": 0, "Loop": 0, "Scan": 8}
"""Operators that run graphs of their own, after which opset: the first Scan had a batch axis."""

Scope = MutableMapping[str, Tensor]
Opsets = Mapping[str, int]


class InnerError(InputError):
    """A fault that already says at which node it is."""


class Walk:
    """Walks through a model's graphs from bound inputs and collects what became of each node."""

    def __init__(self, model: Model, bound: Bound) -> None:
        self.items: list[Item] = []
        self.unused = 0
        self._model = model
        self._bound = bound
        self._steps = 0
        self._depth = 0

    def whole(self) -> list[Item]:
        """Walk through the whole model; returns what became of each node."""
        inputs = self._bound.tensors
        scope = {name: replace(tensor, name=name) for name, tensor in inputs.items()}
        self.graph(self._model.graph, scope, self._model.opsets)
        return self.items

    def graph(
        self, graph: onnx.GraphProto, scope: Scope, opsets: Opsets, prefix: str = ""
    ) -> list[Tensor]:
        """Walk through a graph and return its outputs in order.

        Args:
            graph: the graph; what it stores is added to the scope.
            scope: tensors known so far by name: its inputs, and those of the graphs around it.
            opsets: version of each operator set.
            prefix: in front of the names of its nodes.

        Raises:
            InputError: the graph is not sound; says at which node.
        """
        for stored in graph.initializer:
            tensor = from_stored(stored, f"stored tensor '{stored.name}'")
            scope[stored.name] = replace(tensor, root=f"{prefix}{stored.name}")
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            shape = checked(list(sparse.dims), f"stored tensor '{name}'")
            scope[name] = Tensor(shape, sparse.values.data_type, True, root=f"{prefix}{name}")
        return self._nodes(graph, graph.node, scope, opsets, prefix)

    def _nodes(
        self,
        graph: onnx.GraphProto | onnx.FunctionProto,
        nodes: Sequence[onnx.NodeProto],
        scope: Scope,
        opsets: Opsets,
        prefix: str,
    ) -> list[Tensor]:
        stated = {info.name: info.type for info in graph.value_info}
        outputs = [output if isinstance(output, str) else output.name for output in graph.output]
        order = _running_order(nodes, outputs)
        self.unused += len(nodes) - len(order)
        self._depth += 1
        if self._depth > DEEPEST:
            raise InputError(f"graphs nest more than {DEEPEST} deep")
        try:
            for index, node in enumerate(order):
                name = f"{prefix}{name_of(node) or f'{node.op_type}_{index}'}"
                made = self._node(node, name, scope, opsets)
                for output, tensor in zip(node.output, made, strict=False):
                    scope[output] = replace(
                        self._stated(tensor, stated.get(output)),
                        name=output if self._depth == 1 else None,
                        # a graph's names are its own, and a function's are used at each call
                        root=f"{prefix}{output}" if tensor.root == output else tensor.root,
                    )
        finally:
            self._depth -= 1
        return [_find(name, scope) for name in outputs]

    def _node(self, node: onnx.NodeProto, name: str, scope: Scope, opsets: Opsets) -> list[Tensor]:
        self._steps += 1
        if self._steps > MAX_NODES:
            raise InputError(f"the graph runs more than {MAX_NODES:,} nodes")
        call = Call(node, name, [_find(n, scope) if n else None for n in node.input], opsets)
        operator = call.operator
        function = self._model.functions.get((node.domain, node.op_type, node.overload))
        if function is not None:
            inner, inside = body_of(function, call)
            return self._nodes(function, inner, inside, versions(function.opset_import), f"{name}/")
        try:
            if operator in SUBGRAPHS and opsets.get("", 0) > SUBGRAPHS[operator]:
                return self._subgraphs(call, scope)
            outputs, item = visit(call)
        except InnerError:
            raise
        except InputError as error:
            raise InnerError(f"node '{name}' ({operator}): {error}") from None
        except UNFITTING as error:
            why = f"its attributes and inputs do not fit together ({type(error).__name__}: {error})"
            raise InnerError(f"node '{name}' ({operator}): {why}") from None
        self.items.append(item)
        return outputs

    def _subgraphs(self, call: Call, scope: Scope) -> list[Tensor]:
        if call.operator != "If":
            repetition = loop(call) if call.operator == "Loop" else scan(call)
            return self._repetition(call, repetition, scope)
        name = call.name
        branches = [subgraph(call, f"{which}_branch") for which in ("then", "else")]
        condition = call.optional(0)
        if condition is not None and condition.single is not None:
            self.items.append(Item("If", name, Fate.FREE))
            taken = branches[not condition.single]
            return self.graph(taken, _inside(scope), call.opsets, f"{name}/")
        why = self._not_fixed(next(iter(call.node.input), ""))
        try:
            tried = [self._aside(branch, call, _inside(scope)) for branch in branches]
        except InnerError:  # the other branch may not fit these inputs
            item = Item("If", name, Fate.NOT_MODELLED, reason=why, macs_known=False)
            self.items.append(item)
            return [Tensor() for _ in call.node.output]
        (first, items), (second, others) = tried
        larger = max(items, others, key=lambda them: sum(r.macs for i in them for r in i.rows))
        self._account("If", name, larger or items or others, why)
        return agreed(first, second)

    def _not_fixed(self, condition: str) -> str:
        """Why a branch is not chosen, and which inputs would choose it."""
        inputs = inputs_behind(condition, self._model.graph)
        give = " ".join(f"--value {name}=..." for name in inputs[:MAX_INPUTS])
        depends = f"its condition depends on {', '.join(inputs[:MAX_INPUTS])}: give {give}"
        return depends if inputs else "its condition is not fixed"

    def _repetition(self, call: Call, r: Repetition, scope: Scope) -> list[Tensor]:
        inside = _inside(scope)
        inside.update(zip((i.name for i in r.body.input), r.inputs, strict=True))
        made, items = self._aside(r.body, call, inside)
        outputs, steps = r.finish(made)
        why = "its number of steps depends on data"
        self._account(call.operator, call.name, items, why, steps)
        return outputs

    def _aside(
        self, graph: onnx.GraphProto, call: Call, scope: Scope
    ) -> tuple[list[Tensor], list[Item]]:
        """Walk through a graph of a node without adding its nodes to the account."""
        before, self.items = self.items, []
        try:
            return self.graph(graph, scope, call.opsets, f"{call.name}/"), self.items
        finally:
            self.items = before

    def _account(
        self, operator: str, name: str, inside: Iterable[Item], why: str, steps: int | None = None
    ) -> None:
        """Enter a node by what its subgraph costs, per step or once."""
        costly = [item for item in inside if item.fate is not Fate.FREE]
        if not costly:
            self.items.append(Item(operator, name, Fate.FREE))
        elif steps is not None:
            self.items.append(Item(operator, name, Fate.FREE))
            self.items += [repeated(item, steps) for item in inside]
        else:
            rows = tuple(row for item in costly for row in item.rows)
            once = operator == "If" and all(item.macs_known for item in costly)
            self.items.append(Item(operator, name, Fate.NOT_MODELLED, rows, why, macs_known=once))

    def _stated(self, tensor: Tensor, stated: onnx.TypeProto | None) -> Tensor:
        """Take the file's word for a shape that inference does not find."""
        if stated is None or tensor.known is not None or not self._bound.as_declared:
            return tensor
        if tensor.other is not None or not stated.HasField("tensor_type"):
            return tensor
        bound = onnx.TypeProto()
        bound.CopyFrom(stated)
        for dim in bound.tensor_type.shape.dim:
            if dim.dim_param in self._bound.symbols:
                dim.dim_value = self._bound.symbols[dim.dim_param]
        declared = from_type(bound, "a shape stated in the file")
        return replace(tensor, shape=declared.shape, element=tensor.element or declared.element)


def _inside(scope: Scope) -> Scope:
    """A scope within another: reads through, writes to itself."""
    return ChainMap({}, *(scope.maps if isinstance(scope, ChainMap) else [scope]))


def _find(name: str, scope: Mapping[str, Tensor]) -> Tensor:
    try:
        return scope[name]
    except KeyError:
        raise InputError(f"nothing makes the tensor '{name}'") from None


def _running_order(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Nodes that the outputs depend on, each after its inputs, in the order of the file if
    possible."""
    maker: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.output):
            if name in maker:
                raise InputError(f"two nodes write the tensor '{name}'")
            maker[name] = index
    needs = [sorted({maker[name] for name in reads(node) if name in maker}) for node in nodes]
    waiting = [maker[name] for name in outputs if name in maker]
    needed: set[int] = set()
    while waiting:
        if (index := waiting.pop()) not in needed:
            needed.add(index)
            waiting += needs[index]
    sorter = TopologicalSorter({index: needs[index] for index in needed})
    try:
        sorter.prepare()
    except CycleError as error:
        through = nodes[error.args[1][0]].output[0]
        raise InputError(f"the graph runs in a circle through '{through}'") from None
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        for index in sorter.get_ready():
            heappush(ready, index)
        order.append(heappop(ready))
        sorter.done(order[-1])
    return [nodes[index] for index in order]
