"""Layers of all networks as arrays, each distinct layer of a network once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Any

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
from imcmoo.networks.workload_csv import KEYS, VALUES
from imcmoo.networks.workloads import BITS, DIMENSIONS, WorkloadSet

FEWEST_BITS = 4
"""Lowest precision of operands of the physical model, bits."""

OPERAND_BITS = range(FEWEST_BITS, BITS + 1)
KV_BITS = (4, 8, 16)
"""Allowed precisions of cached keys and values, bits."""


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
        keys, values: True for layers whose second operand is a cache of keys, or of values, shape
            (L,).
        waits: True for layers that need the result of the previous inference, shape (L,).
        second_bits: precision of the second operand on the digital unit, shape (L,).
        cache_bits: bits that a layer reads from the cache or adds to it, shape (L,).
        reserved_bits: bits that the cache of a layer has room for, shape (L,).
        cells_of_layer: layer whose copies a layer uses: itself, or that of the owner of its
            weights, shape (L,).
        cells_of_network: network whose weights a network uses: itself, or the owner, shape (W,).
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
    keys: Bools
    values: Bools
    waits: Bools
    second_bits: Floats
    cache_bits: Floats
    reserved_bits: Floats
    cells_of_layer: Ints
    cells_of_network: Ints
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
        kv_bits: int | Sequence[int] = BITS,
        weights_of: Mapping[str, str] | None = None,
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
            kv_bits: precision of cached keys and values, one number or one per network; 4, 8 or 16.
            weights_of: owner of the weights of a network, by name, if it is another network. If
                None, each network has its own weights.

        Raises:
            ValueError: a precision is not allowed, a clip outside 0 to 1, a wrong number of values,
                or the layers of an owner are others.
        """
        shapes = np.concatenate([w.shapes for w in workloads.workloads])
        strides = np.concatenate([w.strides for w in workloads.workloads])
        owner = workloads.owner
        unit = _units(owner.shape, digital=digital, dynamic=dynamic)
        bits = [
            _per_network(name, value, len(workloads))[owner]
            for name, value in (("input_bits", input_bits), ("weight_bits", weight_bits))
        ]
        cached_bits = _per_network("kv_bits", kv_bits, len(workloads), KV_BITS)
        clips = _clips(weight_clip, len(workloads))
        layers = np.column_stack([owner, shapes, strides, *bits, unit, *_caches(workloads)])
        cells_of_network, cells = _owners(workloads, weights_of or {})
        rows, distinct, cells_of_layer = _distinct(layers, cells if weights_of else None)
        columns = rows.T.astype(float)
        size = dict(zip(DIMENSIONS, columns[1:9], strict=True))
        geometry: dict[str, Any] = _geometry(size, columns[9], columns[10])
        last = np.append(np.diff(owner) != 0, True)
        follows = np.where(last, 0.0, np.append(geometry["first_share"][distinct][1:], 0.0))
        count = np.bincount(distinct).astype(float)
        io_bits = _io_bits(size, geometry["held_inputs"], columns[11], distinct, last)
        return cls(
            names=tuple(workloads.names),
            owner=rows[:, 0].astype(np.int64),
            count=count,
            **geometry,
            input_bits=columns[11],
            weight_bits=columns[12],
            digital=columns[13] > 0,
            holds_weights=columns[13] == 2,
            **_cache_fields(columns[14:17], size, cached_bits[rows[:, 0]]),
            second_bits=_second_bits(columns, cached_bits[rows[:, 0]]),
            cells_of_layer=cells_of_layer,
            cells_of_network=cells_of_network,
            previous_share=np.bincount(distinct, follows) / count,
            io_bits=io_bits,
            operands=OperandBits.joined(
                [operand_bits(w, c) for w, c in zip(workloads.workloads, clips, strict=True)]
            ),
            distinct=distinct,
        )

    def __len__(self) -> int:
        return len(self.owner)

    def part(self, start: int, stop: int) -> LayerTable:
        """Layers of some neighbouring networks.

        If the owner of their weights is not among them, `cells_of_layer` counts from its first
        layer, and `cells_of_network` is −1.
        """
        rows = slice(*np.searchsorted(self.owner, [start, stop]).tolist())
        at = np.flatnonzero((rows.start <= self.distinct) & (self.distinct < rows.stop))
        by_network = {"names", "io_bits", "cells_of_network"}
        parts: dict[str, Any] = {
            f.name: getattr(self, f.name)[start:stop]
            if f.name in by_network
            else getattr(self, f.name)[rows]
            for f in fields(self)
            if f.name not in ("operands", "distinct")
        }
        owners, cells = parts["cells_of_network"], parts["cells_of_layer"]
        inside = (start <= self.owner[cells]) & (self.owner[cells] < stop)
        first = np.where(inside, rows.start, self._starts[self.owner[cells]])
        kept = (start <= owners) & (owners < stop)
        parts |= {
            "owner": parts["owner"] - start,
            "cells_of_layer": cells - first,
            "cells_of_network": np.where(kept, owners - start, -1),
        }
        return LayerTable(
            **parts, operands=self.operands.take(at), distinct=self.distinct[at] - rows.start
        )

    @cached_property
    def followers(self) -> Bools:
        """True for networks that use the weights of another, shape (W,)."""
        return self.cells_of_network != np.arange(self.n_networks)

    def working_copies(self, copies: Floats) -> Floats:
        """Copies that have a vector to work on, shape (n, L): an owner may have more than that."""
        return np.minimum(copies, self.n_vectors) if self.followers.any() else copies

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

    @cached_property
    def buffered_bits(self) -> tuple[Floats, Floats]:
        """Inputs and outputs that the buffer holds while a layer runs, bits, shape (L,) each.

        Attention scores pass the buffer tile by tile, so it holds none of them.

        Source: FlashAttention (github.com/Dao-AILab/flash-attention).
        """
        inputs = self.held_inputs * self.input_bits
        outputs = self.output_words * self.input_bits
        return np.where(self.values, 0.0, inputs), np.where(self.keys, 0.0, outputs)

    @cached_property
    def feedback(self) -> Bools:
        """True for networks whose next inference needs the result of the last, shape (W,)."""
        return self.total(self.waits.astype(float)) > 0

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


def _owners(workloads: WorkloadSet, weights_of: Mapping[str, str]) -> tuple[Ints, Ints]:
    """Network, shape (W,), and layer, shape (n_layers,), whose weights each network and layer
    uses."""
    networks, names = workloads.workloads, workloads.names
    starts = np.cumsum([0, *map(len, networks)])
    owners, cells = np.arange(len(networks)), np.arange(starts[-1])
    for w, (network, name) in enumerate(zip(networks, names, strict=True)):
        if name in weights_of:
            owners[w] = names.index(weights_of[name])
            owner = networks[owners[w]]
            network.check_same_weights(owner)
            stored, of_owner = (np.flatnonzero(~np.array(n.dynamic)) for n in (network, owner))
            cells[starts[w] + stored] = starts[owners[w]] + of_owner
    return owners, cells


def _clips(weight_clip: float | Sequence[float], n: int) -> list[float]:
    """Largest stored weight of each of n networks; refuses shares outside 0 to 1."""
    clips: list[float] = np.broadcast_to(weight_clip, n).tolist()
    if not all(0 < clip <= 1 for clip in clips):
        raise ValueError(f"weight_clip must be above 0 and at most 1, got {weight_clip}")
    return clips


def _second_bits(columns: Floats, kv_bits: Ints) -> Floats:
    """Bits of the operand beside the input: cached, stored digitally, or an activation."""
    conditions = [columns[14] > 0, columns[13] == 2]
    return np.select(conditions, [kv_bits, columns[12]], columns[11])


def _distinct(layers: Ints, cells: Ints | None) -> tuple[Ints, Ints, Ints]:
    """Distinct rows of a table of layers, the row of each layer, and the row whose weights each
    row uses; `cells` is the layer whose weights each layer uses, None if it is the layer itself."""
    if cells is not None:
        # Layers whose copies differ are distinct, so those of their owner are a further column.
        _, alike = np.unique(layers, axis=0, return_inverse=True)
        follows_owner = cells != np.arange(len(cells))
        layers = np.column_stack([layers, np.where(follows_owner, alike.reshape(-1)[cells], -1)])
    rows, distinct = np.unique(layers, axis=0, return_inverse=True)
    distinct = distinct.reshape(-1)
    cells_of_layer = np.arange(len(rows))
    if cells is not None:
        cells_of_layer[distinct] = distinct[cells]
    return rows, distinct, cells_of_layer


def _io_bits(
    size: Mapping[str, Floats], inputs: Floats, bits: Floats, distinct: Ints, last: Bools
) -> Floats:
    """Inputs of the first layer and outputs of the last layer of each network, bits, shape (W,);
    sizes, inputs and bits are of distinct layers, `last` of all."""
    first = np.insert(last[:-1], 0, True)
    words = inputs[distinct][first] * bits[distinct][first]
    outputs = (size["N"] * size["G"] * size["M"] * size["P"] * size["Q"])[distinct][last]
    return np.asarray(words + outputs * bits[distinct][last])


def _caches(workloads: WorkloadSet) -> Iterator[Ints]:
    """Kind of the cache of each layer (0 none, 1 keys, 2 values), and positions appended and
    reserved."""
    networks = workloads.workloads
    yield np.array([("", KEYS, VALUES).index(kind) for w in networks for kind in w.cache])
    yield np.concatenate([w.appended for w in networks])
    yield np.concatenate([w.reserved for w in networks])


def _cache_fields(columns: Floats, size: dict[str, Floats], kv_bits: Ints) -> dict[str, Any]:
    """Caches of layers by field of `LayerTable`, from the columns of `_caches`."""
    kind, appended, reserved = columns
    keys = kind == 1
    seen = np.where(keys, size["M"], size["C"])
    position_bits = np.where(keys, size["C"], size["M"]) * size["G"] * kv_bits * (kind > 0)
    return {
        "keys": keys,
        "values": kind == 2,
        "waits": keys & (appended < seen),
        "cache_bits": seen * position_bits,
        "reserved_bits": reserved * position_bits,
    }


def _per_network(
    name: str, bits: int | Sequence[int], n: int, choices: Sequence[int] = OPERAND_BITS
) -> Ints:
    precision = np.atleast_1d(np.asarray(bits, dtype=np.int64))
    if precision.shape not in ((1,), (n,)) or not np.isin(precision, choices).all():
        allowed = f"{choices[0]} to {choices[-1]}"
        if choices is KV_BITS:
            allowed = ", ".join(map(str, choices))
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
        weights = _weight_sums(operands, weight_bits)
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


def _weight_sums(operands: OperandBits, bits: Ints) -> Floats:
    """Sums of mean shares over slices of weights, shape (2, 2, 8, n_layers): all or the upper half
    of the slices, by coding and slice width."""
    codings = ((operands.weights, bits), (operands.magnitudes, bits - 1))

    def sums(joint: Floats, bits: Ints, upper: bool) -> list[Floats]:
        widths = range(1, BITS + 1)
        return [_slice_sums(joint, bits, width, shares=True, upper=upper) for width in widths]

    return np.array([[sums(*coding, upper) for coding in codings] for upper in (False, True)])


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
