"""Layers of all networks as arrays, each distinct layer of a network once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from scipy import sparse

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.physical.circuit import slice_maxima
from imcmoo.networks.operands import (
    OperandBits,
    line_changes,
    operand_bits,
    slice_moments,
    twos_complement,
)
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet

FEWEST_BITS = 4
"""Lowest precision of operands of the physical model, bits."""


@dataclass(frozen=True, eq=False)
class LayerTable:
    """Distinct layers, network after network; create it with `of_workloads`.

    L is the number of distinct layers, W of networks. Words are operands of the precision of a
    layer.

    Args:
        names: networks, length W.
        owner: network of each distinct layer, ascending, shape (L,).
        count: occurrences of the layer in its network, shape (L,).
        rows: K, rows per output: input channels per group × kernel, shape (L,).
        outputs: M, outputs per group, shape (L,).
        groups: G, shape (L,).
        n_vectors: vectors through one copy of the weights, P·Q·N, shape (L,).
        kernel_width, stride_width, width: S, horizontal stride and Q, shape (L,).
        input_lines: N·G·P·R·C; inputs are lines × words of a line, shape (L,).
        held_inputs: distinct input words, shape (L,).
        line_words: words in a line buffer, C·G·(R − 1) input rows, shape (L,).
        first_share: share of its input that a layer needs for its first output, shape (L,).
        input_bits, weight_bits: precision, shape (L,).
        digital: True for layers on the digital unit: products of two activations, or by a study,
            shape (L,).
        holds_weights: True if the global buffer holds its weights for that unit, shape (L,).
        previous_share: Σ `first_share` of the successors: share of the time of a layer before they
            may start, shape (L,).
        io_bits: bits of the input and output of each network, shape (W,).
        operands: operand moments of the layers in network order.
        distinct: distinct layer of each of those, shape (n_layers,).
    """

    names: tuple[str, ...]
    owner: Ints
    count: Floats
    rows: Floats
    outputs: Floats
    groups: Floats
    n_vectors: Floats
    kernel_width: Floats
    stride_width: Floats
    width: Floats
    input_lines: Floats
    held_inputs: Floats
    line_words: Floats
    first_share: Floats
    input_bits: Floats
    weight_bits: Floats
    digital: Bools
    holds_weights: Bools
    previous_share: Floats
    io_bits: Floats
    operands: OperandBits
    distinct: Ints

    @classmethod
    def of_workloads(
        cls,
        workloads: WorkloadSet,
        *,
        input_bits: int | Sequence[int] = BITS,
        weight_bits: int | Sequence[int] = BITS,
        weight_clip: float | Sequence[float] = 1.0,
        dynamic: Bools | None = None,
        digital: Bools | None = None,
    ) -> LayerTable:
        """Gather the layers of networks.

        Args:
            workloads: W networks.
            input_bits: precision of inputs, one number or one per network; 4 to 8.
            weight_bits: precision of weights, likewise.
            weight_clip: largest stored weight as a share of the largest of its layer, one number or
                one per network.
            dynamic: True for layers that multiply two activations, over all layers in order. If
                None, none.
            digital: True for layers on the digital unit although one operand is stored, over all
                layers in order. If None, none.

        Raises:
            ValueError: a precision outside 4 to 8, a clip outside 0 to 1, or a wrong number of
                values.
        """
        shapes = np.concatenate([w.shapes for w in workloads.workloads])
        strides = np.concatenate([w.strides for w in workloads.workloads])
        owner = workloads.owner
        unit = _units(owner.shape, digital=digital, dynamic=dynamic)
        bits = [
            _per_network(name, value, len(workloads))[owner]
            for name, value in (("input_bits", input_bits), ("weight_bits", weight_bits))
        ]
        clips = np.broadcast_to(weight_clip, len(workloads)).tolist()
        if not all(0 < clip <= 1 for clip in clips):
            raise ValueError(f"weight_clip must be above 0 and at most 1, got {weight_clip}")
        layers = np.column_stack([owner, shapes, strides, *bits, unit])
        rows, distinct = np.unique(layers, axis=0, return_inverse=True)
        distinct = distinct.reshape(-1)
        columns = rows.T.astype(float)
        size = dict(zip(DIMENSIONS, columns[1:9], strict=True))
        geometry = _geometry(size, columns[9], columns[10])
        share = geometry["first_share"]
        last = np.append(np.diff(owner) != 0, True)
        follows = np.where(last, 0.0, np.append(share[distinct][1:], 0.0))
        count = np.bincount(distinct).astype(float)
        first = np.insert(last[:-1], 0, True)
        io_words = geometry["held_inputs"][distinct][first] * columns[11][distinct][first]
        outputs = (size["N"] * size["G"] * size["M"] * size["P"] * size["Q"])[distinct][last]
        return cls(
            names=tuple(workloads.names),
            owner=rows[:, 0].astype(np.int64),
            count=count,
            **geometry,
            input_bits=columns[11],
            weight_bits=columns[12],
            digital=columns[13] > 0,
            holds_weights=columns[13] == 2,
            previous_share=np.bincount(distinct, follows) / count,
            io_bits=io_words + outputs * columns[11][distinct][last],
            operands=OperandBits.joined(
                [operand_bits(w, c) for w, c in zip(workloads.workloads, clips, strict=True)]
            ),
            distinct=distinct,
        )

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def n_networks(self) -> int:
        """W."""
        return len(self.names)

    @cached_property
    def _occurrences(self) -> sparse.csr_array:
        """Occurrences of each distinct layer in each network, shape (W, L)."""
        entries = self.count, (self.owner, np.arange(len(self)))
        return sparse.csr_array(entries, shape=(self.n_networks, len(self)))

    def total(self, values: Floats) -> Floats:
        """Sum over all layers of each network, (..., L) to (..., W).

        Rounding does not depend on the other designs, unlike a dense matrix product.
        """
        flat = values.reshape(-1, len(self)).T
        sums = np.ascontiguousarray((self._occurrences @ flat).T)
        return sums.reshape(*values.shape[:-1], self.n_networks)

    @cached_property
    def operand_sums(self) -> OperandSums:
        """Sums over slices of the operands."""
        return OperandSums.of_layers(self)

    @cached_property
    def macs(self) -> Floats:
        """Multiply-accumulates of one occurrence, shape (L,)."""
        macs: Floats = self.n_vectors * self.groups * self.rows * self.outputs
        return macs

    @cached_property
    def output_words(self) -> Floats:
        """Outputs, shape (L,)."""
        words: Floats = self.n_vectors * self.groups * self.outputs
        return words

    @cached_property
    def stored_bits(self) -> Floats:
        """Weight bits in cells, 0 for layers on the digital unit, shape (L,)."""
        bits = self.groups * self.rows * self.outputs * self.weight_bits
        return np.where(self.digital, 0.0, bits)

    @cached_property
    def held_bits(self) -> Floats:
        """Weight bits of each network in the global buffer, shape (W,)."""
        bits = self.groups * self.rows * self.outputs * self.weight_bits
        return self.total(self.holds_weights * bits)

    def input_words(self, *, strides: bool) -> Floats:
        """Words read for one pass, reused along the width, shape (L,).

        Args:
            strides: if False, the horizontal stride counts as 1.
        """
        stride = self.stride_width if strides else np.ones(len(self))
        per_line = self.kernel_width + (self.width - 1) * np.minimum(stride, self.kernel_width)
        words: Floats = self.input_lines * per_line
        return words

    def of_network(self, index: int) -> slice:
        """Distinct layers of one network."""
        start, stop = np.searchsorted(self.owner, [index, index + 1])
        return slice(int(start), int(stop))

    @cached_property
    def has_digital(self) -> bool:
        """True if any layer runs on the digital unit."""
        return bool(self.digital.any())

    @cached_property
    def _starts(self) -> Ints:
        return np.searchsorted(self.owner, np.arange(self.n_networks))

    def largest(self, values: Floats) -> Floats:
        """Largest value over the layers of each network, (n, L) to (n, W)."""
        worst: Floats = np.maximum.reduceat(values, self._starts, axis=1)
        return worst

    def average(self, values: Floats) -> Floats:
        """Mean over occurrences of each distinct layer, of values of shape (n_layers,)."""
        averaged: Floats = np.bincount(self.distinct, values, len(self)) / self.count
        return averaged


def _geometry(size: dict[str, Floats], stride_h: Floats, stride_w: Floats) -> dict[str, Floats]:
    """Geometry of layers by field of `LayerTable`."""
    lines = size["N"] * size["G"] * size["C"]
    height = (size["P"] - 1) * stride_h + size["R"]
    width = (size["Q"] - 1) * stride_w + size["S"]
    window = (size["R"] - 1) * width + size["S"]
    # Only rows of an image arrive in an order that lets the next layer start early.
    image = (size["Q"] > 1) & (size["P"] > 1)
    return {
        "rows": size["C"] * size["R"] * size["S"],
        "outputs": size["M"],
        "groups": size["G"],
        "n_vectors": size["P"] * size["Q"] * size["N"],
        "kernel_width": size["S"],
        "stride_width": stride_w,
        "width": size["Q"],
        "input_lines": lines * size["P"] * size["R"],
        "held_inputs": lines
        * np.minimum(height, size["P"] * size["R"])
        * np.minimum(width, size["Q"] * size["S"]),
        "line_words": size["C"] * size["G"] * (size["R"] - 1) * width,
        "first_share": np.where(image, np.minimum(window / (height * width), 1.0), 1.0),
    }


def _units(shape: tuple[int, ...], *, digital: Bools | None, dynamic: Bools | None) -> Ints:
    """1 for products of activations, 2 for stored weights on the digital unit, else 0."""
    unit = np.zeros(shape, np.int64)
    for name, flags, kind in (("digital", digital, 2), ("dynamic", dynamic, 1)):
        if flags is None:
            continue
        if np.shape(flags) != shape:
            raise ValueError(f"{name} has shape {np.shape(flags)}, expected {shape}")
        unit[np.asarray(flags, dtype=bool)] = kind
    return unit


def _per_network(name: str, bits: int | Sequence[int], n: int) -> Ints:
    precision = np.atleast_1d(np.asarray(bits, dtype=np.int64))
    fits = precision.shape in ((1,), (n,))
    if not fits or precision.min() < FEWEST_BITS or precision.max() > BITS:
        allowed = f"{FEWEST_BITS} to {BITS}"
        raise ValueError(f"{name} is {bits}: one number, or one per network ({n}), of {allowed}")
    return np.broadcast_to(precision, (n,)).copy()


@dataclass(frozen=True, eq=False)
class OperandSums:
    """Sums over slices, averaged over the occurrences of each of L distinct layers.

    x_i is the value of input slice i; ḡ_j the mean conductance of the cells of weight slice j as a
    share of its range, summed over both cells of a differential pair.

    Args:
        pulses: E[Σ_i x_i] by input coding (natural, offset) and d_x − 1, shape (2, 8, L).
        conductances: Σ_j ḡ_j of all slices and of the more significant half, by weight coding
            (offset, differential) and b − 1, shape (2, 2, 8, L).
        products: E[Σ_i x_i] · Σ_j ḡ_j, shape (2, 2, 8, 2, 8, L).
        changes: t, changes of the d_x input lines of a row per input, in two's complement, by input
            coding and d_x − 1, shape (2, 8, L).
        changed_ones: t · o with o the ones of a weight in two's complement, likewise.
    """

    pulses: Floats
    conductances: Floats
    products: Floats
    changes: Floats
    changed_ones: Floats

    @classmethod
    def of_layers(cls, layers: LayerTable) -> OperandSums:
        """Compute the sums of a layer table."""
        operands = layers.operands
        input_bits = layers.input_bits[layers.distinct].astype(int)
        weight_bits = layers.weight_bits[layers.distinct].astype(int)
        inputs = [
            [_slice_sums(joint, input_bits, width) for width in range(1, BITS + 1)]
            for joint in (operands.inputs, operands.inputs_offset)
        ]
        weights = np.array(
            [
                [
                    [
                        _slice_sums(joint, bits, width, shares=True, upper=upper)
                        for width in range(1, BITS + 1)
                    ]
                    for joint, bits in (
                        (operands.weights, weight_bits),
                        (operands.magnitudes, weight_bits - 1),
                    )
                ]
                for upper in (False, True)
            ]
        )
        average = partial(np.apply_along_axis, layers.average, -1)
        products = [[average(x * weights) for x in coding] for coding in inputs]
        codings = (
            (operands.inputs, operands.signed),
            (operands.inputs_offset, np.ones(len(operands), bool)),
        )
        changes = np.array(
            [
                [_line_changes(joint, input_bits, width, signed) for width in range(1, BITS + 1)]
                for joint, signed in codings
            ]
        )
        ones = _mean_ones(operands.weights, weight_bits)
        return cls(
            pulses=np.array([[layers.average(x) for x in coding] for coding in inputs]),
            conductances=average(weights),
            products=np.moveaxis(np.array(products), 2, 0),
            changes=average(changes),
            changed_ones=average(changes * ones),
        )

    def of_cells(self, sums: Floats, at: tuple[Ints | int, ...], redundancy: Floats) -> Floats:
        """Entries of `conductances` or `products` with parallel cells, shape (n, L)."""
        total: Floats = sums[(0, *at)]
        if (redundancy > 1).any():
            total = total + (redundancy - 1)[:, None] * sums[(1, *at)]
        return total


def _slice_sums(
    joint: Floats, bits: Ints, width: int, *, shares: bool = False, upper: bool = False
) -> Floats:
    """Σ over slices (all, or the upper half) of their mean or mean share of full scale, by
    layer."""
    sums = np.empty(len(bits))
    for precision in np.unique(bits):
        alike = bits == precision
        means, _ = slice_moments(joint[alike], int(precision), width)
        full = slice_maxima(int(precision), width) if shares else np.ones(means.shape[1])
        first = means.shape[1] // 2 if upper else 0
        sums[alike] = (means / full)[:, first:].sum(axis=1)
    return sums


def _line_changes(joint: Floats, bits: Ints, width: int, signed: Bools) -> Floats:
    """`line_changes` of each layer at its own precision, shape (n_layers,)."""
    changes = np.empty(len(bits))
    for precision in np.unique(bits):
        alike = bits == precision
        changes[alike] = line_changes(joint[alike], int(precision), width, signed[alike])
    return changes


def _mean_ones(joint: Floats, bits: Ints) -> Floats:
    """Mean number of ones of codes with an offset in two's complement, shape (n_layers,)."""
    ones = np.empty(len(bits))
    for precision in np.unique(bits):
        alike = bits == precision
        signed = np.ones(int(alike.sum()), bool)
        ones[alike] = np.einsum("nkk->n", twos_complement(joint[alike], int(precision), signed))
    return ones
