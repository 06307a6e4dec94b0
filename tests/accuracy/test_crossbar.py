"""Products of one layer on a chip."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.extras import needs

needs("accuracy", "numba")

from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar, row_blocks
from imcmoo.model.physical.adc_window import Adcs
from imcmoo.model.physical.circuit import Circuit
from tests.accuracy import scalar_chip

PLAIN = Circuit(
    rows=128,
    active_rows=128,
    bits_per_cell=1,
    input_slice_bits=1,
    differential=False,
    adc_bits=8,
)


def crossbar(weights, chip, codes, *, zero=0, seed=0):
    made = Crossbar(weights, chip, zero=zero)
    made.program(np.random.default_rng(seed))
    made.calibrate(codes)
    return made


def codes_needed(chip):
    """Codes with which every sum has its own."""
    x = 2 ** min(chip.input_slice_bits, chip.input_bits) - 1
    w = 2 ** min(chip.bits_per_cell, chip.weight_bits - chip.differential) - 1
    return (1 + chip.differential) * chip.active_rows * x * w + 1


@st.composite
def chips(draw):
    rows = draw(st.integers(1, 40))
    return Circuit(
        rows=rows,
        active_rows=draw(st.integers(1, rows)),
        bits_per_cell=draw(st.integers(1, 4)),
        input_slice_bits=draw(st.integers(1, 4)),
        differential=draw(st.booleans()),
        adc_bits=draw(st.integers(2, 12)),
        input_bits=draw(st.integers(2, 8)),
        weight_bits=draw(st.integers(2, 8)),
    )


def drawn(chip, seed, groups=1, n=6, rows=30, columns=3):
    rng = np.random.default_rng(seed)
    largest = 2 ** (chip.weight_bits - 1) - 1
    weights = rng.integers(-largest, largest + 1, (groups, rows, columns))
    codes = rng.integers(0, 2**chip.input_bits, (groups, n, rows)).astype(np.uint16)
    return weights, codes


@settings(deadline=None, max_examples=20)
@given(chips(), st.integers(0, 99), st.booleans(), st.integers(1, 3))
def test_a_perfect_chip_with_a_code_for_each_sum_gives_the_product(chip, seed, signed, groups):
    bits = int(np.ceil(np.log2(codes_needed(chip))))
    chip = replace(chip, adc_bits=max(bits, 2))
    weights, codes = drawn(chip, seed, groups)
    zero = 2 ** (chip.input_bits - 1) if signed else 0
    # Windows must not depend on the calibration vectors where they can hold every sum.
    made = crossbar(weights, replace(chip, adc_window="range"), codes[:, :2], zero=zero)
    expected = (codes.astype(np.int64) - zero) @ weights
    np.testing.assert_array_equal(made.exact(codes), expected)
    np.testing.assert_array_equal(made.multiply(codes), expected)


@settings(deadline=None, max_examples=25)
@given(chips(), st.integers(0, 99), st.sampled_from([0.0, 0.01, 0.1]), st.booleans())
def test_products_equal_those_of_a_scalar_implementation(chip, seed, sigma, signed):
    weights, codes = drawn(chip, seed, rows=21)
    zero = 2 ** (chip.input_bits - 1) if signed else 0
    made = Crossbar(weights, replace(chip, sigma=sigma), zero=zero, dtype=np.float64)
    made.calibrate(codes[:, :4])  # windows for erring cells, but none has been programmed
    expected, slack = scalar_chip.products(
        weights[0].tolist(), codes[0].tolist(), codes[0, :4].tolist(), replace(chip, sigma=sigma),
        zero,
    )  # fmt: skip
    uncorrected = made.multiply(codes) + made._offset
    assert np.all(np.abs(uncorrected[0] - expected) <= 1e-6 + slack)


@pytest.mark.parametrize(
    ("active", "bits", "lossless"),
    [(128, 7, False), (127, 7, True), (128, 8, True)],
)
def test_128_rows_of_one_bit_need_129_codes(active, bits, lossless):
    chip = replace(PLAIN, active_rows=active, adc_bits=bits, adc_window="range")
    weights = np.full((1, 128, 1), -128 + 255)  # every cell holds 1
    codes = np.full((1, 2, 128), 255, np.uint16)
    codes[0, 1] = 0  # the sums 0 and 128 both occur
    made = crossbar(weights, chip, codes)
    made._offset[:] = 0
    assert np.array_equal(made.multiply(codes), made.exact(codes)) == lossless


def test_sums_too_large_for_float32_are_exact():
    wide = {"bits_per_cell": 8, "input_slice_bits": 8, "adc_bits": None}
    chip = replace(PLAIN, rows=1024, active_rows=1024, **wide)
    weights = np.full((1, 1024, 2), 127) - np.arange(2) % 2
    codes = np.random.default_rng(0).integers(250, 256, (1, 9, 1024)).astype(np.uint16)
    made = crossbar(weights, chip, codes)
    (by_slices,) = made.at_resolutions(codes, [None])
    np.testing.assert_array_equal(by_slices, made.exact(codes))


@settings(deadline=None, max_examples=20)
@given(chips(), st.integers(0, 99), st.booleans(), st.integers(1, 3))
def test_slices_add_up_to_the_product_without_adcs_and_errors(chip, seed, signed, groups):
    chip = chip.without_errors()
    weights, codes = drawn(chip, seed, groups)
    zero = 2 ** (chip.input_bits - 1) if signed else 0
    made = crossbar(weights, chip, codes[:, :2], zero=zero)
    (by_slices,) = made.at_resolutions(codes, [None])
    np.testing.assert_array_equal(by_slices, (codes.astype(np.int64) - zero) @ weights)
    np.testing.assert_array_equal(made.multiply(codes), by_slices)


@pytest.mark.parametrize(
    ("rule", "read_sigma", "adc_noise", "bits"),
    [
        ("sigma", 0.0, 0.0, (3, 6, None)),
        ("range", 0.0, 0.0, (3, 6, None)),
        ("least_error", 0.0, 0.0, (3, 6, None)),
        ("sigma", 0.02, 0.0, (3, 6, None)),
        ("least_error", 0.02, 0.0, (3, 6, None)),
        ("sigma", 0.0, 0.3, range(3, 11)),
        ("sigma", 0.02, 0.3, (3, None)),
        ("least_error", 0.0, 0.3, (3, 6, None)),
    ],
)
def test_adcs_of_several_resolutions_convert_as_each_alone(rule, read_sigma, adc_noise, bits):
    weights, codes = drawn(PLAIN, 0, groups=2, n=40, rows=150, columns=5)
    chip = replace(PLAIN, sigma=0.1, adc_window=rule, read_sigma=read_sigma, differential=True)
    chip = replace(chip, adc_noise=adc_noise)

    def made(resolutions):
        programmed = Crossbar(weights, chip, zero=0)
        programmed.program(np.random.default_rng(0))
        return programmed.at_resolutions(codes, resolutions)

    for together, one in zip(made(bits), bits, strict=True):
        np.testing.assert_array_equal(together, made([one])[0])
        if read_sigma == adc_noise == 0:  # otherwise calibration draws noise, too
            alone = crossbar(weights, replace(chip, adc_bits=one), codes)
            np.testing.assert_allclose(together, alone.multiply(codes) + alone._offset, atol=1e-6)


def test_adcs_without_windows_are_refused():
    weights, codes = drawn(PLAIN, 0)
    with pytest.raises(ValueError, match="call `calibrate` or `set_adcs` first"):
        Crossbar(weights, PLAIN, zero=0).multiply(codes)


@pytest.mark.parametrize("bits", [None, 1])
def test_a_chip_without_adcs_converts_no_sum_even_if_adcs_are_set(bits):
    weights, codes = drawn(PLAIN, 0)
    made = Crossbar(weights, replace(PLAIN, adc_bits=bits), zero=0)
    made.set_adcs([Adcs(np.zeros((8, 8)), np.ones((8, 8)))], codes=2)
    assert np.array_equal(made.multiply(codes), made.exact(codes)) == (bits is None)


# With 400 vectors of large 8-bit slices, sums of products exceed the whole numbers of float32.
@pytest.mark.parametrize(("width", "n"), [(3, 40), (8, 400)])
def test_windows_of_4_sigma_follow_the_sums_that_occur(width, n):
    weights, codes = drawn(PLAIN, 0, groups=2, n=n, rows=150, columns=5)
    codes |= 192
    made = Crossbar(weights, replace(PLAIN, input_slice_bits=width, bits_per_cell=3), zero=0)
    for rows, found in zip(row_blocks(150, PLAIN), made._statistics(codes), strict=True):
        places = np.arange(0, 8, width)[:, None, None]
        x = codes[:, None, :, rows].astype(int) >> places & 2**width - 1
        sums = np.einsum("gink,gksm->isgnm", x, made._ideal[:, rows], dtype=np.float64)
        np.testing.assert_allclose(found.mean, sums.mean(axis=(2, 3, 4)), rtol=1e-10)
        np.testing.assert_allclose(found.variance, sums.var(axis=(2, 3, 4)), rtol=1e-10)


def test_the_last_row_of_a_macro_is_a_block_of_its_own():
    chip = replace(PLAIN, active_rows=127)
    lengths = [b.stop - b.start for b in row_blocks(300, chip)]
    assert lengths == [127, 1, 127, 1, 44]


def test_a_constant_error_of_a_column_is_calibrated_away():
    weights, codes = drawn(PLAIN, 0, n=40, rows=128)
    made = crossbar(weights, replace(PLAIN, sigma=0.05), codes)
    error = made.multiply(codes) - made.exact(codes)
    assert np.abs(error).max() > 1
    np.testing.assert_allclose(error.mean(axis=1), 0, atol=1e-8)


def test_errors_of_cells_are_drawn_once_per_chip():
    weights, codes = drawn(PLAIN, 0, n=10, rows=128)
    chip = replace(PLAIN, sigma=0.05)
    one, same, other = (crossbar(weights, chip, codes, seed=s).multiply(codes) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0
    made = crossbar(weights, chip, codes)
    np.testing.assert_array_equal(made.multiply(codes), made.multiply(codes))


@pytest.mark.parametrize("differential", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_cell_errors_have_the_stated_variance(differential, bits):
    chip = replace(PLAIN, sigma=0.04, bits_per_cell=bits, differential=differential, adc_bits=None)
    weights, codes = drawn(chip, 0, n=1, rows=64, columns=4000)
    made = crossbar(weights, chip, codes)
    made._offset[:] = 0
    error = made.multiply(codes) - made.exact(codes)
    magnitude = 8 - differential
    widths = scalar_chip.slice_widths(magnitude, bits)
    per_cell = sum((0.04 * (2**w - 1)) ** 2 * 4.0 ** (bits * j) for j, w in enumerate(widths))
    expected = (1 + differential) * per_cell * (codes.astype(float) ** 2).sum()
    assert error.var() == pytest.approx(expected, rel=0.1)


def test_cells_in_parallel_average_their_errors():
    chip = replace(PLAIN, sigma=0.04, redundancy=4, bits_per_cell=3)
    made = Crossbar(np.ones((1, 4, 1), np.int64), chip, zero=0)
    variances = made.error_variances(0.04) / made.cell_maxima**2
    np.testing.assert_allclose(variances / variances[0], [1, 1 / 4, 1 / 4])


@pytest.mark.parametrize(
    ("differential", "redundancy"),
    [
        pytest.param(False, 1, id="single"),
        pytest.param(True, 1, id="pair"),
        pytest.param(False, 2, id="two in parallel"),
        pytest.param(True, 3, id="three pairs in parallel"),
    ],
)
def test_stuck_cells_are_at_either_end_of_their_range(differential, redundancy):
    """Cells of one bit: half of the stuck ones hold what they should."""
    chip = replace(PLAIN, differential=differential, redundancy=redundancy, stuck_share=0.04)
    weights, _ = drawn(chip, 0, rows=200, columns=200)
    made = Crossbar(weights, chip, zero=0)
    made.program(np.random.default_rng(0))
    errors = made._cells - made._ideal
    parallel = np.array([1, redundancy])
    upper = np.arange(errors.shape[2]) >= errors.shape[2] // 2
    found = np.array([(errors[:, :, part] ** 2).mean() for part in (~upper, upper)])
    np.testing.assert_allclose(found, (1 + differential) * 0.02 / parallel, rtol=0.06)
    np.testing.assert_allclose(made.stuck_variances[[0, -1]], (1 + differential) * 0.02 / parallel)
    assert np.unique(np.abs(errors[:, :, ~upper])).tolist() == [0, 1, 2][: 2 + differential]


def test_cells_of_several_bits_are_stuck_at_the_ends_of_their_range():
    chip = replace(PLAIN, bits_per_cell=3, stuck_share=1.0)
    weights, _ = drawn(chip, 0, rows=100, columns=50)
    made = Crossbar(weights, chip, zero=0)
    made.program(np.random.default_rng(0))
    for j, largest in enumerate(made.cell_maxima):
        assert np.unique(made._cells[:, :, j]).tolist() == [0, largest]
        assert (made._cells[:, :, j] > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert not np.array_equal(made._cells, made._ideal)


def test_stuck_cells_change_no_other_draw():
    weights, codes = drawn(PLAIN, 0, n=10, rows=128)
    chip = replace(PLAIN, sigma=0.05, read_sigma=0.02, adc_noise=0.2)
    sound, faulty = (
        crossbar(weights, replace(chip, stuck_share=share), codes) for share in (0.0, 0.01)
    )
    same = np.isclose(sound._cells, faulty._cells, atol=1e-6)
    assert 0.98 < same.mean() < 1
    sound._cells = faulty._cells
    sound._offset, faulty._offset = sound._offset * 0, faulty._offset * 0
    sound._adcs = faulty._adcs
    np.testing.assert_array_equal(sound.multiply(codes), faulty.multiply(codes))


@pytest.mark.parametrize(
    ("law", "off"), [("uniform", 0.04), ("wan2022_1s", 0.348 / 40), ("effective_1s", 0.1265)]
)
def test_reference_columns_err_alike_for_all_columns(law, off):
    chip = replace(PLAIN, bits_per_cell=3, cell_errors=law, reference_columns=2)
    weights, _ = drawn(chip, 0, rows=4000, columns=3)
    with_cells, alone = (
        Crossbar(weights, replace(chip, sigma=s, reference_columns=m), zero=0)
        for s, m in ((0.04, 2), (0.04, 0))
    )
    for made in (with_cells, alone):
        made.program(np.random.default_rng(0))
    errors = with_cells._cells - alone._cells
    np.testing.assert_allclose(errors - errors[..., :1], 0, atol=1e-5)
    relative = (errors[0, :, :, 0] / with_cells.cell_maxima).std(axis=0)
    np.testing.assert_allclose(relative, off / np.sqrt(2), rtol=0.06)
    np.testing.assert_allclose(
        np.sqrt(with_cells.reference_variances) / with_cells.cell_maxima,
        off / np.sqrt(2),
        rtol=5e-4,
    )


@pytest.mark.parametrize("differential", [False, True])
def test_cells_err_by_what_they_hold(differential):
    """Wan et al. 2022 after a second: 0.348 µS of 40 at 0, 1.103 at the largest level."""
    chip = replace(PLAIN, cell_errors="wan2022_1s", differential=differential)
    low, high = 0.348 / 40, 1.103 / 40
    for weight in (0, 127, -127):
        made = Crossbar(np.full((1, 2000, 1), weight), chip, zero=0)
        made.program(np.random.default_rng(0))
        errors = (made._cells - made._ideal)[0, :, :, 0]
        held = made._ideal[0, 0, :, 0]
        for of_slice, value in zip(errors.T, held, strict=True):
            one, other = (high if value else low), (low if differential else 0.0)
            assert of_slice.std() == pytest.approx(np.hypot(one, other), rel=0.06)
        np.testing.assert_allclose(made.mean_cell_variances, errors.var(axis=0), rtol=0.12)


def test_noise_of_reads_differs_between_reads():
    weights, codes = drawn(PLAIN, 0, n=50, rows=128)
    made = crossbar(weights, replace(PLAIN, read_sigma=0.05, adc_bits=None), codes)
    first, second = made.multiply(codes), made.multiply(codes)
    assert np.abs(first - second).max() > 0
    x = codes.astype(np.int64)[..., None] >> np.arange(8) & 1
    expected = 0.05**2 * (x.sum(axis=2) * 4.0 ** np.arange(8)).sum(axis=2).mean() * (4**8 - 1) / 3
    assert (first - second).var() == pytest.approx(2 * expected, rel=0.15)


def test_each_conversion_has_noise_of_its_own():
    """Steps are so fine that nothing is rounded: noise is n² Σ place² for each of two blocks."""
    weights, codes = drawn(PLAIN, 0, n=60, rows=150, columns=40)
    made = Crossbar(weights, replace(PLAIN, adc_noise=0.3), zero=0)
    made.program(np.random.default_rng(0))
    fine = Adcs(np.full((8, 8), -10.0), np.full((8, 8), 1e-4))
    made.set_adcs([fine, fine], codes=1 << 23)
    errors = np.array([made.multiply(codes) - made.exact(codes) for _ in range(3)])
    expected = 2 * 0.3**2 * (made.places**2).sum()
    for axis in (0, 2, 3):  # between repeats, vectors and columns
        assert errors.var(axis=axis, ddof=1).mean() == pytest.approx(expected, rel=0.1)


def test_noise_of_adcs_changes_no_other_draw():
    weights, codes = drawn(PLAIN, 0, n=10, rows=128)
    chip = replace(PLAIN, sigma=0.05, read_sigma=0.02)
    quiet, noisy = (crossbar(weights, replace(chip, adc_noise=n), codes) for n in (0.0, 0.3))
    np.testing.assert_array_equal(quiet._cells, noisy._cells)
    assert not np.array_equal(quiet.multiply(codes), noisy.multiply(codes))
    # Sums that are not converted have noise of reads only.
    unconverted = (made.at_resolutions(codes, [None]) for made in (quiet, noisy))
    np.testing.assert_array_equal(*unconverted)


def test_adcs_with_noise_need_a_programmed_chip():
    weights, codes = drawn(PLAIN, 0)
    made = Crossbar(weights, replace(PLAIN, adc_noise=0.1), zero=0)
    with pytest.raises(ValueError, match="the ADCs have noise: call `program` first"):
        made.calibrate(codes)


def test_windows_leave_room_for_the_noise_of_adcs():
    weights, codes = drawn(PLAIN, 0, n=40, rows=128)
    quiet, noisy = (
        Crossbar(weights, replace(PLAIN, adc_noise=n), zero=0)._statistics(codes)[0]
        for n in (0.0, 3.0)
    )
    np.testing.assert_allclose(noisy.error_variance - quiet.error_variance, 9.0)


def test_the_least_error_window_errs_less_where_4_sigma_clip():
    rng = np.random.default_rng(0)
    chip = replace(PLAIN, differential=True, adc_bits=5, sigma=0.02)
    weights = rng.integers(-127, 128, (1, 128, 8))
    codes = np.where(rng.random((1, 200, 128)) < 0.03, 255, 1).astype(np.uint16)

    def error(rule):
        made = crossbar(weights, replace(chip, adc_window=rule), codes)
        return ((made.multiply(codes) - made.exact(codes)) ** 2).mean()

    assert error("least_error") <= min(error("sigma"), error("range")) * 1.001


def test_inputs_saturate_and_zero_has_its_own_code():
    unsigned = InputCoding.from_range(0.0, 2.0, 8)
    assert unsigned.encode(np.array([-1.0, 0.0, 2.0, 9.0])).tolist() == [0, 0, 255, 255]
    signed = InputCoding.from_range(-2.0, 1.0, 8)
    assert signed.encode(np.array([-2.0, 0.0, 2.0, 9.0])).tolist() == [1, 128, 255, 255]


def test_weights_have_a_scale_for_each_channel():
    weights = np.array([[[1.0, -4.0, 0.0], [-0.5, 2.0, 0.0]]])
    integers, scale = quantise_weights(weights, 8, 1.0)
    assert integers[0].tolist() == [[127, -127, 0], [-64, 64, 0]]
    np.testing.assert_allclose(scale, [[1 / 127, 4 / 127, 0]])
    clipped, _ = quantise_weights(weights, 8, 0.5)
    assert clipped[0, :, 0].tolist() == [127, -127]
