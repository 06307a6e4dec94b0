"""The closed form of noise against simulated arrays, and its rules one by one."""

import math
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest

from imcmoo.model.physical.adc_window import (
    CANDIDATE_SIGMAS,
    Adcs,
    Sums,
    choose_adcs,
    gain_of_rounding,
    noise_of_steps,
    rounded_error,
    share_left,
)
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import decibels, noise_of
from imcmoo.model.physical.noise.row_blocks import MeasuredBlocks, RowBlocks, row_blocks
from imcmoo.model.physical.noise.statistics import (
    Columns,
    Slices,
    Statistics,
    assumed_statistics,
)
from imcmoo.model.physical.noise.windows import _of_window, noise_of_windows
from imcmoo.networks import operands as tables
from imcmoo.networks.operands import OperandBits, operand_bits
from imcmoo.networks.workloads import DIMENSIONS, Workload
from imcmoo.study.catalogue import find_study
from tests.model.physical import scalar_noise
from tests.model.physical.designs import DESIGN
from tests.model.physical.simulated import closed_form, from_codes, operands_of, product

TOLERANCE_DB = 2.5
NEGLIGIBLE_DB = 50.0
K, M, N = 576, 96, 120
INDEPENDENT = {
    "row_variance_share": 1.0,
    "row_correlation": 0.0,
    "column_correlation": 0.0,
    "outlier_columns": 0.0,
}
"""Random operands have no common modes."""


def histograms(kind):
    """Inputs and weights over 31 symmetric bins."""
    x = np.arange(-15, 16)
    weights = np.exp(-np.abs(x) / 3.0)
    inputs = np.where(x > 0, np.exp(-x / 4.0), np.where(x == 0, 1.5, 0.0))
    if kind == "signed":
        inputs = np.exp(-((x / 6.0) ** 2))
    return (inputs / inputs.sum())[None], (weights / weights.sum())[None]


def drawn(kind, rng):
    """Codes drawn from the histograms: inputs, weights, and the code of an input of 0."""
    inputs, weights = histograms(kind)
    codes = tables._offset_codes if kind == "signed" else tables._unsigned_codes
    x = rng.choice(256, (N, K), p=codes(inputs)[0])
    w = rng.choice(256, (K, M), p=tables._offset_codes(weights)[0]) - 128
    return x, np.maximum(w, -127), 128 if kind == "signed" else 0


CASES = [
    Circuit(*sizes, bool(differential), bits, sigma, adc_window=window, redundancy=cells)
    for cells, window, *sizes, differential, bits, sigma in (
        (1, "sigma", 128, 128, 1, 2, 0, 5, 0.0),
        (1, "sigma", 128, 64, 4, 3, 0, 7, 0.0),
        (1, "sigma", 256, 256, 8, 4, 0, 8, 0.0),
        (1, "sigma", 128, 128, 2, 2, 1, 6, 0.0),
        (1, "sigma", 256, 256, 4, 4, 1, 7, 0.0),
        (1, "sigma", 64, 64, 1, 3, 1, 5, 0.0),
        (1, "sigma", 128, 128, 1, 2, 0, 10, 0.043),
        (1, "sigma", 128, 128, 4, 4, 0, 10, 0.011),
        (1, "sigma", 256, 256, 2, 2, 1, 10, 0.043),
        (1, "sigma", 128, 128, 2, 1, 1, 8, 0.02),
        (1, "sigma", 128, 127, 1, 1, 0, 6, 0.043),
        (1, "sigma", 128, 32, 1, 1, 0, 6, 0.043),
        (1, "range", 128, 128, 2, 2, 1, 8, 0.0),
        (1, "range", 64, 64, 1, 1, 0, 6, 0.043),
        (1, "least_error", 128, 128, 2, 2, 1, 6, 0.0),
        (1, "least_error", 256, 256, 4, 4, 1, 7, 0.02),
        (1, "least_error", 128, 128, 1, 2, 0, 5, 0.0),
        (2, "sigma", 256, 256, 2, 2, 1, 10, 0.043),
        (4, "sigma", 128, 128, 1, 2, 0, 10, 0.043),
    )
]
CASES += [
    Circuit(128, 128, 2, 2, True, 10, cell_errors="wan2022_1s"),
    Circuit(128, 128, 1, 1, False, 10, cell_errors="wan2022_1d"),
    Circuit(256, 256, 2, 4, True, 10, cell_errors="wan2022_1s"),
    Circuit(128, 32, 1, 1, False, 8, cell_errors="effective_1s"),
]
CASES += [
    Circuit(128, 128, 1, 1, True, 6, adc_noise=0.3),
    Circuit(128, 64, 2, 2, True, 8, 0.02, adc_noise=0.5),
    Circuit(128, 128, 4, 3, False, 6, adc_noise=4.0),
    Circuit(64, 64, 1, 1, False, 7, 0.043, adc_noise=0.2, adc_window="range"),
    Circuit(64, 64, 1, 1, False, 7, stuck_share=0.01),
    Circuit(64, 32, 1, 1, False, 8, 0.06, reference_columns=1.0),
    Circuit(64, 32, 1, 2, False, 8, 0.043, reference_columns=0.5, redundancy=3),
    Circuit(64, 64, 1, 1, True, 7, stuck_share=0.02),
]


@pytest.mark.parametrize("kind", ["rectified", "signed"])
@pytest.mark.parametrize("circuit", CASES, ids=str)
def test_the_closed_form_agrees_with_a_simulation(circuit, kind):
    rng = np.random.default_rng(17)
    x, w, zero = drawn(kind, rng)
    exact = (x - zero) @ w
    error = product(x, w, circuit, rng, zero=zero) - exact
    simulated = decibels(error.var(axis=0).mean() / exact.var(axis=0).mean())
    operands = operands_of(x, w, signed=kind == "signed")
    noise = closed_form(operands, K, circuit, **INDEPENDENT)
    expected = decibels(noise.adc + noise.dev)[0]
    assert min(expected, NEGLIGIBLE_DB) == pytest.approx(
        min(simulated, NEGLIGIBLE_DB), abs=TOLERANCE_DB
    )


def noise(kind="rectified", n_rows=K, **changed):
    """Noise of a layer on one-bit cells with offset weights, with assumed common modes."""
    circuit = {"rows": 128, "active_rows": 128, "input_slice_bits": 1, "bits_per_cell": 1}
    circuit |= {"differential": False, "adc_bits": 7}
    operands = OperandBits.from_histograms(*histograms(kind))
    return closed_form(operands, n_rows, Circuit(**circuit | changed))


@pytest.mark.parametrize("kind", ["rectified", "signed"])
@pytest.mark.parametrize("differential", [False, True])
def test_only_a_code_for_every_possible_sum_makes_adcs_free_of_loss(kind, differential):
    """b bits code the sums of 2^b − 1 rows, of half as many where cells are differential."""
    n = 64 if differential else 128

    def adc(active, bits):
        return noise(kind, n, active_rows=active, differential=differential, adc_bits=bits).adc[0]

    assert adc(n - 1, 7) == 0
    assert adc(n, 8) == 0
    assert adc(n, 4) > 1e-4


def test_128_rows_have_one_sum_more_than_7_bits_have_codes():
    """Inputs that are all large or all small together reach both ends of the sums."""
    inputs, weights = np.zeros((1, 256)), np.zeros((1, 256))
    inputs[0, [0, 255]], weights[0, 255] = 0.5, 1.0
    operands = from_codes(inputs, weights)

    def adc(rows):
        circuit = Circuit(128, rows, 1, 1, False, 7)
        return closed_form(operands, rows, circuit, row_correlation=0.1).adc[0]

    assert adc(127) == 0
    assert adc(128) > 1e-9


def test_small_cell_errors_are_rounded_away_on_whole_units_and_not_on_finer_steps():
    """7 bits for 127 rows are whole units; 2 bits a cell and 8-bit ADCs are finer ones."""
    whole = noise(active_rows=127, sigma=0.0073)
    assert whole.dev[0] < 1e-6
    finer = noise(active_rows=127, sigma=0.0073, bits_per_cell=2, input_slice_bits=2, adc_bits=10)
    assert finer.dev[0] > 100 * whole.dev[0]


@pytest.mark.parametrize(
    ("rows", "differential", "bits", "sigma"),
    [(48, True, 8, 0.043), (64, False, 7, 0.043), (64, True, 8, 0.03), (128, True, 9, 0.02)],
)
def test_errors_of_cells_that_cancel_between_slices_do_not_after_rounding(
    rows, differential, bits, sigma
):
    """Signed inputs that are sliced bit by bit."""
    rng = np.random.default_rng(3)
    x, w, zero = drawn("signed", rng)
    x, w = x[:, :rows], w[:rows]
    circuit = Circuit(rows, rows, 1, 1, differential, bits, sigma, adc_window="range")
    exact = (x - zero) @ w
    noise = (product(x, w, circuit, rng, zero=zero) - exact).var(axis=0).mean()
    expected = closed_form(operands_of(x, w, signed=True), rows, circuit, **INDEPENDENT)
    simulated = decibels(noise / exact.var(axis=0).mean())
    assert decibels(expected.adc + expected.dev)[0] == pytest.approx(simulated, abs=1.0)


@pytest.mark.parametrize(
    ("adc_noise", "left"), [(0.1, 5.733e-7), (0.12, 3.091e-5), (0.2, 0.01242), (0.3, 0.09558)]
)
def test_noise_of_adcs_is_rounded_away_on_whole_units_while_it_is_small(adc_noise, left):
    """64 rows have a code for each of their sums, read once for each pair of slices."""
    shape = {"n_rows": 64, "active_rows": 64, "adc_window": "range"}
    quiet, noisy = (noise(**shape, adc_noise=n) for n in (0.0, adc_noise))
    operands = OperandBits.from_histograms(*histograms("rectified"))
    places = (4.0 ** np.add.outer(np.arange(8), np.arange(8))).sum()
    statistics = assumed_statistics(
        operands,
        np.array([64.0]),
        bits=(8, 8),
        slices=(1, 1),
        differential=False,
        assumptions=Assumptions(),
    )
    assert (quiet.adc, noisy.dev) == (0, 0)
    assert noisy.adc * statistics.signal / places == pytest.approx(left, rel=5e-4)


def grown_with_inputs(variance, relative, largest, added):
    """`scalar_noise.left_of_errors` if the noise of ADCs grew with the inputs as cell errors do."""
    spread = math.sqrt(math.log1p(relative))
    nodes = ((-math.sqrt(3), 1 / 6), (0.0, 2 / 3), (math.sqrt(3), 1 / 6))
    return sum(
        share
        * scalar_noise.left_on_whole_units(
            min((variance + added) * math.exp(spread * z - spread**2 / 2), largest + added)
        )
        for z, share in nodes
    )


def test_noise_of_adcs_is_the_same_for_small_and_large_inputs():
    rng = np.random.default_rng(5)
    loudness = np.exp(rng.normal(0, 0.8, (400, 1)))
    x = np.minimum(rng.exponential(30, (400, 60)) * loudness, 255).astype(int)
    w = np.clip(np.rint(rng.normal(0, 30, (60, 256))), -127, 127).astype(int)
    exact = x @ w
    signal = exact.var(axis=0).mean()
    circuit = Circuit(60, 60, 1, 1, True, 7, adc_window="range", adc_noise=0.14)
    simulated = decibels((product(x, w, circuit, rng) - exact).var(axis=0).mean() / signal)
    expected = closed_form(operands_of(x, w), 60, circuit, **INDEPENDENT | {"row_correlation": 0.1})
    assert decibels(expected.adc)[0] == pytest.approx(simulated, abs=0.5)
    grown = 0.0
    for bit in range(8):
        ones = ((x >> bit) & 1).sum(axis=1)
        relative = ones.var() / ones.mean() ** 2
        left = grown_with_inputs(0.0, relative, math.inf, circuit.adc_noise**2)
        grown += left * sum(4.0 ** (bit + place) for place in range(7)) / signal
    assert decibels(grown) < simulated - 10


def test_least_snr_of_nine_networks():
    """128 rows, differential weights, 6 bits (docs/physical_model.md, section 7)."""
    study = find_study("nine_workload_sram_physical")
    noise = [10, 12, 14, 20]
    levels = study.problem().space.random(1, np.random.default_rng(0)).repeat(len(noise), axis=0)
    designs = dict(study.problem().space.decode(levels))
    changed = {"rows": 128, "active_rows": 128, "weight_coding": "differential", "adc_bits": 6}
    changed |= {"input_slice_bits": 1, "buffer_words": 1}
    designs |= {name: np.full(len(noise), value) for name, value in changed.items()}
    snr = study.cost_model().in_full(designs | {"adc_noise": np.array(noise)}).snr_dB
    assert snr.min(axis=1) == pytest.approx([16.0, 12.1, 6.8, -4.2], abs=0.05)


@pytest.mark.slow
def test_the_snr_of_mobilebert_if_noise_of_adcs_grew_with_the_inputs(monkeypatch):
    """MobileBERT, which has the least SNR of the nine networks by that rule."""
    network = Workload.load("mobilebert_onnx")
    analog = ~np.array(network.dynamic)
    rows = network.shapes[analog][:, [DIMENSIONS.index(name) for name in "CRS"]].prod(axis=1)
    operands = operand_bits(network, 1.0).take(analog)
    design = DESIGN | {"rows": 128, "active_rows": 128, "weight_coding": "differential"}
    design |= {"adc_bits": 6, "input_slice_bits": 1, "bits_per_cell": 1}

    def snr(noise):
        changed = design | {"adc_noise": noise}
        return scalar_noise.network(changed, "sram", operands, rows.tolist())["snr_dB"]

    assert [snr(n) for n in (12, 20)] == pytest.approx([12.1, -3.7], abs=0.05)
    monkeypatch.setattr(scalar_noise, "left_of_errors", grown_with_inputs)
    not_cached = scalar_noise.one_sum.__wrapped__
    monkeypatch.setattr(scalar_noise, "one_sum", lru_cache(maxsize=10_000)(not_cached))
    grown = {10: 15.8, 12: 10.6, 14: 6.0, 20: -3.4}
    assert {n: snr(n) for n in grown} == pytest.approx(grown, abs=0.05)


def test_cells_are_charged_as_with_adcs_without_noise():
    for changed in ({}, {"bits_per_cell": 2, "input_slice_bits": 2, "adc_bits": 10}):
        shape = {"active_rows": 127, "sigma": 0.03} | changed
        quiet, noisy = noise(**shape), noise(**shape, adc_noise=0.1)
        assert noisy.dev == pytest.approx(quiet.dev, rel=1e-12)
        assert noisy.adc > quiet.adc


def test_rounding_noisy_sums_to_units_costs_what_is_left_above_their_noise():
    noisy = noise(active_rows=127, sigma=0.08)
    assert noisy.dev[0] > 0
    assert noisy.adc[0] > 0


@pytest.mark.parametrize(
    ("rows", "macro", "active"),
    [(576, 128, 128), (576, 128, 127), (100, 128, 60), (300, 128, 128), (128, 256, 127)],
)
def test_row_blocks_end_at_the_end_of_a_macro(rows, macro, active):
    circuit = Circuit(macro, active, 1, 1, False, 7)
    found = []
    for length, count in row_blocks(np.array([float(rows)]), circuit):
        found += [int(length[0])] * int(count[0])
    assert Counter(found) == scalar_noise.blocks(rows, macro, active)


def test_noise_of_operands_does_not_depend_on_the_circuit():
    assert noise().rounding == noise(active_rows=32, adc_bits=4, sigma=0.043).rounding


def test_moments_are_those_of_the_codes():
    inputs, weights = histograms("rectified")
    found = OperandBits.from_histograms(inputs, weights)
    p = tables._unsigned_codes(inputs)[0]
    for bits, width in ((8, 1), (8, 3), (8, 8), (6, 2), (5, 4)):
        means, squares = tables.slice_moments(found.inputs, bits, width)
        codes = np.arange(256) >> (8 - bits)
        for i, low in enumerate(range(0, bits, width)):
            digits = (codes >> low) & (2 ** min(width, bits - low) - 1)
            assert means[0, i] == pytest.approx(p @ digits)
            assert squares[0, i] == pytest.approx(p @ digits**2)


def test_clipped_power_does_not_depend_on_the_layout_of_arrays():
    rng = np.random.default_rng(0)
    shape = (2, 3, 4, 2)
    sums = SimpleNamespace(
        sample_variance=rng.uniform(1, 4, shape[1:]),
        error_variance=rng.uniform(0, 1, shape[1:]),
        column_variance=rng.uniform(0, 1, shape[1:]),
        _outliers=0.1,
    )
    edge, half = rng.uniform(0, 5, shape), rng.uniform(0.5, 1, shape)
    mean, highest = np.zeros(shape[1:]), np.full(shape[1:], 10.0)
    plain, _ = RowBlocks._beyond(sums, mean, highest, edge, half)
    turned, _ = RowBlocks._beyond(sums, mean, highest, np.asfortranarray(edge), half)
    assert (plain > 0).all()
    np.testing.assert_array_equal(turned, plain)


@pytest.mark.parametrize("bits", [3, 5])
def test_clipped_power_of_columns_is_that_of_sampling(bits):
    """Columns whose mean is far off, of different spread and weight, without their mean error."""
    rng = np.random.default_rng(0)
    mean, spread = rng.normal(0, 6, 40), rng.uniform(0.5, 4, 40)
    mean[:4] = [-25, 25, 40, -60]
    weight = rng.uniform(0.5, 1.5, 40)
    blocks = SimpleNamespace(
        _mean=mean,
        _variance=spread**2,
        _varying=0.25,
        _of_columns=weight / 40,
        _ends=(np.full(40, -100.0), np.full(40, 100.0)),
    )
    blocks._ends[0][3] = -15  # the lowest sum has a code
    step, shape = 30 / 2**bits, (1, 1, 1, 1)
    adcs = Adcs(np.full(shape, -15.0), np.full(shape, step))
    found, _ = MeasuredBlocks.clipped(blocks, None, adcs, np.full(shape, bits))
    drawn = mean + np.sqrt(spread**2 + 0.25) * rng.standard_normal((200_000, 40))
    high = -15 + step * (2**bits - 1)
    beyond = np.where(drawn > high + step / 2, drawn - high, 0.0)
    beyond += np.where(drawn < -15 - step / 2, drawn + 15, 0.0)
    beyond[:, 3] = 0
    assert found.item() == pytest.approx(beyond.var(axis=0) @ weight / 40, rel=0.02)


def test_a_sum_is_clipped_by_no_more_than_the_largest_possible_one():
    """128 rows and 7 bits: only the sum 128 has no code, and it errs by one unit."""
    blocks = SimpleNamespace(
        _mean=np.array([120.0]),
        _variance=np.array([64.0]),
        _varying=0.0,
        _of_columns=np.ones(1),
        _ends=(np.zeros(1), np.full(1, 128.0)),
    )
    shape = (1, 1, 1, 1)
    found, _ = MeasuredBlocks.clipped(
        blocks, None, Adcs(np.zeros(shape), np.ones(shape)), np.full(shape, 7)
    )
    share = math.erfc(7.5 / 8 / math.sqrt(2)) / 2
    assert found.item() == pytest.approx(share - share**2)


def two_groups(spread, within):
    """A block of 20 rows whose two groups of three columns differ in weight and power of inputs.

    Input slices are of 4 and 4 bits, weight slices of 4 and 3. Means of columns differ by `spread`
    units, and sums of a column by about `within`.
    """
    rng = np.random.default_rng(0)
    shape = 1, 2, 2, 6
    square = np.array([[60.0, 40.0]])
    power = 20 * square[0][None, :, None, None] * np.array([0.2, 1.8])[:, None]
    ends = rng.uniform(800, 1500, (2, 1, 2, 6))
    ends[:, :, :, 0] = 0.02  # a column whose sums all have a code
    columns = Columns(
        mean=rng.normal(0, spread, shape),
        variance=(within * rng.uniform(0.3, 2, shape)) ** 2,
        lowest=-ends[0],
        highest=ends[1],
        varying=power[..., 0] * np.array([0.3, 0.6]),
        power=power * rng.uniform(0.2, 1.8, (1, 2, 2, 16)),
        weight=np.array([1.8, 1.5, 1.2, 0.7, 0.5, 0.3]),
    )
    variance, maxima = np.array([[25.0, 20.0]]), np.array([15.0, 15.0])
    inputs = Slices(np.full((1, 2), 4.0), square, variance, variance / 100, maxima)
    nothing = np.zeros((1, 2))
    weights = Slices(nothing, nothing + 20, nothing + 20, nothing, np.array([15.0, 7.0]))
    one = np.ones(1)
    input_variance = 0.4 * (variance @ 256.0 ** np.arange(2))
    return Statistics(
        *(20 * one, inputs, weights, input_variance, 1e6 * one, one), 0.0, columns=columns
    )


def least_of_all_windows(blocks, bits, coherence):
    """Noise of ADCs and of cells, trying every window at 1 to `bits` bits."""
    best = [np.full(blocks.mean.shape, np.inf), np.zeros(blocks.mean.shape)]
    for fewer in range(bits, 0, -1):
        for sigmas in (None, *CANDIDATE_SIGMAS):
            noise = [v[0] for v in _of_window(blocks, np.array([fewer]), sigmas, coherence)]
            better = sum(noise) < sum(best)
            best = [np.where(better, v, kept) for v, kept in zip(noise, best, strict=True)]
    return best


@pytest.mark.parametrize(
    ("differential", "sigma", "adc_noise"),
    [
        *((False, 0.0, 0.0), (True, 0.043, 0.0), (True, 0.0, 0.1)),
        *((False, 0.043, 0.1), (False, 0.0, 0.5), (True, 0.043, 0.5)),
    ],
)
def test_the_least_noise_is_that_of_trying_every_window(differential, sigma, adc_noise):
    """Assumed distributions and measured columns, at each of several resolutions."""
    errors = {"adc_noise": adc_noise, "adc_window": "least_error", "stuck_share": 0.001}
    circuit = Circuit(128, 128, 4, 4, differential, 8, sigma, **errors)
    operands = OperandBits.from_histograms(*histograms("rectified"))
    assumed = assumed_statistics(
        operands,
        np.array([float(K)]),
        bits=(8, 8),
        slices=(4, 4),
        differential=differential,
        assumptions=Assumptions(),
    )
    layers, rows = np.zeros(8, int), np.array([1.0, 2, 3, 7, 20, 50, 100, 128])
    measured = two_groups(14, 14)
    for blocks in (
        RowBlocks(assumed, layers, rows, circuit),
        MeasuredBlocks(measured, layers[:1], 20 * np.ones(1), circuit),
    ):
        coherence = np.full(len(blocks.mean), 0.4)
        bits = np.array([3, 6, 10])
        noise = noise_of_windows(blocks, bits, coherence)
        for at, each in enumerate(bits.tolist()):
            expected = least_of_all_windows(blocks, each, coherence)
            for found, part in zip(noise, expected, strict=True):
                np.testing.assert_array_equal(found[at], part)


def noise_of_each_column(s, circuit):
    """Noise of ADCs and of cells of a block like that of `two_groups`, one column at a time, with
    ADCs that have no noise."""
    c, cells_of = s.columns, np.array([2 * 15**2, 2 * 7**2 / circuit.redundancy])
    static, read = circuit.sigma**2, circuit.read_sigma**2
    z = np.linspace(-9, 9, 100_001)
    density = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    adc = dev = 0.0
    steps = []
    for i, j in np.ndindex(2, 2):
        cell, place = cells_of[j], 256.0 ** (i + j) / s.signal[0]
        mean, variance = c.mean[0, i, j], c.variance[0, i, j]
        errors = 20 * s.inputs.square[0, i] * cell * (static + read)
        full = 20 * 15 * s.weights.maxima[j]
        moments = mean.mean(), variance.mean() + mean.var(), errors, -full, full
        sums = Sums(*(np.array([v]) for v in moments))
        chosen = choose_adcs(sums, circuit.adc_bits, circuit.window_sigmas)
        low, step = chosen.low.item(), chosen.step.item()
        high = low + step * (2**circuit.adc_bits - 1)
        steps.append(step)
        for column in range(6):
            group, counts = column // 3, place * c.weight[column] / 6
            static_power = static * cell * c.varying[0, i, group]
            read_power = read * cell * c.power[0, i, group].mean()
            varying = static_power + read_power
            if step == 1:
                parts = (static + read) * cell * c.power[0, i, group]
                every, rounded = parts.mean(), rounded_error(parts).mean()
                gain = ((gain_of_rounding(parts) * parts).mean() / every) ** 2
                left = rounded * share_left(np.array([every - varying]), np.array([varying]))[0]
                total = max(left - gain * varying, 0) + gain * (0.4 * static_power + read_power)
                charged = min(max(rounded * varying / every - varying, 0), total)
                adc, dev = adc + counts * charged, dev + counts * (total - charged)
            else:
                of_column = (np.array(v) for v in (step, variance[column], varying))
                adc += counts * noise_of_steps(*of_column)
            p = mean[column] + np.sqrt(variance[column] + varying) * z
            ends = 15 * c.lowest[0, j, column], 15 * c.highest[0, j, column]
            over = np.where((p > high + step / 2) & (ends[1] > high + step / 2), p - high, 0)
            over += np.where((p < low - step / 2) & (ends[0] < low - step / 2), p - low, 0)
            adc += counts * (over**2 @ density - (over @ density) ** 2)
        if step != 1:
            varying_inputs = 0.4 * static * s.inputs.variance[0, i]
            dev += place * 20 * cell * (varying_inputs + read * s.inputs.square[0, i])
    return adc, dev, steps


@pytest.mark.parametrize(
    ("sums", "bits", "sigmas", "window"),
    [
        pytest.param((50, 50), 3, (0.01, 0.008), 1.0, id="clipped steps above a unit"),
        pytest.param((50, 2), 5, (0.008, 0.005), 4.0, id="few steps in a column"),
        pytest.param((14, 14), 6, (2.5e-4, 3e-4), 1.0, id="clipped whole units"),
    ],
)
def test_noise_of_measured_columns_is_that_of_one_column_at_a_time(sums, bits, sigmas, window):
    statistics = two_groups(*sums)
    circuit = Circuit(*(20, 20, 4, 4, True, bits), *sigmas, window_sigmas=window, redundancy=2)
    found = noise_of(statistics, circuit)
    adc, dev, steps = noise_of_each_column(statistics, circuit)
    assert min(steps) == max(steps) == 1 if bits == 6 else min(steps) > 1
    assert found.adc.item() == pytest.approx(adc, rel=1e-3)
    assert found.dev.item() == pytest.approx(dev, rel=1e-9)


@pytest.mark.parametrize(("within", "on_units"), [(2, True), (14, False)])
def test_noise_of_adcs_joins_the_errors_of_measured_columns(within, on_units):
    """Sums without errors of cells: noise is rounded away on whole units and kept otherwise."""
    statistics = two_groups(within, within)
    circuit = Circuit(20, 20, 4, 4, True, 6)
    noisy = noise_of(statistics, replace(circuit, adc_noise=0.2))
    added = (noisy.adc - noise_of(statistics, circuit).adc) * statistics.signal
    places = (4.0 ** np.add.outer([0, 4], [0, 4])).sum()
    each = rounded_error(np.array([0.2**2])) if on_units else 0.2**2
    assert added / places == pytest.approx(each, rel=0.1)
    assert noisy.dev == 0


def test_measured_columns_are_read_in_whole_row_blocks():
    with pytest.raises(AssertionError, match="whole row blocks"):
        noise_of(two_groups(50, 50), Circuit(20, 10, 4, 4, True, 6))
