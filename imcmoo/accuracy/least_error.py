"""ADC windows of the least error of a layer's product (`adc_window = "least_error"`).

Each row block and slice pair (an input slice with a weight slice) has its own conversion. They are
chosen together, by coordinate descent on the variance of the product's error over vectors. It
begins with the best window of each pair alone; if a common width is better at its end, it starts
again from that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.accuracy.compiled import compiled
from imcmoo.accuracy.conversion import Conversion
from imcmoo.arrays import Floats, Values
from imcmoo.model.physical.adc_window import CANDIDATE_SIGMAS, Sums, choose_adcs

FIRST_NESTED_BITS = 3
"""Lowest resolution whose choice is a candidate at the next one."""
NEGLIGIBLE = 1e-4
"""Noise over signal below which a choice is good enough."""
PASSES = 2
"""Passes of the descent over all row blocks and slice pairs, at most."""
LEAST_GAIN = 0.01
"""Gain of a pass, as a share of the noise, below which the descent stops."""
COLUMNS_CHUNK_SIZE = 64
"""Columns whose errors fit the cache."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """A conversion, and the variance of the product's error with it."""

    conversion: Conversion
    noise: float


class LeastError:
    """Conversions of one layer at any resolution; each depends on no other request.

    Args:
        sums_of: returns the sums of a row block, as read and without errors, shape (I, S, n, C)
            each; the same in every call.
        statistics: sums of each row block, from which candidate windows are made.
        places: value of one unit of each input and weight slice, shape (I, S).
        weights: weight of each column's variance in the noise, shape (C,).
        signal: weighted variance of the exact product.
    """

    def __init__(
        self,
        sums_of: Callable[[int], tuple[Values, Values]],
        statistics: Sequence[Sums],
        *,
        places: Floats,
        weights: Floats,
        signal: float,
    ) -> None:
        self._sums_of = sums_of
        self._statistics = statistics
        self._places = places
        self._weights = weights
        self._enough = NEGLIGIBLE * signal
        self._known: dict[int, Chosen] = {}

    def at(self, bits: int) -> Conversion:
        """The conversion at a resolution."""
        return self._chosen(bits).conversion

    def _chosen(self, bits: int) -> Chosen:
        """The best conversion; unless its noise is negligible, that of one bit less competes."""
        if bits not in self._known:
            descent = _Descent(self._candidates(bits), self._sums_of, self._places, self._weights)
            descent.run_pass(alone=True)
            fewer = []
            if descent.noise > self._enough and bits > FIRST_NESTED_BITS:
                fewer = [self._chosen(bits - 1)]
                descent.add_candidate(fewer[0].conversion)
            descent.run_passes(self._enough)
            if descent.noise > self._enough and descent.choose_common():
                descent.run_passes(self._enough)
            self._known[bits] = min([descent.chosen, *fewer], key=lambda chosen: chosen.noise)
        return self._known[bits]

    def _candidates(self, bits: int) -> list[Conversion]:
        """Windows of `CANDIDATE_SIGMAS`, of all possible sums, and a constant. Finer steps come
        first: of equal candidates the first is taken."""
        candidates = [
            Conversion.from_adcs([choose_adcs(s, bits, k) for s in self._statistics], 2**bits)
            for k in (*CANDIDATE_SIGMAS, None)
        ]
        mean = np.array([s.mean for s in self._statistics])
        one = np.ones(mean.shape)
        return [*candidates, Conversion(mean, one, one)]


class _Descent:
    """Coordinate descent over row blocks and slice pairs, the pair of the highest place first."""

    def __init__(
        self,
        candidates: Sequence[Conversion],
        sums_of: Callable[[int], tuple[Values, Values]],
        places: Floats,
        weights: Floats,
    ) -> None:
        self._options = [_stacked(candidates, name) for name in ("low", "step", "codes")]
        self._sums_of = sums_of
        self._places = places
        self._weights = weights
        self._order = np.argsort(-places, axis=None, kind="stable")
        self._chosen = np.zeros(candidates[0].low.shape, np.int64)
        self._errors: Values | None = None
        self.noise = np.inf

    def add_candidate(self, candidate: Conversion) -> None:
        """Add a candidate for each pair."""
        added = (_stacked([candidate], name) for name in ("low", "step", "codes"))
        self._options = [np.concatenate(v) for v in zip(self._options, added, strict=True)]

    def run_passes(self, enough: float) -> None:
        """Run passes while they gain and the noise is above `enough`."""
        for _ in range(PASSES):
            before = self.noise
            if before <= enough:
                break
            self.run_pass()
            if before - self.noise < LEAST_GAIN * before:
                break

    def run_pass(self, *, alone: bool = False) -> None:
        """Choose each pair once, by its own error if `alone`, else by that of the product."""
        limits = (*self._options[:2], self._options[2] - 1)
        for block in range(len(self._chosen)):
            sums, true = self._sums_of(block)
            if self._errors is None:
                self._errors = np.zeros(sums.shape[2:], np.float32)
            low, step, top = (v[:, block].astype(np.float32) for v in limits)
            arrays = sums, true, self._errors, self._places, low, step, top
            _choose(*arrays, self._weights, self._order, alone, self._chosen[block])
        assert self._errors is not None, "a layer has rows"
        self.noise = self._noise_of(self._errors)

    def _noise_of(self, errors: Values) -> float:
        """Weighted variance of the product's errors, shape (n, C)."""
        return float(errors.var(axis=0, dtype=np.float64) @ self._weights)

    def choose_common(self) -> bool:
        """Use the best common width for all pairs if that is better; return whether it was."""
        assert self._errors is not None, "a pass has been run"
        errors = np.zeros((len(CANDIDATE_SIGMAS), *self._errors.shape), np.float32)
        for block in range(len(self._chosen)):
            sums, true = self._sums_of(block)
            for i, j in np.ndindex(*self._places.shape):
                place = np.float32(self._places[i, j])
                for k, of_width in enumerate(errors):
                    low, step, codes = (np.float32(v[k, block, i, j]) for v in self._options)
                    _add(sums[i, j], true[i, j], of_width, place, low, step, codes - 1)
        noise = [self._noise_of(of_width) for of_width in errors]
        best = int(np.argmin(noise))
        if noise[best] >= self.noise:
            return False
        self._chosen = np.full_like(self._chosen, best)
        self._errors, self.noise = errors[best].copy(), noise[best]
        return True

    @property
    def chosen(self) -> Chosen:
        """The conversion chosen last."""
        rows = (np.take_along_axis(v, self._chosen[None], axis=0)[0] for v in self._options)
        return Chosen(Conversion(*rows), self.noise)


def _stacked(conversions: Sequence[Conversion], name: str) -> Floats:
    return np.stack([getattr(each, name) for each in conversions])


@compiled
def _choose(  # type: ignore[no-untyped-def]
    sums, true, errors, places, low, step, top, weights, order, alone, chosen
):
    """Choose the candidates of a row block: `chosen` and the product's `errors`, in place."""
    n_weights = places.shape[1]
    for pair in order:
        i, j = pair // n_weights, pair % n_weights
        place, k = np.float32(places[i, j]), chosen[i, j]
        options = low[:, i, j], step[:, i, j], top[:, i, j]
        values, ideal = sums[i, j], true[i, j]
        if not alone:
            _add(values, ideal, errors, -place, options[0][k], options[1][k], options[2][k])
        k = 0
        if not alone or _errs(values, ideal, options[0][0], options[1][0], options[2][0]):
            k = _least(values, ideal, errors, not alone, place, *options, weights)
        chosen[i, j] = k
        _add(values, ideal, errors, place, options[0][k], options[1][k], options[2][k])


@compiled
def _add(values, ideal, errors, place, low, step, top):  # type: ignore[no-untyped-def]
    """Add the errors of one conversion, times `place`, to `errors`, shape (n, C)."""
    for at in range(values.shape[0]):
        for m in range(values.shape[1]):
            code = min(max(np.rint((values[at, m] - low) / step), np.float32(0)), top)
            errors[at, m] += place * (low + step * code - ideal[at, m])


@compiled
def _errs(values, ideal, low, step, top):  # type: ignore[no-untyped-def]
    """True if a conversion changes a sum."""
    for at in range(values.shape[0]):
        for m in range(values.shape[1]):
            code = min(max(np.rint((values[at, m] - low) / step), np.float32(0)), top)
            if low + step * code != ideal[at, m]:
                return True
    return False


@compiled
def _least(values, ideal, errors, beside, place, low, step, top, weights):  # type: ignore[no-untyped-def]
    """Index of the first candidate with the least variance over vectors, summed over columns.

    The errors of the other pairs, shape (n, C), count if `beside`.
    """
    n, columns = values.shape
    noise = np.zeros(len(low))
    for k in range(len(low)):
        for other in range(k):
            if low[k] == low[other] and step[k] == step[other] and top[k] == top[other]:
                noise[k] = np.inf
    share = np.float32(1 if beside else 0)
    sums, rest = np.empty((2, n, COLUMNS_CHUNK_SIZE), np.float32)
    total, square = np.empty((2, COLUMNS_CHUNK_SIZE), np.float32)
    for start in range(0, columns, COLUMNS_CHUNK_SIZE):
        width = min(COLUMNS_CHUNK_SIZE, columns - start)
        for at in range(n):
            for m in range(width):
                sums[at, m] = values[at, start + m]
                rest[at, m] = share * errors[at, start + m] - place * ideal[at, start + m]
        for k in range(len(low)):
            if noise[k] == np.inf:
                continue
            shift, per_unit, last = low[k], np.float32(1) / step[k], top[k]
            base, gain = place * low[k], place * step[k]
            total[:], square[:] = np.float32(0), np.float32(0)
            for at in range(n):
                for m in range(width):
                    code = np.rint((sums[at, m] - shift) * per_unit)
                    code = min(max(code, np.float32(0)), last)
                    error = rest[at, m] + (base + gain * code)
                    total[m] += error
                    square[m] += error * error
            for m in range(width):
                mean = np.float64(total[m]) / n if beside else 0.0
                variance = np.float64(square[m]) / n - mean * mean
                noise[k] += weights[start + m] * max(variance, 0.0)  # rounding may make it negative
    return noise.argmin()
