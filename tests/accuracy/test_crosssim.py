"""Products of CrossSim 3.2, recorded in ../shared/accuracy with its conventions."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.extras import needs

needs("accuracy", "numba")

from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.model.physical.adc_window import Adcs
from imcmoo.model.physical.circuit import Circuit

FOLDER = Path(__file__).parents[3] / "shared" / "accuracy"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/accuracy here")


@dataclass(frozen=True)
class Recorded:
    table: pd.DataFrame
    arrays: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def recorded():
    with np.load(FOLDER / "crosssim_cases.npz") as stored:
        arrays = dict(stored)
    return Recorded(pd.read_csv(FOLDER / "crosssim_cases.csv"), arrays)


def ours(table):
    """Cases with our conventions: sliced, unsigned, no leakage, each input slice converted."""
    return table[
        (table.sliced_w == 1)
        & (table.in_signed == 0)
        & table["mapping"].isin(["diff_analog", "offset_dig"])
        & (table.gamma == 0)
        & (table.adc_where == "input_slice")
        & (table.Icol_max == 0)
    ]


def crossbar(case, weights):
    chip = Circuit(
        rows=1024,
        active_rows=1024,
        bits_per_cell=int(case.cell_bits),
        input_slice_bits=int(case.in_slice_bits or case.in_bits),
        differential=case["mapping"] == "diff_analog",
        adc_bits=int(case.adc_bits),
        input_bits=int(case.in_bits),
        weight_bits=int(case.weight_bits),
    )
    ends = np.cumsum([0, *map(int, str(case.row_parts).split("|"))])
    blocks = [slice(*pair) for pair in pairwise(ends)]
    return Crossbar(weights[None].astype(np.int64), chip, zero=0, blocks=blocks, dtype=np.float64)


def adcs(case, made, ends):
    """ADCs of CrossSim's end points, from its unit: a full cell with a full input slice."""
    unit = (2**case.cell_bits - 1) * made.input_maxima[0]
    low, high = np.moveaxis(ends * unit, -1, 0)  # (arrays, weight slices)
    step = (high - low) / (case.adc_levels - 1)
    every = (len(made.input_maxima), 1)
    return [Adcs(np.tile(a, every), np.tile(b, every)) for a, b in zip(low, step, strict=True)]


def test_products_and_codes_equal_those_recorded(recorded):
    cases = ours(recorded.table)
    assert len(cases) > 70
    compared = 0
    for _, case in cases.iterrows():
        weights, inputs = recorded.arrays[case.W_key], recorded.arrays[case.X_key]
        made = crossbar(case, weights)
        levels = adcs(case, made, recorded.arrays[case.R_key])
        made.set_adcs(levels, codes=int(case.adc_levels))
        codes = inputs[None].astype(np.uint16)
        expected = recorded.arrays[case.Y_key]
        largest = np.abs(expected).max()
        assert np.abs(made.multiply(codes)[0] - expected).max() <= 1e-9 * largest, case.case_id
        if isinstance(case.C_key, str):
            stored = recorded.arrays[case.C_key][:, :, 0]  # (arrays, S, I, n, M)
            for read in made._reads(codes, made._cells):
                low, step = (v[:, None, :, None] for v in vars(levels[read.block]).values())
                found = np.clip(np.rint((read.sums[0] - low) / step), 0, case.adc_levels - 1)
                assert np.array_equal(found.transpose(2, 0, 1, 3), stored[read.block]), case.case_id
            compared += 1
    assert compared >= 14


def test_programming_errors_have_the_recorded_signal_to_noise(recorded):
    table = pd.read_csv(FOLDER / "crosssim_programming_snr.csv")
    weights, inputs = (recorded.arrays[n].astype(np.int64) for n in ("W_snr", "X_snr"))
    exact = inputs @ weights
    # Where cells near zero are cut at zero, CrossSim's errors are no longer Gaussian.
    cases = table[
        (table.device_model == "NormalIndependentDevice")
        & table["mapping"].isin(["diff_analog", "offset_dig"])
        & (table.bits_per_cell != "analog")
        & (table.sigma_over_gmax <= table.gamma_gmin_over_gmax / 2)
    ]
    assert len(cases) >= 12
    for _, case in cases.iterrows():
        bits = int(case.bits_per_cell)
        chip = Circuit(
            rows=256,
            active_rows=256,
            bits_per_cell=bits,
            input_slice_bits=8,
            differential=case["mapping"] == "diff_analog",
            adc_bits=None,
            sigma=case.sigma_over_gmax / (1 - case.gamma_gmin_over_gmax),
        )
        power = []
        for seed in range(5):
            made = Crossbar(weights[None], chip, zero=0)
            whole_range = np.full(len(made.cell_maxima), 2.0**bits - 1)
            made.program(np.random.default_rng(seed), whole_range)
            error = made.multiply(inputs[None].astype(np.uint16))[0] - exact
            power.append((error**2).mean())
        found = 10 * np.log10((exact.astype(float) ** 2).mean() / np.mean(power))
        assert found == pytest.approx(case.snr_pooled_db, abs=1), dict(case)
