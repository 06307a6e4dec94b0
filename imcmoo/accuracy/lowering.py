"""Layers as products of vectors with a stored matrix: convolutions, Gemm and MatMul."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from imcmoo.arrays import Floats, Values

Tensors = dict[str, Values]

Product = Callable[[Values], Floats]
"""Maps vectors, shape (G, n, K), to products, shape (G, n, M)."""

VALUES_CHUNK_SIZE = 1 << 25
"""Elements of vectors made at once, at least one sample."""


@dataclass(frozen=True, eq=False)
class MappedLayer:
    """A node whose weights are stored in arrays.

    Args:
        name: unique name of the node.
        matrix: name of its stored weights.
        source, result: tensors it reads and writes.
        weights: shape (G, K, M), K in the order of the file.
        bias: stored bias of the M · G channels, name of a tensor, or None.
        bias_factor: factor of the bias.
        kernel: kernel sizes of a convolution; empty for a matrix product.
        strides, dilations: of a convolution, one per spatial axis.
        pads: of a convolution: begins, then ends; or SAME_UPPER or SAME_LOWER.
    """

    name: str
    matrix: str
    source: str
    result: str
    weights: Floats
    bias: Floats | str | None
    bias_factor: float = 1.0
    kernel: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    dilations: tuple[int, ...] = ()
    pads: tuple[int, ...] | str = ()

    @property
    def layers(self) -> list[MappedLayer]:
        """The layer itself; other nodes may have several."""
        return [self]

    @property
    def reads(self) -> set[str]:
        """Tensors it reads that are not stored in the file."""
        return {self.source, self.bias} if isinstance(self.bias, str) else {self.source}

    @property
    def results(self) -> set[str]:
        """Tensors it writes."""
        return {self.result}

    def only(self, names: Collection[str]) -> MappedLayer | None:
        """The layer if its name is given; else None."""
        return self if self.name in names else None

    def run(self, tensors: Tensors, product: LayerProduct) -> Tensors:
        """Output of the node."""
        source = tensors[self.source]
        return {self.result: product(self, source, tensors).astype(source.dtype, copy=False)}

    def apply(self, inputs: Values, zero: int, product: Product) -> Floats:
        """Output of the layer without bias.

        Args:
            inputs: inputs, or their codes.
            zero: value for padding.
            product: multiplies vectors with the stored matrix.
        """
        if not self.kernel:
            flat = inputs.reshape(1, -1, inputs.shape[-1])
            return product(flat)[0].reshape(*inputs.shape[:-1], -1)
        padded = self._padded(inputs, zero)
        per_sample = max(1, padded[0].size * int(np.prod(self.kernel)))
        step = max(1, VALUES_CHUNK_SIZE // per_sample)
        parts = [padded[at : at + step] for at in range(0, len(padded), step)]
        return np.concatenate([self._convolved(part, product) for part in parts])

    def _padded(self, inputs: Values, zero: int) -> Values:
        sizes = inputs.shape[2:]
        pads = self.pads
        if isinstance(pads, str):
            pads = self._same(sizes, upper=pads == "SAME_UPPER")
        around = list(zip(pads[: len(sizes)], pads[len(sizes) :], strict=True))
        return np.pad(inputs, [(0, 0), (0, 0), *around], constant_values=zero)

    def _same(self, sizes: Sequence[int], *, upper: bool) -> tuple[int, ...]:
        """Pads for an output of the size of the input over the stride."""
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        total = [
            max(0, (-(-size // stride) - 1) * stride + span - size)
            for size, stride, span in zip(sizes, self.strides, spans, strict=True)
        ]
        less, more = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        return less + more if upper else more + less

    def _convolved(self, padded: Values, product: Product) -> Floats:
        windows = self._windows(padded)
        groups, rows, columns = self.weights.shape
        n, *sizes = windows.shape[1 : 2 + len(self.kernel)]
        made = product(windows.reshape(groups, -1, rows)).reshape(groups, n, -1, columns)
        return made.transpose(1, 0, 3, 2).reshape(n, groups * columns, *sizes)

    def _windows(self, padded: Values) -> Values:
        """Sliding windows by output, shape (groups, n, *sizes, channels, *kernel)."""
        axes = tuple(range(2, padded.ndim))
        spans = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        windows = sliding_window_view(padded, spans, axis=axes)
        leading = [slice(None)] * 2
        windows = windows[(*leading, *_steps(self.strides), *_steps(self.dilations))]
        n, channels = windows.shape[:2]
        groups = len(self.weights)
        grouped = windows.reshape(n, groups, channels // groups, *windows.shape[2:])
        spatial = tuple(range(3, 1 + padded.ndim))
        kernel = tuple(range(1 + padded.ndim, grouped.ndim))
        return grouped.transpose(1, 0, *spatial, 2, *kernel)

    def with_bias(self, product: Floats, tensors: Mapping[str, Values]) -> Floats:
        """Output of the layer from its product, with stored or computed bias."""
        if self.bias is None:
            return product
        bias = tensors[self.bias] if isinstance(self.bias, str) else self.bias
        bias = self.bias_factor * bias
        return product + (bias.reshape(-1, *[1] * len(self.kernel)) if self.kernel else bias)


LayerProduct = Callable[[MappedLayer, Values, Mapping[str, Values]], Values]
"""Maps a layer, its input and all tensors to its output."""


def _steps(strides: Sequence[int]) -> list[slice]:
    return [slice(None, None, stride) for stride in strides]
