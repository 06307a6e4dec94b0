"""Weights of one layer in arrays: programming, reading, conversion, shift and add."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import product

import numpy as np

from imcmoo.accuracy.codes import Codes, cell_values, input_slices, places
from imcmoo.accuracy.conversion import Conversion, Read
from imcmoo.accuracy.least_error import NEGLIGIBLE, LeastError
from imcmoo.accuracy.normal import standard_normal, with_noise
from imcmoo.arrays import Bools, Floats, Ints, Values
from imcmoo.model.physical.adc_window import Adcs, Sums, choose_adcs
from imcmoo.model.physical.circuit import Circuit, level_variances, parallel_cells, slice_maxima

SUMS_CHUNK_SIZE = 1 << 20
"""Sums of one matrix product; they fit the cache."""

PRODUCTS, FEWEST_VECTORS = 60_000, 32
"""Products, and least number of vectors, on which windows of least error are chosen."""

MARGIN = 10**0.05
"""Ratio of noise powers, 0.5 dB, that the draw of the noise may explain."""

KEPT_SUMS = 1 << 25
"""Sums of a layer on these vectors, above which they are computed again in each pass."""

EXACT_IN_FLOAT32 = 1 << 24
"""Integers up to this are exact in float32."""


def row_blocks(rows: int, chip: Circuit) -> list[slice]:
    """Rows read at once: blocks of `active_rows` in macros of `rows`."""
    return [
        slice(start, min(start + chip.active_rows, macro + chip.rows, rows))
        for macro in range(0, rows, chip.rows)
        for start in range(macro, min(macro + chip.rows, rows), chip.active_rows)
    ]


class Crossbar:
    """Weights of one layer on a chip.

    Create it, `program` cell errors, `calibrate` the ADCs, then `multiply` codes of inputs.

    Args:
        weights: signed integers, shape (G, K, M).
        chip: parameters of the chip.
        zero: input code of 0.
        scale: value of a unit of the weights of each column, shape (G, M); windows of least error
            count each column's error by it. If None, 1.
        blocks: rows read at once. If None, `row_blocks`.
        dtype: precision of the sums. If None, float32 where it is exact for integers.
    """

    def __init__(
        self,
        weights: Ints,
        chip: Circuit,
        *,
        zero: int,
        scale: Floats | None = None,
        blocks: Sequence[slice] | None = None,
        dtype: type[np.floating] | None = None,
    ) -> None:
        self._chip = chip
        self._zero = zero
        self.weights = weights.astype(np.float64)
        """Signed integers that the layer should multiply with, shape (G, K, M)."""
        self._blocks = row_blocks(weights.shape[1], chip) if blocks is None else list(blocks)
        self.input_maxima = slice_maxima(chip.input_bits, chip.input_slice_bits)
        self.cell_maxima = slice_maxima(chip.weight_bits - chip.differential, chip.bits_per_cell)
        largest = chip.active_rows * self.input_maxima[0] * self.cell_maxima[0]
        self._dtype = dtype or (np.float32 if largest < EXACT_IN_FLOAT32 else np.float64)
        stored = cell_values(
            weights, chip.weight_bits, chip.bits_per_cell, differential=chip.differential
        )
        self._ideal = self._cells = stored.astype(self._dtype)
        self._adcs: Conversion | None = None
        self._offset = np.zeros((weights.shape[0], 1, weights.shape[2]))
        self._noise: np.random.Generator | None = None
        self._adc_noise: np.random.Generator | None = None
        self._scale = np.ones(self._offset.shape) if scale is None else scale
        self._seed = 0

    @property
    def places(self) -> Floats:
        """Value of one unit of each input and weight slice, shape (I, S)."""
        x = places(len(self.input_maxima), self._chip.input_slice_bits)
        return x[:, None] * places(len(self.cell_maxima), self._chip.bits_per_cell)

    def error_variances(self, sigma: float) -> Floats:
        """Variance of a stored slice with cell error `sigma`, shape (S,)."""
        pair = 1 + self._chip.differential
        return np.asarray(pair * (sigma * self.cell_maxima) ** 2 / self._parallel_cells)

    @property
    def _parallel_cells(self) -> Floats:
        """Cells in parallel of each slice, shape (S,)."""
        return parallel_cells(len(self.cell_maxima), self._chip.redundancy)

    @property
    def reference_variances(self) -> Floats:
        """Variance of a stored slice by its reference columns, shape (S,)."""
        return np.asarray(self._chip.reference_variance * self.cell_maxima**2)

    @property
    def stuck_variances(self) -> Floats:
        """Variance of a stored slice by stuck cells, shape (S,)."""
        return self.error_variances(math.sqrt(self._chip.stuck_share / 2))

    def program(self, rng: np.random.Generator, ranges: Floats | None = None) -> None:
        """Draw the cell errors of one chip.

        Args:
            rng: generator of this chip and layer; later draws are read noise. Noise of ADCs,
                stuck cells, reference columns and the choice of windows have generators of their
                own, so that other draws do not depend on them.
            ranges: largest values of the cells, shape (S,), if slices do not use the whole range.
        """
        spread = np.sqrt(self._cell_variances())
        if ranges is not None:
            spread = spread * (ranges / self.cell_maxima)[:, None]
        self._noise = rng if self._chip.read_sigma > 0 else None
        self._adc_noise, stuck, references, windows = rng.spawn(4)
        self._seed = int(windows.integers(1 << 63))
        if spread.any():
            errors = rng.standard_normal(self._ideal.shape, dtype=np.float32)
            self._cells = self._ideal + errors * spread.astype(self._dtype)
        largest = self.cell_maxima if ranges is None else ranges
        if self._chip.reference_columns > 0:
            drawn = references.standard_normal((*self._ideal.shape[:3], 1), dtype=np.float32)
            common = math.sqrt(self._chip.reference_variance) * largest[:, None]
            self._cells = self._cells - drawn * common.astype(self._dtype)
        if self._chip.stuck_share > 0:
            self._stick(stuck, largest)

    def _stick(self, rng: np.random.Generator, largest: Floats) -> None:
        """Add the errors of stuck cells; each cell of a pair, and in parallel, may be stuck."""
        copies, sides = self._parallel_cells, (1, -1) if self._chip.differential else (1,)
        cells = self._cells.copy()
        for j, side in product(range(len(copies)), sides):
            held = np.maximum(side * self._ideal[:, :, j], 0)
            for _ in range(int(copies[j])):
                count = rng.binomial(held.size, self._chip.stuck_share)
                at = np.unravel_index(rng.choice(held.size, count, replace=False), held.shape)
                ends = largest[j] * rng.integers(0, 2, count)
                cells[:, :, j][at] += side * (ends - held[at]) / copies[j]
        self._cells = cells

    def _cell_variances(self) -> Floats:
        """Variance of each stored slice, shape (S, 1) or (G, K, S, M)."""
        if self._chip.cell_errors == "uniform":
            return self.error_variances(self._chip.sigma)[:, None]
        # One cell of a pair holds the magnitude, the other 0.
        shares = np.abs(self._ideal) / self.cell_maxima[:, None]
        variances = level_variances(self._chip.cell_errors, shares)
        if self._chip.differential:
            variances += level_variances(self._chip.cell_errors, np.zeros(()))
        whole_range = self.error_variances(1.0) / (1 + self._chip.differential)
        return variances * whole_range[:, None]

    @cached_property
    def mean_cell_variances(self) -> Floats:
        """Variance of a stored slice, mean over weights, shape (S,)."""
        variances = self._cell_variances()
        return np.asarray(variances.mean(axis=(0, 1, 3) if variances.ndim == 4 else 1))

    def weight_errors(self) -> Floats:
        """Errors of the programmed weights, in units of the integers, shape (G, K, M)."""
        errors = self._cells - self._ideal
        units = places(len(self.cell_maxima), self._chip.bits_per_cell)
        return np.asarray(np.einsum("gksm,s->gkm", errors, units))

    def set_adcs(self, adcs: Sequence[Adcs], *, codes: int) -> None:
        """Set the ADCs of each row block, and their number of codes."""
        self._adcs = Conversion.from_adcs(adcs, codes)

    def exact(self, codes: Codes) -> Floats:
        """Exact products of codes, shape (G, n, M)."""
        return np.asarray((codes.astype(np.float64) - self._zero) @ self.weights)

    def multiply(self, codes: Codes) -> Floats:
        """Products as the chip computes them, in units of the integers, shape (G, n, M).

        Args:
            codes: shape (G, n, K).

        Raises:
            ValueError: the chip has ADCs, but neither `calibrate` nor `set_adcs` was called; or
                they have noise, but `program` was not called.
        """
        if self._is_exact:
            return self.exact(codes)
        return self._products(codes, [self._conversion])[0] - self._offset

    def at_resolutions(self, codes: Codes, bits: Sequence[int | None]) -> Floats:
        """Products at several ADC resolutions, columns not corrected, shape (B, G, n, M).

        Args:
            codes: shape (G, n, K); they also choose the ADC windows.
            bits: B resolutions; None for no conversion. Results do not depend on the other
                resolutions.
        """
        return self._chosen_adcs(codes, bits)[1]

    def calibrate(self, codes: Codes) -> None:
        """Choose ADC windows and column corrections from calibration vectors, shape (G, n, K)."""
        if self._is_exact:
            return
        drawn = self._chip.adc_window == "least_error"  # only this rule depends on the cell errors
        if drawn or self._adcs is None:
            (self._adcs,), (made,) = self._chosen_adcs(codes, [self._chip.adc_bits])
        else:
            (made,) = self._products(codes, [self._conversion])
        self._offset = (made - self.exact(codes)).mean(axis=1, keepdims=True)

    @property
    def _is_exact(self) -> bool:
        """True without ADCs and errors of cells: slices add up to the product of the integers."""
        return self._chip.adc_bits is None and self._cells is self._ideal and self._noise is None

    @property
    def _conversion(self) -> Conversion | None:
        """Conversion of sums; None without ADCs."""
        if self._chip.adc_bits is None:
            return None
        if self._adcs is None:
            raise ValueError("the ADCs have no windows: call `calibrate` or `set_adcs` first")
        return self._adcs

    def _products(self, codes: Codes, conversions: Sequence[Conversion | None]) -> Floats:
        """Shifted sums minus the offsets of weights and inputs, shape (conversions, G, n, M)."""
        made = np.zeros((len(conversions), *codes.shape[:2], self.weights.shape[2]))
        for read in self._reads(codes, self._cells, self._noise):
            converted = read
            if conversions != [None] and self._chip.adc_noise > 0:
                if self._adc_noise is None:
                    raise ValueError("the ADCs have noise: call `program` first")
                # All resolutions share the noise.
                converted = replace(read, sums=self._with_adc_noise(read.sums, self._adc_noise))
            for out, conversion in zip(made, conversions, strict=True):
                part = out[read.groups, read.samples]
                if conversion is None:
                    part += np.einsum("ginsm,is->gnm", read.sums, self.places, optimize=True)
                else:
                    conversion.add_to(part, converted, self.places)
        if not self._chip.differential:
            total = codes.sum(axis=2, keepdims=True, dtype=np.float64)
            made -= 2.0 ** (self._chip.weight_bits - 1) * total
        made -= self._zero * self.weights.sum(axis=1)[:, None, :]
        return made

    def _reads(
        self,
        codes: Codes,
        cells: Values,
        noise: np.random.Generator | None = None,
        blocks: Sequence[int] | None = None,
    ) -> Iterator[Read]:
        """Sums of some row blocks (default: all), some groups and samples at a time."""
        groups, n, _ = codes.shape
        slices, columns = cells.shape[2:]
        per_sample = len(self.input_maxima) * slices * columns
        n_step = min(n, max(1, SUMS_CHUNK_SIZE // per_sample))
        g_step = max(1, SUMS_CHUNK_SIZE // (per_sample * n_step))
        for g in range(0, groups, g_step):
            group_slice = slice(g, min(g + g_step, groups))
            for block in range(len(self._blocks)) if blocks is None else blocks:
                rows = self._blocks[block]
                stored = cells[group_slice, rows].reshape(
                    group_slice.stop - g, -1, slices * columns
                )
                for start in range(0, n, n_step):
                    samples = slice(start, min(start + n_step, n))
                    drive = self._drive(codes[group_slice, samples, rows])
                    flat = drive.reshape(len(drive), -1, drive.shape[-1])
                    sums = (flat @ stored).reshape(*drive.shape[:3], slices, columns)
                    if noise is not None:
                        sums += self._read_noise(drive, sums.shape, noise)
                    yield Read(block, group_slice, samples, drive, sums)

    def _with_adc_noise(self, sums: Values, rng: np.random.Generator) -> Values:
        """Sums with the noise of their ADCs."""
        if self._chip.adc_noise == 0:
            return sums
        return with_noise(sums, self._chip.adc_noise, rng)

    def _drive(self, codes: Codes) -> Values:
        """Input slices as rows are driven, shape (G, I, n, K)."""
        sliced = input_slices(codes, self._chip.input_bits, self._chip.input_slice_bits)
        return np.stack(sliced, axis=1).astype(self._dtype)

    def _read_noise(
        self, drive: Values, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Values:
        power = np.einsum("gink,gink->gin", drive, drive)[..., None, None]
        spread = np.sqrt(power * self.error_variances(self._chip.read_sigma)[:, None])
        return spread.astype(self._dtype) * standard_normal(shape, rng)

    def _chosen_adcs(
        self, codes: Codes, bits: Sequence[int | None]
    ) -> tuple[list[Conversion | None], Floats]:
        """Conversions at several resolutions by the rule of the chip, and the products with them.

        Windows of least error are chosen on some vectors. Those of `sigma` replace them if they
        are better on all vectors, or clearly better if noise is drawn.
        """
        if all(b is None for b in bits):
            return [None] * len(bits), self._products(codes, [None] * len(bits))
        statistics = self._statistics(codes)
        width = None if self._chip.adc_window == "range" else self._chip.window_sigmas

        def of_width(b: int) -> Conversion:
            return Conversion.from_adcs([choose_adcs(s, b, width) for s in statistics], 2**b)

        conversions = [None if b is None else of_width(b) for b in bits]
        if self._chip.adc_window != "least_error":
            return conversions, self._products(codes, conversions)
        least = self._least_error(codes, statistics)
        conversions = [None if b is None else least.at(b) for b in bits] + conversions
        products = self._products(codes, conversions)
        chosen = np.arange(len(bits)) + len(bits) * self._first_is_worse(
            products, self.exact(codes)
        )
        return [conversions[at] for at in chosen], products[chosen]

    def _first_is_worse(self, products: Floats, exact: Floats) -> Bools:
        """Return for each resolution whether the first half of the products errs more.

        Both halves have the same draw of noise. Where noise is drawn, the first half must err more
        by `MARGIN`. False where the errors are negligible.

        Args:
            products: shape (2 B, G, n, M).
            exact: shape (G, n, M).

        Returns:
            shape (B,), for B resolutions.
        """
        weights = (self._scale**2).ravel()
        noise = [(product - exact).var(axis=1).ravel() @ weights for product in products]
        first, second = np.array(noise).reshape(2, -1)
        negligible = NEGLIGIBLE * (exact.var(axis=1).ravel() @ weights)
        is_drawn = self._chip.adc_noise > 0 or self._chip.read_sigma > 0
        return (first > second * (MARGIN if is_drawn else 1)) & (first > negligible)

    def _statistics(self, codes: Codes) -> list[Sums]:
        """Statistics of the sums of each row block without cell errors."""
        cells = self.mean_cell_variances + self.error_variances(self._chip.read_sigma)
        cells += self.reference_variances
        added = self._chip.adc_noise**2
        full = self.input_maxima[:, None] * self.cell_maxima
        statistics = []
        for rows in self._blocks:
            drive = self._drive(codes[:, :, rows])
            mean, square = self._moments(drive, self._ideal[:, rows])
            power = np.einsum("gink,gink->i", drive, drive, dtype=np.float64)[:, None]
            statistics.append(
                Sums(
                    mean=mean,
                    variance=np.maximum(square - mean**2, 0),
                    error_variance=power / (codes.shape[0] * codes.shape[1]) * cells + added,
                    lowest=-self._chip.differential * (rows.stop - rows.start) * full,
                    highest=(rows.stop - rows.start) * full,
                )
            )
        return statistics

    def _moments(self, drive: Values, cells: Values) -> tuple[Floats, Floats]:
        """Mean and mean square of the sums of a row block, shape (I, S) each.

        Σ (x·w)² over all vectors x and columns w is Σ_kl (Σ_x x_k x_l) (Σ_w w_k w_l): no sum is
        made. Exact if G n M (K x w)² < 2⁵³ for the largest x of an input slice and w of a cell.
        """
        groups, _, n, rows = drive.shape
        columns = cells.shape[3]
        totals = [v.sum(axis=at, dtype=np.float64) for v, at in ((drive, 2), (cells, 3))]
        mean = np.einsum("gik,gks->is", *totals)
        largest = max(n * self.input_maxima[0] ** 2, columns * self.cell_maxima[0] ** 2)
        kind = np.float32 if largest < EXACT_IN_FLOAT32 else np.float64
        x: Values = drive.astype(kind, copy=False)
        w: Values = cells.transpose(0, 2, 3, 1).astype(kind, copy=False)
        square = np.zeros(mean.shape)
        step = max(1, SUMS_CHUNK_SIZE // (groups * rows * sum(mean.shape)))
        for start in range(0, rows, step):
            block = slice(start, start + step)
            of_x, of_w = (np.matmul(v[..., block].swapaxes(2, 3), v) for v in (x, w))
            alike = ((0, 2, 3), (0, 2, 3))
            square += np.tensordot(of_x.astype(np.float64), of_w.astype(np.float64), axes=alike)
        vectors = groups * n * columns
        return mean / vectors, square / vectors

    def clipped_share(self, codes: Codes) -> float:
        """Share of the sums of codes, shape (G, n, K), beyond the windows of their ADCs.

        Slice pairs with a single code are left out.
        """
        conversion = self._conversion
        if conversion is None:
            return 0.0
        half = conversion.step / 2
        low, high = conversion.low - half, conversion.low + 2 * half * conversion.codes - half
        clipped = total = 0
        for read in self._reads(self._picked(codes), self._cells):
            ends = (v[read.block][:, None, :, None] for v in (low, high))
            counted = (conversion.codes > 1)[read.block][:, None, :, None]
            below, above = (read.sums < next(ends)) & counted, (read.sums > next(ends)) & counted
            clipped += int(below.sum()) + int(above.sum())
            total += read.sums.size
        return clipped / total

    def _picked(self, codes: Codes) -> Codes:
        """Random calibration vectors, enough for `PRODUCTS` products."""
        count = max(FEWEST_VECTORS, PRODUCTS // self._scale.size)
        picked = np.random.default_rng(self._seed).permutation(codes.shape[1])
        return codes[:, np.sort(picked[:count])]

    def _least_error(self, codes: Codes, statistics: list[Sums]) -> LeastError:
        """Choice of windows on some vectors, with one draw of the noise of reads and of ADCs."""
        vectors, weights = self._picked(codes), (self._scale**2).ravel()
        n = vectors.shape[1]

        def sums_of(block: int) -> tuple[Values, Values]:
            noise = None if self._noise is None else np.random.default_rng([self._seed, block])
            true = self._joined(self._reads(vectors, self._ideal, blocks=[block]), n)
            if noise is None and self._cells is self._ideal and self._chip.adc_noise == 0:
                return true, true
            reads = self._reads(vectors, self._cells, noise, blocks=[block])
            from_adcs = np.random.default_rng([self._seed, block, 1])
            return self._with_adc_noise(self._joined(reads, n), from_adcs), true

        if self.places.size * n * weights.size * len(self._blocks) <= KEPT_SUMS:
            sums_of = cache(sums_of)
        signal = self.exact(vectors).var(axis=1).ravel() @ weights
        return LeastError(
            sums_of, statistics, places=self.places, weights=weights, signal=float(signal)
        )

    def _joined(self, reads: Iterator[Read], n: int) -> Values:
        """Sums of one row block, shape (I, S, n, G · M)."""
        groups, _, columns = self.weights.shape
        made = np.empty((*self.places.shape, n, groups, columns), self._dtype)
        for read in reads:
            made[:, :, read.samples, read.groups] = read.sums.transpose(1, 3, 2, 0, 4)
        return made.reshape(*self.places.shape, n, groups * columns)
