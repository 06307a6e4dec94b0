"""A float network with rounded operands, disturbed weights and noise in mapped layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper

from imcmoo.accuracy.codes import InputCoding
from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import LayerProduct, MappedLayer, Tensors
from imcmoo.accuracy.normal import standard_normal
from imcmoo.arrays import Floats, Values

OPERATORS, IR_VERSION = 13, 7
"""Operator set and format of a layer alone, which any supported onnxruntime runs."""
SAMPLES_CHUNK_SIZE = 8
"""Samples per run; the noise of a layer fits the cache."""

_Stored = tuple[Values, Values]
"""Weights and bias."""


@dataclass(frozen=True, eq=False)
class Disturbance:
    """Errors of one layer: y = x · (W + ΔW) + offset + spread · N(0, 1).

    Args:
        weights: W + ΔW, shape (G, K, M).
        offset: offset of each output channel, shape (G · M,). If None, 0.
        spread: standard deviation of each output channel, shape (G · M,). If None, 0.
    """

    weights: Floats
    offset: Floats | None = None
    spread: Floats | None = None


class NoisyNetwork:
    """Runs a network with disturbed layers.

    Args:
        network: the network; all its layers are mapped.
        codings: codings by layer that round its inputs. If None, inputs are not rounded.
    """

    def __init__(
        self, network: CutNetwork, codings: Mapping[str, InputCoding] | None = None
    ) -> None:
        self._network = network
        self._codings = codings
        self._stored = {e.name: _stored(e, Disturbance(e.weights)) for e in network.layers}
        self._alone = {e.name: network.session(_alone(e)) for e in network.layers}
        self._last: tuple[Mapping[str, Disturbance], dict[str, _Stored]] | None = None

    def run(
        self,
        inputs: Tensors,
        disturbed: Mapping[str, Disturbance],
        rng: np.random.Generator,
        start: int = 0,
    ) -> Tensors:
        """Outputs and logits with errors in some layers.

        Args:
            inputs: inputs of the network, or tensors that `undisturbed` returned.
            disturbed: errors by layer.
            rng: generator of the noise.
            start: number of nodes on the chip whose results are among these tensors.
        """
        return self._network.run(inputs, self._products(disturbed, rng), start)

    def undisturbed(self, tensors: Tensors, node: int) -> Tensors:
        """Tensors after a node on the chip without errors, from those before it.

        Args:
            tensors: inputs of the network for node 0, else what this returned for the node before.
            node: its number, from 0.
        """
        product = self._products({}, np.random.default_rng(0))
        return self._network.advanced(tensors, product, node, node + 1)

    def _products(
        self, disturbed: Mapping[str, Disturbance], rng: np.random.Generator
    ) -> LayerProduct:
        """Product of each layer, with the errors of some; see `run`."""
        stored = self._stored | self._disturbed(disturbed)

        def product(layer: MappedLayer, x: Values, tensors: Mapping[str, Values]) -> Values:
            if self._codings is not None:
                x = self._codings[layer.name].rounded(x)
            made = self._product(layer, x, stored[layer.name])
            errors = disturbed.get(layer.name)
            if errors is not None and errors.spread is not None and errors.spread.any():
                drawn = standard_normal(made.shape, rng)
                drawn *= errors.spread.astype(np.float32).reshape(-1, *[1] * len(layer.kernel))
                made += drawn
            return layer.with_bias(made, tensors) if isinstance(layer.bias, str) else made

        return product

    def _disturbed(self, errors: Mapping[str, Disturbance]) -> dict[str, _Stored]:
        """Values of disturbed layers; those of the last call are cached."""
        if self._last is None or self._last[0] is not errors:
            layers = [layer for layer in self._network.layers if layer.name in errors]
            self._last = errors, {e.name: _stored(e, errors[e.name]) for e in layers}
        return self._last[1]

    def _product(self, layer: MappedLayer, x: Values, stored: _Stored) -> Values:
        """Output of a layer in float32."""
        weights, added = stored
        feeds = {"x": x.astype(np.float32, copy=False), "w": weights, "b": added}
        return self._network.call(self._alone[layer.name], ["y"], feeds)[0]


def _alone(layer: MappedLayer) -> ModelProto:
    """Model of a single layer, with weights and bias as inputs."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", "pb", ["y"])]
    if layer.kernel:
        attributes: dict[str, Any] = {
            "group": len(layer.weights),
            "strides": layer.strides,
            "dilations": layer.dilations,
            "auto_pad" if isinstance(layer.pads, str) else "pads": layer.pads,
        }
        nodes = [helper.make_node("Conv", "xwb", ["y"], **attributes)]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xwb"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    operators = [helper.make_opsetid("", OPERATORS)]
    return helper.make_model(graph, opset_imports=operators, ir_version=IR_VERSION)


def _stored(layer: MappedLayer, errors: Disturbance) -> _Stored:
    """Weights for the product, and the sum of stored bias and offset."""
    groups, rows, columns = errors.weights.shape
    added = np.zeros(groups * columns)
    if layer.bias is not None and not isinstance(layer.bias, str):
        added = added + layer.bias_factor * layer.bias
    if errors.offset is not None:
        added = added + errors.offset
    weights = errors.weights[0]
    if layer.kernel:
        inner = rows // int(np.prod(layer.kernel))
        by_channel = errors.weights.transpose(0, 2, 1)
        weights = by_channel.reshape(groups * columns, inner, *layer.kernel)
    return np.ascontiguousarray(weights, dtype=np.float32), added.astype(np.float32)
