"""Which nodes of a graph matter, and in which order they run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx

from imcmoo.io.errors import InputError


def running_order(nodes: Sequence[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """The nodes that the outputs depend on, each after those it reads from.

    Files keep their nodes in such an order already, as a rule; then it stays as it is.

    Raises:
        InputError: two nodes write one tensor, or nodes read from each other in a circle.
    """
    maker: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.output):
            if name in maker:
                raise InputError(f"two nodes write the tensor '{name}'")
            maker[name] = index
    reads = [sorted({maker[name] for name in read_by(node) if name in maker}) for node in nodes]
    needed = _reachable((maker[name] for name in outputs if name in maker), reads)
    order: list[int] = []
    state = dict.fromkeys(needed, 0)  # 0 untouched, 1 being visited, 2 done
    for start in sorted(needed):
        stack = [(start, iter(reads[start]))] if state[start] == 0 else []
        state[start] = max(state[start], 1)
        while stack:
            index, waiting = stack[-1]
            source = next((s for s in waiting if state[s] != 2), None)
            if source is None:
                stack.pop()
                state[index] = 2
                order.append(index)
            elif state[source] == 1:
                raise InputError(f"the graph runs in a circle through '{nodes[source].output[0]}'")
            else:
                state[source] = 1
                stack.append((source, iter(reads[source])))
    return [nodes[index] for index in order]


def read_by(node: onnx.NodeProto) -> set[str]:
    """Names a node reads, also from inside its subgraphs."""
    names = {name for name in node.input if name}
    for attribute in node.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for graph in graphs:
            inside = set().union(*map(read_by, graph.node)) | {o.name for o in graph.output}
            made = {name for n in graph.node for name in n.output}
            made |= {t.name for t in graph.initializer} | {i.name for i in graph.input}
            names |= inside - made
    return names


def _reachable(starts: Iterable[int], reads: Sequence[Sequence[int]]) -> set[int]:
    waiting = list(starts)
    reached: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in reached:
            reached.add(index)
            waiting.extend(reads[index])
    return reached
