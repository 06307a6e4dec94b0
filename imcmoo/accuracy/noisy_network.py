"""A network in one session, with operand rounding, other weights and noise at its mapped layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from imcmoo.accuracy.codes import InputCoding
from imcmoo.accuracy.graph import CutNetwork, Tensors
from imcmoo.accuracy.lowering import MappedLayer, Values
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Floats

ROUND_SINCE = 11
"""First operator set with Round and with limits of Clip as inputs."""
ROUNDED, WEIGHTS, ADDED, PRODUCT = "rounded/", "weights/", "added/", "product/"
"""Prefixes of the tensors that are added to the graph."""
SAMPLES_AT_ONCE = 4
"""Samples of one run: the noise of all layers is in memory at once."""
NONE = np.zeros(1, np.float32)


@dataclass(frozen=True, eq=False)
class Disturbance:
    """Errors of one layer: y = x · (W + ΔW) + offset + spread · N(0, 1).

    Args:
        weights: W + ΔW, shape (G, K, M).
        offset: of each output channel, shape (G · M,); zero if None.
        spread: standard deviation of each output channel, likewise.
    """

    weights: Floats
    offset: Floats | None = None
    spread: Floats | None = None


@dataclass(eq=False)
class NoisyNetwork:
    """Runs a network with disturbed layers.

    Args:
        network: with all layers mapped.
        codings: of the inputs of each layer by name, which are then rounded; not rounded if None.

    Raises:
        InputError: the operator set is too old to round inputs.
    """

    network: CutNetwork
    codings: Mapping[str, InputCoding] | None = None
    _shapes: dict[tuple[tuple[int, ...], ...], dict[str, tuple[int, ...]]] = field(
        default_factory=dict
    )
    _last: tuple[Mapping[str, Disturbance], Tensors] | None = None

    def __post_init__(self) -> None:
        self._stored = {
            WEIGHTS + layer.name: _as_stored(layer, layer.weights) for layer in self.network.layers
        }
        self._session = self.network.session(self._rewritten())
        results = [layer.result for layer in self.network.layers]
        self._shape_session = self.network.session(self.network.with_outputs(results))

    def run(
        self, inputs: Tensors, disturbed: Mapping[str, Disturbance], rng: np.random.Generator
    ) -> Tensors:
        """Outputs and logits of the network.

        Args:
            inputs: by name.
            disturbed: layers with errors, by name; the others have none.
            rng: draws the noise.
        """
        feeds = self._stored | self._weights(disturbed)
        for layer in self.network.layers:
            errors = disturbed.get(layer.name)
            feeds[ADDED + layer.name] = (
                NONE if errors is None else self._added(layer, errors, inputs, rng)
            )
        names = self.network.wanted
        values = self.network.call(self._session, names, {**inputs, **feeds})
        return dict(zip(names, values, strict=True))

    def _weights(self, disturbed: Mapping[str, Disturbance]) -> Tensors:
        """Weights of disturbed layers; those of the last call are kept for its next samples."""
        if self._last is None or self._last[0] is not disturbed:
            layers = [layer for layer in self.network.layers if layer.name in disturbed]
            stored = {WEIGHTS + e.name: _as_stored(e, disturbed[e.name].weights) for e in layers}
            self._last = disturbed, stored
        return self._last[1]

    def _added(
        self, layer: MappedLayer, errors: Disturbance, inputs: Tensors, rng: np.random.Generator
    ) -> Values:
        """Offset and noise of a layer's output."""
        per_channel = (-1, *[1] * len(layer.kernel))
        added = NONE
        if errors.offset is not None:
            added = errors.offset.astype(np.float32).reshape(per_channel)
        if errors.spread is not None and errors.spread.any():
            drawn = rng.standard_normal(self._shape(layer, inputs), dtype=np.float32)
            drawn *= errors.spread.astype(np.float32).reshape(per_channel)
            drawn += added
            return drawn
        return added

    def _shape(self, layer: MappedLayer, inputs: Tensors) -> tuple[int, ...]:
        """Shape of a layer's output on some inputs."""
        key = tuple(inputs[name].shape for name in sorted(inputs))
        if key not in self._shapes:
            results = [each.result for each in self.network.layers]
            made = self.network.call(self._shape_session, results, inputs)
            self._shapes[key] = {n: v.shape for n, v in zip(results, made, strict=True)}
        return self._shapes[key][layer.result]

    def _rewritten(self) -> ModelProto:
        """The graph with weights and noise as inputs."""
        model = self.network.with_outputs(self.network.wanted)
        graph = model.graph
        layers = {layer.result: layer for layer in self.network.layers}
        nodes: list[NodeProto] = []
        rounded: dict[str, str] = {}
        for node in graph.node:
            layer = layers.get(node.output[0])
            if layer is not None and self.codings is not None:
                nodes += self._rounding(model, layer, rounded)
            nodes += [node] if layer is None else _disturbed(node, layer, rounded)
        kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(kept)
        for layer in self.network.layers:
            weights = self._stored[WEIGHTS + layer.name]
            graph.input.extend(
                [
                    helper.make_tensor_value_info(
                        WEIGHTS + layer.name, TensorProto.FLOAT, weights.shape
                    ),
                    helper.make_tensor_value_info(ADDED + layer.name, TensorProto.FLOAT, None),
                ]
            )
        return model

    def _rounding(
        self, model: ModelProto, layer: MappedLayer, rounded: dict[str, str]
    ) -> list[NodeProto]:
        """Nodes that round a layer's input, once for all layers that read it."""
        if layer.source in rounded:
            return []
        if self.network.operator_set < ROUND_SINCE:
            raise InputError(
                f"rounding needs operator set {ROUND_SINCE} or later, the network has "
                f"{self.network.operator_set}: use --how exact"
            )
        assert self.codings is not None
        coding = self.codings[layer.name]
        start = rounded[layer.source] = ROUNDED + layer.source
        limits = {
            "scale": coding.scale,
            "low": -coding.zero,
            "high": 2**coding.bits - 1 - coding.zero,
        }
        model.graph.initializer.extend(
            numpy_helper.from_array(np.array(v, np.float32), f"{start}/{n}")
            for n, v in limits.items()
        )
        scale, low, high = (f"{start}/{name}" for name in limits)
        return [
            helper.make_node("Div", [layer.source, scale], [f"{start}/units"]),
            helper.make_node("Round", [f"{start}/units"], [f"{start}/whole"]),
            helper.make_node("Clip", [f"{start}/whole", low, high], [f"{start}/code"]),
            helper.make_node("Mul", [f"{start}/code", scale], [start]),
        ]


def _disturbed(
    node: NodeProto, layer: MappedLayer, rounded: Mapping[str, str]
) -> tuple[NodeProto, NodeProto]:
    """A mapped node whose weights are an input of the graph, and the sum with its noise."""
    changed = NodeProto()
    changed.CopyFrom(node)
    changed.input[0] = rounded.get(layer.source, layer.source)
    changed.input[1] = WEIGHTS + layer.name
    changed.output[0] = PRODUCT + layer.result
    # `MappedLayer.weights` has both in it.
    kept = [a for a in changed.attribute if a.name not in ("alpha", "transB")]
    del changed.attribute[:]
    changed.attribute.extend(kept)
    names = [PRODUCT + layer.result, ADDED + layer.name]
    return changed, helper.make_node("Add", names, [layer.result])


def _as_stored(layer: MappedLayer, weights: Floats) -> Values:
    """Weights of shape (G, K, M) in the shape that a rewritten node takes."""
    if not layer.kernel:
        return np.ascontiguousarray(weights[0], dtype=np.float32)
    groups, rows, columns = weights.shape
    inner = rows // int(np.prod(layer.kernel))
    shape = (groups * columns, inner, *layer.kernel)
    return np.ascontiguousarray(weights.transpose(0, 2, 1).reshape(shape), dtype=np.float32)
