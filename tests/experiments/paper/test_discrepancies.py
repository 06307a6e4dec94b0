"""Model discrepancies: rows against arithmetic by hand, and published against computed."""

import numpy as np
import pandas as pd
import pytest

from experiments.paper.discrepancies import ROWS, OptimalDesign, measure, optima
from experiments.paper.questions import read_studies
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems import RRAM
from tests.fakes import network

DESIGN = {
    "voltage_V": 0.5, "bits_per_cell": 4, "cycle_s": 2e-9, "rows": 32, "cols": 64,
    "router_groups": 2, "tiles_per_group": 4, "macros_per_tile": 4, "glb_depth": 4096,
}  # fmt: skip
MACROS = 2 * 4 * 4
CELLS = 32 * 64 * MACROS


def layers_of(*layers):
    """Layers of sizes C, M, P, Q, R, S, G, N and a stride in both directions."""
    kinds = tuple("SelfAttention" if p[2] == 12 else "Conv2d" for p in layers)
    strides = np.array([[stride, stride] for *_, stride in layers])
    return network([shape for *shape, _ in layers], "net", kinds=kinds, strides=strides)


def optimum(*layers, **changes):
    evaluator = Evaluator(RRAM, WorkloadSet((layers_of(*layers),)))
    values = DESIGN | changes
    levels = RRAM.levels_of(values)
    return OptimalDesign("made up", evaluator, levels)


def values_of(row, o):
    """The values of a row by quantity, of the only network."""
    values = {quantity: float(np.ravel(v)[0]) for quantity, (v, _) in ROWS[row](o).items()}
    return {quantity.removesuffix(": net"): value for quantity, value in values.items()}


PLAIN = (16, 8, 4, 4, 1, 1, 1, 1, 1)
STRIDED = (3, 8, 5, 5, 3, 3, 1, 1, 2)
ATTENTION = ((7, 5, 12, 1, 1, 1, 1, 1, 1), (7, 7, 12, 1, 1, 1, 1, 1, 1))
"""Seven tokens, twelve heads of five."""


def test_macros_are_blocks_of_rows_and_columns():
    o = optimum((100, 70, 1, 1, 1, 1, 1, 1, 1))
    # 100 rows in blocks of 32; 70 weights of two cells in blocks of 64.
    assert o.macros_of_layers().tolist() == [4 * 3]


def test_every_group_has_macros_of_its_own():
    o = optimum((1, 1, 4, 4, 3, 3, 20, 1, 1))
    assert o.macros_of_layers().tolist() == [20]


COUNTED = "cells occupied over cells that exist"
PULSES = "time of the pulses that energy is charged for, at most, over the cycle"
TAKEN = "bandwidth taken from the global buffer"
WORDS = "input words counted over those there are"
PRODUCTS = "multiplications of attention"


@pytest.mark.parametrize(
    ("row", "quantity", "layers", "expected"),
    [
        # 128 weights in two cells each; outputs in 16 copies, all in one cycle.
        ("residency", COUNTED, [PLAIN], 16 * 16 * 8 * 2 / CELLS),
        ("input time", PULSES, [PLAIN], 255 * 10 / 2),
        # Inputs 4 × 4 × 16 × 8 bits are one word, written once and read once; outputs half a word,
        # so one: read, written back, and filled; all in one cycle.
        ("bandwidth", TAKEN, [PLAIN], 5 * 256 / DESIGN["cycle_s"]),
        ("bandwidth", "bandwidth of a global buffer of one bank", [PLAIN], 256 / 7.31701e-9),
        ("converters", "bits in a cell", [PLAIN], 4),
        ("strides", WORDS, [STRIDED], (7 / 11) ** 2),
        ("strides", WORDS, [(3, 8, 5, 5, 1, 1, 1, 1, 2)], 1),
        ("attention", f"{PRODUCTS} there are", ATTENTION, 2 * 12 * 7 * 7 * 5),
        ("attention", f"{PRODUCTS} over those counted", ATTENTION, 2 * 7 * 5 / (5 + 7)),
    ],
)
def test_a_quantity_is_that_of_arithmetic_by_hand(row, quantity, layers, expected):
    assert values_of(row, optimum(*layers))[quantity] == pytest.approx(expected, abs=0)


def test_a_wire_across_the_chip():
    o = optimum(PLAIN)
    side_mm = (o.area_m2 * 1e6) ** 0.5
    row = values_of("wires", o)
    expected = 0.5 * 0.2e-12 * 0.5**2 * side_mm * 2 / 3
    assert row["energy of a wire across the chip"] == pytest.approx(expected, rel=1e-9, abs=0)
    charged = row["energy charged for the way across the chip"]
    assert charged == pytest.approx(10.37e-12 / 128, rel=1e-3, abs=0)


def test_a_larger_buffer_of_unknown_cycle_has_no_bandwidth_to_compare_with():
    o = optimum(PLAIN, glb_depth=2048)
    assert "bandwidth of a global buffer of one bank" not in values_of("bandwidth", o)


def test_the_published_ledger_is_that_of_this_code(published):
    stored = pd.read_csv(published / "ledger.csv", dtype={"unit": str})
    expected = measure(optima(read_studies(published)))
    pd.testing.assert_frame_equal(stored, expected, rtol=1e-9, atol=0)
