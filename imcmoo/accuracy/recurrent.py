"""Recurrent layers step by step: products on the chip, gates in float."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from scipy.special import expit

from imcmoo.accuracy.lowering import LayerProduct, MappedLayer, Tensors
from imcmoo.arrays import Values
from imcmoo.networks.onnx_import.operators import (
    CANDIDATE,
    DIRECTIONS,
    GATES,
    HIDDEN,
    INPUT,
    recurrent_parts,
)

USUAL = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
"""Supported activations by operator; layers with others run in float."""

BIAS, LENGTHS, HIDDEN_STATE, CELL_STATE, PEEPHOLES = 3, 4, 5, 6, 7
"""Indices of a node's optional inputs."""


@dataclass(frozen=True, eq=False)
class RecurrentNode:
    """An LSTM, GRU or RNN with its matrices as layers.

    Args:
        operator: a key of `USUAL`.
        directions: "forward" or "reverse" for each direction.
        parts: layer of each direction and part (`recurrent_parts`).
        reset_after: True if a GRU resets products instead of the state.
        inputs, outputs: tensors of the node, '' if missing.
        stored: tensors of the file that it reads, by name.
        mapped: names of the layers on the chip; the others run in float.
    """

    operator: str
    directions: tuple[str, ...]
    parts: Mapping[tuple[int, str], MappedLayer]
    reset_after: bool
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    stored: Tensors
    mapped: frozenset[str]

    @property
    def layers(self) -> list[MappedLayer]:
        """Its layers on the chip."""
        return [layer for layer in self.parts.values() if layer.name in self.mapped]

    @property
    def reads(self) -> set[str]:
        """Tensors it reads that are not stored in the file."""
        return {name for name in self.inputs if name and name not in self.stored}

    @property
    def results(self) -> set[str]:
        """Tensors it writes."""
        return {name for name in self.outputs if name}

    def only(self, names: Collection[str]) -> RecurrentNode:
        """The node with only layers of these names on the chip."""
        return replace(self, mapped=frozenset(names) & self.mapped)

    def run(self, tensors: Tensors, product: LayerProduct) -> Tensors:
        """Outputs of the node, with products by `product`."""
        x = tensors[self.inputs[0]]
        made = [self._direction(at, x, tensors, product) for at in range(len(self.directions))]
        steps, *states = zip(*made, strict=True)
        outputs = [np.stack(steps, axis=1), *(np.stack(state) for state in states)]
        return {
            name: values.astype(x.dtype, copy=False)
            for name, values in zip(self.outputs, outputs, strict=False)
            if name
        }

    def _direction(
        self, at: int, x: Values, tensors: Tensors, product: LayerProduct
    ) -> tuple[Values, ...]:
        """Hidden states of one direction, shape (T, B, H), and its last states, (B, H)."""

        def multiply(part: str, vectors: Values) -> Values:
            layer = self.parts[at, part]
            if layer.name in self.mapped:
                return product(layer, vectors, tensors).astype(np.float32, copy=False)
            return vectors @ layer.weights.astype(np.float32)

        columns = self.parts[at, INPUT].weights.shape[2]
        bias = self._given(BIAS, at, tensors, (2 * columns,))
        driven = multiply(INPUT, x) + bias[:columns]
        size = columns // GATES[self.operator]
        states = [
            self._given(index, at, tensors, (x.shape[1], size))
            for index in (HIDDEN_STATE, CELL_STATE)[: 1 + (self.operator == "LSTM")]
        ]
        hidden = []
        steps = range(len(x))
        for t in reversed(steps) if self.directions[at] == "reverse" else steps:
            states = self._step(driven[t], bias[columns:], states, multiply)
            hidden.append(states[0])
        if self.directions[at] == "reverse":
            hidden.reverse()
        return np.stack(hidden), *states

    def _step(
        self, driven: Values, bias: Values, states: list[Values], multiply: Any
    ) -> list[Values]:
        size = states[0].shape[1]
        if self.operator != "GRU":
            sums = driven + multiply(HIDDEN, states[0]) + bias
            return [np.tanh(sums)] if self.operator == "RNN" else _lstm(sums, states[1])
        resets = slice(0, 2 * size)
        if self.reset_after:
            recurrent = multiply(HIDDEN, states[0]) + bias
            update, reset = np.split(expit(driven[:, resets] + recurrent[:, resets]), 2, axis=1)
            candidate = reset * recurrent[:, 2 * size :]
        else:
            recurrent = multiply(HIDDEN, states[0]) + bias[resets]
            update, reset = np.split(expit(driven[:, resets] + recurrent), 2, axis=1)
            candidate = multiply(CANDIDATE, reset * states[0]) + bias[2 * size :]
        new = np.tanh(driven[:, 2 * size :] + candidate)
        return [(1 - update) * new + update * states[0]]

    def _given(self, index: int, at: int, tensors: Tensors, shape: tuple[int, ...]) -> Values:
        """Optional input of one direction in float32; zeros if missing."""
        name = self.inputs[index] if index < len(self.inputs) else ""
        if not name:
            return np.zeros(shape, np.float32)
        values = self.stored[name] if name in self.stored else tensors[name]
        return values[at].astype(np.float32)


def _lstm(sums: Values, cell: Values) -> list[Values]:
    """Hidden and cell state of an LSTM from the sums of its gates, shape (B, 4H)."""
    entry, output, forget, new = np.split(sums, 4, axis=1)
    cell = expit(forget) * cell + expit(entry) * np.tanh(new)
    return [expit(output) * np.tanh(cell), cell]


def recurrent_node(
    name: str, node: onnx.NodeProto, attributes: Mapping[str, Any], stored: Tensors
) -> RecurrentNode | None:
    """Convert a node to layers; None if it must run in float.

    It runs in float if its matrices are not stored, or it has other activations, clipped sums,
    peepholes, sequences of several lengths, or its batch on the first axis.

    Args:
        name: unique name of the node.
        node: any node.
        attributes: its attributes by name.
        stored: tensors of the file that it reads, by name.
    """
    if not _can_be_mapped(node, attributes, stored):
        return None
    direction = attributes.get("direction", b"forward").decode()
    reset_after = bool(attributes.get("linear_before_reset", 0))
    ends = recurrent_parts(node.op_type, direction, reset_after=reset_after)
    parts = {}
    for end, (at, part, gates) in ends.items():
        matrix = node.input[1 if part == INPUT else 2]
        held = stored[matrix][at]
        size = len(held) // GATES[node.op_type]
        weights = held[gates.start * size : gates.stop * size].T[None].astype(np.float64)
        parts[at, part] = MappedLayer(
            f"{name}/{end}", f"{matrix}/{end}", node.input[0], "", weights, bias=None
        )
    return RecurrentNode(
        operator=node.op_type,
        directions=DIRECTIONS[direction],
        parts=parts,
        reset_after=reset_after,
        inputs=tuple(node.input),
        outputs=tuple(node.output),
        stored=stored,
        mapped=frozenset(layer.name for layer in parts.values()),
    )


def _can_be_mapped(
    node: onnx.NodeProto, attributes: Mapping[str, Any], stored: Collection[str]
) -> bool:
    """True for a supported recurrent layer with stored matrices."""
    if node.op_type not in USUAL or node.domain not in ("", "ai.onnx"):
        return False
    usual = [a.encode() for a in USUAL[node.op_type]]
    activations = attributes.get("activations", usual)
    special = ("clip", "input_forget", "layout", "activation_alpha", "activation_beta")
    absent: Iterable[str] = [node.input[i] for i in (LENGTHS, PEEPHOLES) if i < len(node.input)]
    return (
        all(name == usual[at % len(usual)] for at, name in enumerate(activations))
        and not any(attributes.get(key) for key in special)
        and not any(absent)
        and node.input[0] not in stored
        and all(name in stored for name in node.input[1:3])
    )
