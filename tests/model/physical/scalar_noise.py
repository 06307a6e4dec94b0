"""Noise of analog dot products once more, one layer, block and pair of slices at a time.

Written from the specification, not from the arrays: an oracle for `imcmoo.model.physical.noise`.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import erfc

from imcmoo.networks.operands import OperandBits
from tests.model.physical.scalar_physical import DEFAULTS, USUAL, number, sram_sigma

WITHIN_ROWS, ROWS_TOGETHER, COLUMNS_TOGETHER = 0.8, 0.005, 0.001
WINDOWS = {
    "sigma": (4.0,),
    "range": (math.inf,),
    "least_error": (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, math.inf),
}
"""Half widths of the ADC window that are tried, in standard deviations."""
MEASURED = {
    "wan2022_1s": (0.348, 16.030, -43.853, 45.393, -16.815),
    "wan2022_1d": (0.701, 22.086, -50.773, 47.095, -16.458),
}
"""Standard deviation in microsiemens of a cell of 40, by its share of them."""
OUTLIERS, OUTLIER_AT = 1 / 400, 6.0


def gauss(z: float) -> tuple[float, float]:
    """Density, and probability above z."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi), math.erfc(z / math.sqrt(2)) / 2


def left_on_whole_units(variance: float) -> float:
    if variance > 2:
        return variance + 1 / 12
    left, k = 0.0, 1
    while variance > 0 and (k - 0.5) / math.sqrt(variance) < 9:
        left += 2 * (2 * k - 1) * gauss((k - 0.5) / math.sqrt(variance))[1]
        k += 1
    return left


def beyond(edge: float, half: float, variance: float) -> tuple[float, float]:
    """Mean and mean square of p − edge + half where a Gaussian p around 0 exceeds the edge."""
    spread = math.sqrt(variance)
    if edge >= 9 * spread:
        return 0.0, 0.0
    z = edge / spread
    density, above = gauss(z)
    over = spread * (density - z * above)
    square = variance * ((1 + z * z) * above - z * density)
    return over + half * above, square + 2 * half * over + half * half * above


def slices(bits: int, width: int) -> list[tuple[int, int]]:
    """Lowest bit and width of each slice."""
    return [(low, min(width, bits - low)) for low in range(0, bits, width)]


def moments(joint: Any, bits: int, low: int, width: int) -> tuple[float, float]:
    """Mean and mean square of a slice; bit 0 is the last of `joint`."""
    places = range(low, low + width)

    def both(k: int, m: int) -> float:
        return float(joint[bits - 1 - k][bits - 1 - m]) * 2 ** (k - low)

    mean = sum(both(k, k) for k in places)
    return mean, sum(both(k, m) * 2 ** (m - low) for k in places for m in places)


def level_variance(law: str, share: float) -> float:
    """Variance of a cell at a share of its range, in squares of the range."""
    if law != "effective_1s":
        return (sum(k * share**n for n, k in enumerate(MEASURED[law])) / 40) ** 2
    # 6 and 900 kOhm, each behind 195 kOhm, in microsiemens.
    off, on = 1e3 / 1095, 1e3 / 201
    g = off + share * (on - off)
    bare = 1 / (1 / g - 0.195)
    x = bare / 40
    own = sum(k * min(x, 1.0) ** n for n, k in enumerate(MEASURED["wan2022_1s"])) * max(x, 1.0)
    return (own / (1 + 0.195 * bare) ** 2 / (on - off)) ** 2


def mean_sigma(law: str, joint: Any, low: int, width: int, *, differential: bool) -> float:
    """Root mean square error of the cells of a slice of one or two bits as a share of a range."""
    variance = [level_variance(law, g / (2**width - 1)) for g in range(2**width)]
    last = len(joint) - 1 - low
    ones = [float(joint[last - k][last - k]) for k in range(width)]
    both = float(joint[last - 1][last]) if width == 2 else 0.0
    shares = [1 - ones[0], ones[0]]
    if width == 2:
        shares = [1 - ones[0] - ones[1] + both, ones[0] - both, ones[1] - both, both]
    mean = sum(p * v for p, v in zip(shares, variance, strict=True))
    return math.sqrt((mean + variance[0]) / 2 if differential else mean)


def blocks(n_rows: int, rows: int, active: int) -> Counter[int]:
    """Number of blocks that are read at once, by their rows."""
    found: Counter[int] = Counter()
    for macro in range(0, n_rows, rows):
        end = min(macro + rows, n_rows)
        found.update(min(active, end - start) for start in range(macro, end, active))
    return found


def layer(
    design: dict[str, Any],
    device: str,
    operands: OperandBits,
    at: int,
    n_rows: int,
    assumptions: Any = USUAL,
) -> dict[str, float]:
    """Noise over signal of one layer with 8-bit operands."""
    differential = design.get("weight_coding") == "differential"
    d_x, b = design["input_slice_bits"], design.get("bits_per_cell", 1)
    x_slices, g_slices = slices(8, d_x), slices(7 if differential else 8, b)
    inputs = [moments(operands.inputs[at], 8, *s) for s in x_slices]
    if differential:
        signs = operands.signed_magnitudes[at]
        squares = [moments(operands.magnitudes[at], 7, *s)[1] for s in g_slices]
        weights = [
            (sum(float(signs[6 - k]) * 2 ** (k - low) for k in range(low, low + width)), square)
            for (low, width), square in zip(g_slices, squares, strict=True)
        ]
    else:
        weights = [moments(operands.weights[at], 8, *s) for s in g_slices]
    mean, square = moments(operands.inputs[at], 8, 0, 8)
    w_mean, w_square = moments(operands.weights[at], 8, 0, 8)
    input_variance = WITHIN_ROWS * (square - mean**2)
    weight_square = w_square - 2 * 128 * w_mean + 128**2
    signal = n_rows * input_variance * weight_square
    each = [
        4**low * WITHIN_ROWS * (m2 - m1**2)
        for (low, _), (m1, m2) in zip(x_slices, inputs, strict=True)
    ]
    coherence = input_variance / sum(each)
    adc = dev = 0.0
    is_analog = device != "dimc"
    analog = blocks(n_rows, design["rows"], design["active_rows"]) if is_analog else Counter()
    for rows, n_blocks in analog.items():
        for (x_low, x_width), x in zip(x_slices, inputs, strict=True):
            for j, ((g_low, g_width), g) in enumerate(zip(g_slices, weights, strict=True)):
                cells = design.get("redundancy", 1) if j >= len(weights) // 2 else 1
                sigma = (
                    sram_sigma(assumptions)
                    if device == "sram"
                    else number(assumptions, "rram_sigma")
                )
                if (law := design.get("cell_errors", "uniform")) != "uniform":
                    coded = operands.magnitudes if differential else operands.weights
                    sigma = mean_sigma(law, coded[at], g_low, g_width, differential=differential)
                read = number(assumptions, f"{device}_read_sigma")
                pair = (2 if differential else 1) * (2**g_width - 1) ** 2 / cells
                static, reads = pair * sigma**2, pair * read**2
                references = number(assumptions, "reference_columns")
                if device == "rram" and not differential and references > 0:
                    off = number(assumptions, "rram_sigma") ** 2
                    if law != "uniform":
                        off = level_variance(law, 0.0)
                    static += off / references * (2**g_width - 1) ** 2
                tops = 2**x_width - 1, 2**g_width - 1
                added = (design.get("adc_noise", DEFAULTS["adc_noise"]) / 100) ** 2
                rule, most = design.get("adc_window", "sigma"), design["adc_bits"]
                tried = [
                    one_sum(
                        *(rows, x, g, tops, coherence, differential),
                        *(static, reads, bits, window, added),
                    )
                    for window in WINDOWS[rule]
                    for bits in range(1 if rule == "least_error" else most, most + 1)
                ]
                steps, cells = min(tried, key=sum)
                # Stuck at either end alike; rounding keeps such errors.
                stuck = pair * number(assumptions, f"{device}_stuck_share") / 2
                cells += rows * WITHIN_ROWS * (x[1] - x[0] ** 2) * stuck * coherence
                adc += n_blocks * 4 ** (x_low + g_low) * steps / signal
                dev += n_blocks * 4 ** (x_low + g_low) * cells / signal
    zero = 128 if operands.signed[at] else 0
    input_square = square - 2 * zero * mean + zero**2
    cut = float(operands.cut[at]) * input_square / input_variance
    rounding = 1 / (12 * input_variance) + (1 / 12 + cut) / weight_square
    return {"adc": adc, "dev": dev, "rounding": rounding}


@lru_cache(maxsize=10_000)
def one_sum(
    rows: int,
    x: tuple[float, float],
    g: tuple[float, float],
    tops: tuple[int, int],
    coherence: float,
    differential: bool,
    static: float,
    reads: float,
    bits: int,
    window: float,
    added: float,
) -> tuple[float, float]:
    """Noise power of ADC and cells in one row block and pair of slices.

    `static` and `reads` are variances of a stored slice, once per chip and in each read; `added` is
    that of the ADC itself; all in squares of a unit.
    """
    x_variance = WITHIN_ROWS * (x[1] - x[0] ** 2)
    g_variance = g[1] - g[0] ** 2
    all_inputs = rows * x_variance * (1 + (rows - 1) * ROWS_TOGETHER)
    all_weights = rows * g_variance * (1 + (rows - 1) * COLUMNS_TOGETHER)
    mean = rows * x[0] * g[0]
    within = rows * x_variance * g_variance + all_inputs * (g[0] ** 2 + all_weights / rows**2)
    rows_differ = max(x[1] - x[0] ** 2 - x_variance, 0.0)
    columns = x[0] ** 2 * all_weights + rows * rows_differ * g_variance
    cell = static + reads
    quiet, still, read = rows * x[1] * cell, rows * x_variance * static, rows * x[1] * reads
    error = quiet + added
    full = rows * tops[0] * tops[1]
    lowest = -full if differential else 0
    width = min(full - lowest, 2 * window * math.sqrt(within + columns + error))
    step, half = width / 2**bits, 2 ** (bits - 1)
    whole = step <= 1 and left_on_whole_units(error) <= error + step**2 / 12
    centre = mean
    if whole:
        step, centre = 1.0, round(mean)
    ends = sorted((lowest + step * half, full - step * (half - 1)))
    centre = min(max(centre, ends[0]), ends[1])
    if whole:
        relative = all_inputs / (rows * x[0]) ** 2 if x[0] > 0 else 0.0
        largest = rows * tops[0] ** 2 * cell
        errors = quiet, still, read, coherence, relative, largest
        every, steps = on_units(*errors, added)
        cells = every - steps
        if added > 0:
            alone = on_units(*errors, 0.0) if quiet > 0 else (0, 0)
            cells = min(alone[0] - alone[1], every)
            steps = every - cells
    else:
        cells, steps = still * coherence + read, step**2 / 12 + added
    low = centre - step * half
    for sign, code, last in ((1, low + step * (2**bits - 1), full), (-1, -low, -lowest)):
        edge = code + step / 2
        if edge < last - 1e-9:
            inside = edge - sign * mean
            _, usual = beyond(inside, step / 2, within + columns + error)
            outside = inside - OUTLIER_AT * math.sqrt(columns)
            constant, far = beyond(outside, step / 2, within + error)
            steps += (1 - OUTLIERS) * usual + OUTLIERS / 2 * max(far - constant**2, 0.0)
    return steps, cells


def on_units(
    quiet: float,
    still: float,
    read: float,
    coherence: float,
    relative: float,
    largest: float,
    added: float,
) -> tuple[float, float]:
    """All noise on whole units, and that of ADCs.

    Args:
        quiet: variance of the errors of cells and reads.
        still, read: part of it over samples, of cells and of reads.
        coherence: of the errors over input slices.
        relative, largest: variance of the inputs of a sample over their square; largest error.
        added: variance of the noise of a conversion.
    """
    error, varying = quiet + added, still + read + added
    left = left_of_errors(quiet, relative, largest, added)
    more = max(left * varying / error - varying, 0.0)
    left *= share_left(error - varying, varying)
    passed = mean_gain(error) ** 2
    every = max(left - passed * varying, 0.0) + passed * (still * coherence + read + added)
    return every, min(more, every)


def share_left(constant: float, varying: float) -> float:
    """Share of the error on whole units that differs between samples, by the trapezoid rule."""
    every = left_on_whole_units(constant + varying)
    if every < 1e-12 or constant == 0:
        return 1.0
    z = np.linspace(-6, 6, 41 + int(60 * math.sqrt(constant / varying)))
    k = np.arange(1, 3 + int(9 * math.sqrt(constant + varying)))[:, None]
    up, down = (
        erfc((k - 0.5 - side * z * math.sqrt(constant)) / math.sqrt(2 * varying)) / 2
        for side in (1, -1)
    )
    variance = ((2 * k - 1) * (up + down)).sum(axis=0) - (up - down).sum(axis=0) ** 2
    return float(np.average(variance, weights=np.exp(-(z**2) / 2))) / every


def mean_gain(variance: float) -> float:
    """Mean density of the thresholds between whole units where errors are Gaussian."""
    spread = math.sqrt(variance)
    return sum(2 * gauss((k - 0.5) / spread)[0] / spread for k in range(1, int(9 * spread) + 3))


def left_of_errors(variance: float, relative: float, largest: float, added: float) -> float:
    """Errors left on whole units where the variance of all but the `added` ones differs from
    sample to sample."""
    spread = math.sqrt(math.log1p(relative))

    def of_sample(z: float) -> float:
        return min(variance * math.exp(spread * z - spread**2 / 2), largest) + added

    return sum(
        weight * left_on_whole_units(of_sample(z))
        for z, weight in ((-math.sqrt(3), 1 / 6), (0.0, 2 / 3), (math.sqrt(3), 1 / 6))
    )


def network(
    design: dict[str, Any],
    device: str,
    operands: OperandBits,
    rows: list[int],
    assumptions: Any = USUAL,
) -> dict[str, float]:
    """SNR in dB of a network, by part."""
    layers = [layer(design, device, operands, at, k, assumptions) for at, k in enumerate(rows)]
    adc, dev, rounding = (math.fsum(n[part] for n in layers) for part in ("adc", "dev", "rounding"))
    parts = {"snr_adc_dB": adc, "snr_dev_dB": dev, "snr_dB": adc + dev}
    noiseless = 100.0 if device == "dimc" else math.inf
    return {
        name: -10 * math.log10(v) if v > 0 else noiseless
        for name, v in (parts | {"snr_rounding_dB": rounding}).items()
    }
