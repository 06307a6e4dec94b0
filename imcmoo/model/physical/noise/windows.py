"""Noise of row blocks with the ADC windows of a rule."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.model.physical.adc_window import CANDIDATE_SIGMAS, choose_adcs
from imcmoo.model.physical.noise.row_blocks import ROUNDING, RowBlocks


def noise_of_windows(blocks: RowBlocks, adc_bits: Ints, coherence: Floats) -> tuple[Floats, Floats]:
    """Power that ADCs and cells add to each sum, (n_bits, n, input slices, weight slices).

    Args:
        blocks: n row blocks; their circuit has the rule for windows.
        adc_bits: resolutions, shape (n_bits,).
        coherence: power of cell errors over the sum of their powers in the input slices, shape
            (n,).
    """
    circuit = blocks.circuit
    if circuit.adc_window != "least_error":
        fixed = None if circuit.adc_window == "range" else circuit.window_sigmas
        return _of_window(blocks, adc_bits, fixed, coherence)
    adc, cells = np.empty((2, len(adc_bits), *blocks.mean.shape))
    search = _LeastNoise(blocks, adc_bits.max(), coherence)
    for at in np.argsort(adc_bits):
        adc[at], cells[at] = search.up_to(int(adc_bits[at]))
    return adc, cells


def _of_window(
    blocks: RowBlocks, adc_bits: Ints, sigmas: float | None, coherence: Floats
) -> tuple[Floats, Floats]:
    """Noise with windows of `sigmas` standard deviations, of all possible sums if None."""
    sums = blocks.sums
    bits = adc_bits[:, None, None, None]
    adcs = choose_adcs(sums, bits, sigmas)
    whole = adcs.step == 1
    cells = np.repeat(blocks.cell_noise(coherence)[None], len(bits), axis=0)
    steps = blocks.step_noise(adcs.step)
    if whole.any():
        on_units = blocks.noise_on_units(whole.any(axis=0), coherence)
        for noise, rounded in zip((steps, cells), on_units, strict=True):
            noise[whole] = np.broadcast_to(rounded, whole.shape)[whole]
    return steps + blocks.clipped(sums, adcs, bits)[0], cells


class _LeastNoise:
    """Noise with the window of least noise at 1 to B bits, for each sum of row blocks.

    Windows are tried only where a lower bound of their noise is below the least noise so far. Call
    `up_to` with rising numbers of bits, `most_bits` at most.
    """

    def __init__(self, blocks: RowBlocks, most_bits: int, coherence: Floats) -> None:
        self._blocks, self._tried = blocks, 0
        sums = blocks.sums
        self._spread = np.sqrt(sums.variance + sums.error_variance).ravel()
        self._range = (sums.highest - sums.lowest).ravel()
        narrowest = np.minimum(self._range, 2 * CANDIDATE_SIGMAS[0] * self._spread)
        whole = narrowest <= 2.0**most_bits
        on_units = blocks.noise_on_units(whole.reshape(blocks.mean.shape), coherence)
        self._on_units = np.stack([v.ravel() for v in on_units])
        self._least_on_units = np.where(whole, self._on_units.sum(axis=0), np.inf)
        self._cells = blocks.cell_noise(coherence).ravel()
        self._noise = np.zeros((2, self._cells.size))
        self._least = np.full(self._cells.size, np.inf)

    def up_to(self, most_bits: int) -> tuple[Floats, Floats]:
        """Noise of ADCs and of cells at so many bits."""
        left = np.arange(self._least.size)
        for bits in range(most_bits, self._tried, -1):
            self._try(left, bits, None)
            bound = self._blocks.added + self._cells[left]
            bound = np.minimum(bound, self._least_on_units[left])
            left = self._try_narrower(left[bound < self._least[left]], bits)
            if not left.size:
                break
        self._tried = most_bits
        adc, cells = self._noise.copy().reshape(2, *self._blocks.mean.shape)
        return adc, cells

    def _try_narrower(self, at: Ints, bits: int) -> Ints:
        """Try windows at one resolution; returns the sums that fewer bits may serve better."""
        codes = 2.0**bits
        spread, whole_range = 2 * ROUNDING * self._spread[at] / codes, self._range[at] / codes
        cells, on_units = self._cells[at], self._least_on_units[at]
        # Windows of whole units are alike at one resolution, so that one try is enough.
        untried = on_units.copy()

        def may_improve(step: Floats, clipped: Floats, on_units: Floats) -> Bools:
            bound = self._blocks.least_step_noise(at, step) + cells + clipped
            least = self._least[at]
            improves: Bools = (bound < least) | ((on_units < least) & (step <= 1))
            return improves

        def tried(sigmas: float, clipped: Floats) -> Floats:
            step = sigmas * spread
            improves = may_improve(step, clipped.sum(axis=0), untried) & (step < whole_range)
            useful = np.flatnonzero(improves)
            if not useful.size:
                return clipped
            whole, certain = self._try(at[useful], bits, sigmas)
            untried[useful[whole]] = np.inf
            more = clipped.copy()
            more[:, useful] = certain
            return np.maximum(more, clipped)

        clipped = np.zeros((2, at.size))
        guess = CANDIDATE_SIGMAS[min(bits // 2, len(CANDIDATE_SIGMAS) - 1)]
        by_guess = tried(guess, clipped)
        worth = may_improve(2 * whole_range, clipped[0], on_units)
        wider = CANDIDATE_SIGMAS[-1]
        for sigmas in reversed(CANDIDATE_SIGMAS):
            clipped = clipped * _least_growth(wider, sigmas, codes)
            wider = sigmas
            clipped = np.maximum(clipped, by_guess) if sigmas == guess else tried(sigmas, clipped)
            # Fewer bits clip no less above.
            step = np.minimum(sigmas * spread, whole_range)
            worth |= may_improve(2 * step, clipped[0], on_units)
        return at[worth]

    def _try(self, at: Ints, bits: int, sigmas: float | None) -> tuple[Bools, Floats]:
        """Take a window where it is better; returns if it has whole units, and what any narrower
        one clips, shape (2, m)."""
        blocks, resolution = self._blocks.take(at), np.array([[bits]])
        sums = blocks.sums
        adcs = choose_adcs(sums, resolution, sigmas)
        power, certain = blocks.clipped(sums, adcs, resolution)
        whole = adcs.step[0] == 1
        units = self._on_units[:, at]
        cells = np.where(whole, units[1], self._cells[at])
        adc = np.where(whole, units[0], blocks.added) + power[0]
        # Noise of steps takes long, and is left out where clipping alone is too much.
        stepped = np.flatnonzero(~whole & (adc + cells < self._least[at]))
        of_steps = blocks.take(stepped).step_noise(adcs.step[0, stepped])
        adc[stepped] = of_steps + power[0, stepped]
        counted = whole.copy()
        counted[stepped] = True
        total = np.where(counted, adc + cells, np.inf)
        better = np.flatnonzero(total < self._least[at])
        kept = at[better]
        self._least[kept] = total[better]
        self._noise[:, kept] = adc[better], cells[better]
        return whole, np.where(whole, 0.0, certain[:, 0]) * ROUNDING


def _least_growth(wider: float, sigmas: float, codes: float) -> float:
    """Lower bound of the growth of the clipped power of a Gaussian in a narrower window.

    ∫ (p − c)² φ(p) dp from an edge z on, over φ(z), falls with z at a fixed distance from the edge
    to the last code c. That distance, half a step, is shorter by the ratio of the widths.
    """
    exponent = (wider**2 - sigmas**2) / 2 * (1 - 1 / codes) ** 2
    return max(1.0, float(ROUNDING * (sigmas / wider) ** 2 * np.exp(exponent)))
