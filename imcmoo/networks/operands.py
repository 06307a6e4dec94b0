"""Moments of the operands of each layer: probabilities that bits are one, singly and in pairs.

Mean and mean square of every slice of every precision follow: a slice of d bits is Σ_k 2^k b_k, its
square Σ_kl 2^(k+l) b_k b_l. A precision below 8 bits keeps the top bits.

Source of the shipped histograms: the CiMLoop workloads (github.com/mit-emze/cimloop, MIT licence),
inputs and weights of eight of the nine networks, `signed_bins` symmetric bins each. Values are
assumed uniform within a bin (0 in the zero bin of non-negative inputs), so the lowest bits are
guesses.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.networks.workloads import BITS, DIMENSIONS, IN_TRUTH, Workload

HISTOGRAMS = "operand_histograms.npz"
MAX_GENERIC_SHARE = 0.5
"""Share of layers without histograms above which the operands of a network count as generic."""
_CODES = np.arange(2**BITS)
_ZERO = 2 ** (BITS - 1)
"""Offset code of 0."""


@dataclass(frozen=True)
class OperandBits:
    """Joint probabilities P(bit k and bit l are one) of layers, most significant bit first.

    Args:
        inputs: inputs as coded: unsigned if non-negative, else with an offset of 128; shape
            (n_layers, 8, 8).
        inputs_offset: all inputs coded with an offset of 128, shape (n_layers, 8, 8).
        signed: True for layers with negative inputs, shape (n_layers,).
        weights: weights coded with an offset of 128, shape (n_layers, 8, 8).
        magnitudes: magnitudes of the weights, shape (n_layers, 7, 7).
        signed_magnitudes: E[sign · bit] of the bits of the magnitudes, shape (n_layers, 7).
        cut: mean square of the clipped part of the weights, in squares of a unit of their codes,
            shape (n_layers,).
    """

    inputs: Floats
    inputs_offset: Floats
    signed: Bools
    weights: Floats
    magnitudes: Floats
    signed_magnitudes: Floats
    cut: Floats

    def __len__(self) -> int:
        return len(self.signed)

    @classmethod
    def from_histograms(
        cls, inputs: Floats, weights: Floats, weight_clip: float = 1.0
    ) -> OperandBits:
        """Compute from histograms over bins symmetric about 0.

        Args:
            inputs, weights: probabilities, shape (n_layers, n_bins), n_bins odd; the outer bins are
                at plus and minus the largest magnitude.
            weight_clip: largest stored weight as a share of the largest magnitude.

        Raises:
            ValueError: the number of bins is even, or the numbers of layers differ.
        """
        if len(inputs) != len(weights) or not inputs.shape[1] % 2 or not weights.shape[1] % 2:
            raise ValueError(
                f"histograms of shapes {inputs.shape} and {weights.shape}: expected the same "
                "number of layers and an odd number of bins"
            )
        inputs, weights = (h / h.sum(axis=1, keepdims=True) for h in (inputs, weights))
        signed = inputs[:, : inputs.shape[1] // 2].sum(axis=1) > 0
        offset = _offset_codes(inputs)
        natural = np.where(signed[:, None], offset, _unsigned_codes(inputs))
        codes = _offset_codes(weights, weight_clip)
        return cls.from_codes(natural, offset, codes, signed, _cut(weights, weight_clip))

    @classmethod
    def from_codes(
        cls,
        natural: Floats,
        offset: Floats,
        weights: Floats,
        signed: Bools,
        cut: Floats | None = None,
    ) -> OperandBits:
        """Compute from probabilities of 8-bit codes, shape (n_layers, 256).

        Args:
            natural: inputs as coded.
            offset: inputs coded with an offset; an unsigned code keeps its top 7 bits.
            weights: weights coded with an offset.
            signed: True for layers with negative inputs, shape (n_layers,).
            cut: see the class. If None, 0.
        """
        value = np.maximum(_CODES - _ZERO, 1 - _ZERO)
        plus, minus = (
            np.einsum("nkk->nk", _joint(weights * side, np.abs(value), BITS - 1))
            for side in (value > 0, value < 0)
        )
        return cls(
            inputs=_joint(natural, _CODES, BITS),
            inputs_offset=_joint(offset, _CODES, BITS),
            signed=signed,
            weights=_joint(weights, _CODES, BITS),
            magnitudes=_joint(weights, np.abs(value), BITS - 1),
            signed_magnitudes=plus - minus,
            cut=np.zeros(len(weights)) if cut is None else cut,
        )

    def take(self, index: Ints | Bools) -> OperandBits:
        """Layers of an index or mask."""
        return OperandBits(*(values[index] for values in self._fields()))

    def mean(self) -> OperandBits:
        """Average of all layers as one layer; signed if they all are."""
        averages = [np.mean(values, axis=0, keepdims=True) for values in self._fields()]
        averages[2] = self.signed[:1]
        return OperandBits(*averages)

    @classmethod
    def joined(cls, parts: list[OperandBits]) -> OperandBits:
        """Concatenate the layers of several networks."""
        return cls(*(np.concatenate(v) for v in zip(*(p._fields() for p in parts), strict=True)))

    def _fields(self) -> tuple[NDArray[Any], ...]:
        return tuple(getattr(self, field.name) for field in fields(self))


def slice_moments(joint: Floats, bits: int, width: int) -> tuple[Floats, Floats]:
    """Mean and mean square of each slice, most significant slice last, shape (n_layers, n_slices).

    Args:
        joint: P(bit k and bit l), most significant first, shape (n_layers, n_bits, n_bits).
        bits: precision, the top `bits` are kept.
        width: bits per slice; the most significant slice may be shorter.
    """
    means, squares = [], []
    for block in _slices(joint, bits, width):
        place = 2.0 ** np.arange(block.shape[1] - 1, -1, -1)
        means.append(np.einsum("nkk,k->n", block, place))
        squares.append(np.einsum("nkl,k,l->n", block, place, place))
    return np.stack(means, axis=1), np.stack(squares, axis=1)


def twos_complement(joint: Floats, bits: int, signed: Bools) -> Floats:
    """Joint probabilities of the bits of operands in two's complement, least significant first.

    Args:
        joint: P(bit k and bit l), most significant first, shape (n_layers, n_bits, n_bits).
        bits: precision B, the top `bits` are kept.
        signed: True for codes with an offset, whose top bit is inverted, shape (n_layers,).

    Returns:
        Shape (n_layers, B, B).
    """
    kept = joint[:, bits - 1 :: -1, bits - 1 :: -1].copy()
    ones = np.einsum("nkk->nk", kept).copy()
    inverted = ones - kept[:, -1]
    inverted[:, -1] = 1 - ones[:, -1]
    kept[signed, -1, :] = kept[signed, :, -1] = inverted[signed]
    return kept


def line_changes(joint: Floats, bits: int, width: int, signed: Bools) -> Floats:
    """Mean changes of the lines that send one input, `width` bits at a time, shape (n_layers,).

    Line k sends bit k + j · width in slice j, beyond the last bit 0 or the sign. The input sent
    before is an independent one.

    Args:
        joint, bits, signed: see `twos_complement`.
        width: number of lines.
    """
    at = np.arange(-(-bits // width) * width)
    sent = twos_complement(joint, bits, signed)
    last_bit = np.minimum(at, bits - 1)
    sent = sent[:, last_bit][:, :, last_bit]
    beyond = (at >= bits)[:, None] | (at >= bits)
    sent[~signed] = np.where(beyond, 0.0, sent[~signed])
    ones = np.einsum("nkk->nk", sent)
    both = sent[:, at[width:], at[:-width]]
    within = ones[:, width:] + ones[:, :-width] - 2 * both
    first, last = ones[:, :width], ones[:, -width:]
    between = first * (1 - last) + last * (1 - first)
    changes: Floats = within.sum(axis=1) + between.sum(axis=1)
    return changes


def slice_averages(
    joint: Floats, bits: int, width: int, function: Callable[[Floats], Floats]
) -> Floats:
    """Mean of a function of each slice as a share of its range, shape (n_layers, n_slices).

    Exact for slices of up to two bits; for wider slices the function is approximated by bits and
    pairs of bits (least squares).

    Args:
        joint, bits, width: see `slice_moments`.
        function: vectorised function of shares, 0 to 1.
    """
    averages = []
    for block in _slices(joint, bits, width):
        n_bits = block.shape[1]
        levels = np.arange(2**n_bits)
        set_bits = levels[:, None] >> np.arange(n_bits - 1, -1, -1) & 1
        first, second = np.triu_indices(n_bits)
        terms = np.column_stack([np.ones(len(levels)), set_bits[:, first] * set_bits[:, second]])
        fitted = np.linalg.lstsq(terms, function(levels / levels[-1]), rcond=None)[0]
        averages.append(fitted[0] + (block[:, first, second] * fitted[1:]).sum(axis=1))
    return np.stack(averages, axis=1)


def _slices(joint: Floats, bits: int, width: int) -> Iterator[Floats]:
    """Joint probabilities of the bits of each slice, the least significant slice first."""
    for low in range(0, bits, width):
        rows = slice(bits - min(low + width, bits), bits - low)
        yield joint[:, rows, rows]


def operand_bits(workload: Workload, weight_clip: float = 1.0) -> OperandBits:
    """Moments of the layers of a network.

    A layer takes the recorded statistics of the corresponding layer of the same network (`resnet18`
    for `resnet18_onnx`): those with its kernel and channels correspond in order. If there is none,
    a convolution takes the average of all recorded layers without negative inputs, other layers
    that of layers with negative inputs.

    Args:
        workload: the network.
        weight_clip: largest stored weight as a share of the largest of its layer.
    """
    # GPT-2 calls a product of matrices `Conv1D`.
    convolution = np.array(["Conv" in kind and kind != "Conv1D" for kind in workload.kinds])
    averages, same = _defaults(weight_clip), _recorded_layers(workload)
    if (same < 0).all():
        return averages.take(convolution.astype(np.int64))
    recorded = _recorded(workload.name.removesuffix(IN_TRUTH), weight_clip)
    all_bits = OperandBits.joined([averages, recorded])
    return all_bits.take(np.where(same < 0, convolution, len(averages) + same))


def generic_operands(workload: Workload) -> bool:
    """True if most layers take averages over other networks, so the SNR is generic."""
    return bool((_recorded_layers(workload) < 0).mean() > MAX_GENERIC_SHARE)


def _recorded_layers(workload: Workload) -> Ints:
    """Index of the recorded layer of each layer; −1 if there is none."""
    name = workload.name.removesuffix(IN_TRUTH)
    if name not in _recorded_names():
        return np.full(len(workload), -1)
    recorded = Workload.load(name)
    at = [DIMENSIONS.index(name) for name in "CMRSG"]
    left: dict[tuple[int, ...], deque[int]] = defaultdict(deque)
    for index, shape in enumerate(recorded.shapes[:, at].tolist()):
        left[tuple(shape)].append(index)
    queues = [left[tuple(shape)] for shape in workload.shapes[:, at].tolist()]
    return np.array([queue.popleft() if queue else -1 for queue in queues])


@cache
def _defaults(weight_clip: float) -> OperandBits:
    """Averages of all recorded layers with and without negative inputs."""
    recorded = OperandBits.joined([_recorded(name, weight_clip) for name in _recorded_names()])
    return OperandBits.joined([recorded.take(recorded.signed == s).mean() for s in (True, False)])


@cache
def _recorded_names() -> tuple[str, ...]:
    with _histograms() as stored:
        return tuple(sorted({name.split(".")[0] for name in stored.files}))


@cache
def _recorded(name: str, weight_clip: float) -> OperandBits:
    with _histograms() as stored:
        inputs, weights = (stored[f"{name}.{o}"].astype(float) for o in ("inputs", "weights"))
    return OperandBits.from_histograms(inputs, weights, weight_clip)


@contextmanager
def _histograms() -> Iterator[Any]:
    with (
        resources.as_file(resources.files("imcmoo.networks") / "tables" / HISTOGRAMS) as path,
        np.load(path, allow_pickle=False) as stored,
    ):
        yield stored


def _offset_codes(histograms: Floats, clip: float = 1.0) -> Floats:
    """P(code) of round(127 x / (clip · max)) + 128, shape (n_layers, 256)."""
    half = histograms.shape[1] // 2
    largest = (_ZERO - 1) / clip
    edges = (np.arange(-half, half + 2) - 0.5) * (largest / half) + _ZERO
    codes = _spread(histograms, edges)
    if clip < 1:  # clipped weights are -127 at the least
        codes[:, 1] += codes[:, 0]
        codes[:, 0] = 0.0
    return codes


def _cut(histograms: Floats, clip: float) -> Floats:
    """Mean square of the clipped part, in squares of a unit, shape (n_layers,)."""
    half = histograms.shape[1] // 2
    magnitudes = np.abs(np.arange(-half, half + 1)) * ((_ZERO - 1) / (clip * half))
    cut: Floats = histograms @ np.maximum(magnitudes - (_ZERO - 1), 0.0) ** 2
    return cut


def _unsigned_codes(histograms: Floats) -> Floats:
    """P(code) of round(255 x / max) of non-negative inputs; the zero bin is exactly 0."""
    half = histograms.shape[1] // 2
    edges = (np.arange(1, half + 2) - 0.5) * (_CODES[-1] / half)
    codes = _spread(histograms[:, half + 1 :], edges)
    codes[:, 0] += histograms[:, half]
    return codes


def _spread(probabilities: Floats, edges: Floats) -> Floats:
    """Distribute bins evenly over the codes they cover; the ends collect what lies outside."""
    below = np.concatenate([np.zeros((len(probabilities), 1)), probabilities.cumsum(axis=1)], 1)
    borders = _CODES[:-1] + 0.5
    upto = np.array([np.interp(borders, edges, row) for row in below])
    total = below[:, -1:]
    codes: Floats = np.diff(np.concatenate([np.zeros_like(total), upto, total], axis=1), axis=1)
    return codes


def _joint(probabilities: Floats, values: Ints, bits: int) -> Floats:
    """P(bit k and bit l are one), shape (n_layers, bits, bits)."""
    ones = ((values[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(float)
    joint: Floats = np.einsum("nv,vk,vl->nkl", probabilities, ones, ones, optimize=True)
    return joint
