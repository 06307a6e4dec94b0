"""Shares of the weights and multiply-accumulates of an ONNX network by unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import Tensors
from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.call import Call, NotModelled
from imcmoo.networks.onnx_import.operators import IMPORTED, PRODUCTS
from imcmoo.networks.onnx_import.reading import versions
from imcmoo.networks.onnx_import.subgraphs import inner_graphs, reads
from imcmoo.networks.onnx_import.tensors import Tensor
from imcmoo.networks.work_shares import ARRAYS, DIGITAL, IN_FLOAT, UNKNOWN, WorkShares


@dataclass(frozen=True)
class ExecutedShares(WorkShares):
    """Shares of the weights and products of an executed network by unit.

    Args:
        in_float: number of nodes with products that run in float, by operator.
    """

    in_float: Mapping[str, int]

    def __str__(self) -> str:
        """One sentence for a terminal."""
        others = ", ".join(f"{n} {operator}" for operator, n in self.in_float.items())
        return super().__str__() + (f" ({others})" if others else "")


def shares(network: CutNetwork, inputs: Tensors, digital: Collection[str] = ()) -> ExecutedShares:
    """Count weights and multiply-accumulates on arrays, on the digital unit and in float.

    Weights are unknown if some are in control flow, multiply-accumulates also if those of a node
    are.

    Args:
        network: the network; all its layers are on the chip.
        inputs: one sample; it gives the shapes.
        digital: layers on the digital unit.

    Source: the rules of `imcmoo import`.
    """
    examples = network.examples(inputs)
    stored = {t.name: tuple(t.dims) for t in network.model.graph.initializer}
    sizes = stored | {name: np.shape(values) for name, values in examples.items()}
    opsets = versions(network.model.opset_import)
    layers = network.layers_by_result
    constant, counted = set(stored), set[tuple[int, str | None]]()
    weights, macs, units = list[int](), list[int](), list[int]()
    in_float: Counter[str] = Counter()
    hidden, unknown = False, False
    for node in network.model.graph.node:
        if all(name in constant for name in reads(node)):
            constant |= set(node.output)
            continue
        hidden |= any(_multiplies(graph) for graph in inner_graphs(node))
        call = _call(node, opsets, sizes, constant)
        made = _rows(call)
        unknown |= made is None
        names = next((layers[name] for name in node.output if name in layers), [])
        if (made or made is None) and not names:
            in_float[call.operator] += 1
        for at, row in enumerate(made or ()):
            unit = IN_FLOAT
            if names:
                unit = DIGITAL if names[min(at, len(names) - 1)] in digital else ARRAYS
            again = (unit, row.weights.root) in counted
            counted.add((unit, row.weights.root))
            weights.append(0 if row.dynamic or again else row.n_weights)
            macs.append(row.macs)
            units.append(unit)
    counts = WorkShares.of_layers(weights, macs, units)
    return ExecutedShares(
        weights=UNKNOWN if hidden else counts.weights,
        macs=UNKNOWN if hidden or unknown else counts.macs,
        in_float=dict(in_float),
    )


def _call(
    node: onnx.NodeProto,
    opsets: Mapping[str, int],
    sizes: Mapping[str, tuple[int, ...]],
    constant: Collection[str],
) -> Call:
    """A node with the shapes of its inputs and outputs in one run."""

    def tensor(name: str) -> Tensor:
        is_constant = name in constant
        return Tensor(sizes[name], constant=is_constant, root=name if is_constant else None)

    outputs = [tensor(name) if name else Tensor() for name in node.output]
    inputs = [tensor(name) if name else None for name in node.input]
    return Call(node, node.name, inputs, opsets, outputs)


def _rows(call: Call) -> list[Row] | None:
    """Products of a node; None if unknown."""
    if call.operator in PRODUCTS and not any(inner_graphs(call.node)):
        return None
    if call.operator not in IMPORTED:
        return []
    try:
        return IMPORTED[call.operator](call)
    except NotModelled as error:
        return list(error.rows) or None
    except InputError:
        return None


def _multiplies(graph: onnx.GraphProto) -> bool:
    """True if a graph, or one inside it, may multiply matrices."""
    return any(
        node.op_type in IMPORTED
        or (node.op_type in PRODUCTS and not any(inner_graphs(node)))
        or any(_multiplies(inner) for inner in inner_graphs(node))
        for node in graph.node
    )
