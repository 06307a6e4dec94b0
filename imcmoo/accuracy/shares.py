"""Share of the weights and multiply-accumulates of a network that run on the chip."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import Tensors
from imcmoo.io.errors import InputError
from imcmoo.networks.onnx_import.account import Row
from imcmoo.networks.onnx_import.operators import IMPORTED, PRODUCTS, Call, NotModelled
from imcmoo.networks.onnx_import.reading import versions
from imcmoo.networks.onnx_import.subgraphs import inner_graphs, reads
from imcmoo.networks.onnx_import.tensors import Tensor


@dataclass(frozen=True)
class Shares:
    """Part of a network that runs on the chip.

    Args:
        weights: share of its stored weights, 0 to 1; NaN if some are in control flow.
        macs: share of its multiply-accumulates; NaN if those of a node are unknown.
        in_float: number of nodes with products that run in float, by operator.
    """

    weights: float
    macs: float
    in_float: dict[str, int]

    def __str__(self) -> str:
        """One sentence for a terminal."""
        parts = {"weights": self.weights, "multiply-accumulates": self.macs}
        on_chip = " and ".join(
            f"{'an unknown share' if math.isnan(share) else f'{share:.1%}'} of the {what}"
            for what, share in parts.items()
        )
        others = ", ".join(f"{n} {operator}" for operator, n in self.in_float.items())
        return f"on the chip: {on_chip}" + (f"; in float: {others}" if others else "")


def shares(network: CutNetwork, inputs: Tensors) -> Shares:
    """Count weights and multiply-accumulates on the chip and in float.

    Args:
        network: the network; all its layers are on the chip.
        inputs: one sample; it gives the shapes.

    Source: the rules of `imcmoo import`.
    """
    examples = network.examples(inputs)
    stored = {t.name: tuple(t.dims) for t in network.model.graph.initializer}
    sizes = stored | {name: np.shape(values) for name, values in examples.items()}
    opsets = versions(network.model.opset_import)
    constant = set(stored)
    rows: dict[bool, list[Row]] = {True: [], False: []}
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
        on_chip = not network.results.isdisjoint(node.output)
        rows[on_chip] += made or ()
        if (made or made is None) and not on_chip:
            in_float[call.operator] += 1
    weights = {where: _weights(part) for where, part in rows.items()}
    macs = {where: sum(row.macs for row in part) for where, part in rows.items()}
    return Shares(
        weights=math.nan if hidden else weights[True] / max(1, sum(weights.values())),
        macs=math.nan if hidden or unknown else macs[True] / max(1, sum(macs.values())),
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


def _weights(rows: list[Row]) -> int:
    """Number of stored weights; shared tensors count once."""
    return sum({row.weights.root: row.n_weights for row in rows if not row.dynamic}.values())
