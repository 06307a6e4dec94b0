"""Model discrepancies: every row against arithmetic by hand, and published against computed."""

import numpy as np
import pandas as pd
import pytest

from experiments.paper.discrepancies import ROWS, Optimum, measure, optima
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
    return Optimum("made up", evaluator, levels)


def values_of(row, o):
    """The values of a row by quantity, of the only network."""
    values = {quantity: float(np.ravel(v)[0]) for quantity, (v, _) in ROWS[row](o).items()}
    return {quantity.removesuffix(": net"): value for quantity, value in values.items()}


PLAIN = (16, 8, 4, 4, 1, 1, 1, 1, 1)
STRIDED = (3, 8, 5, 5, 3, 3, 1, 1, 2)


def test_macros_are_blocks_of_rows_and_columns():
    o = optimum((100, 70, 1, 1, 1, 1, 1, 1, 1))
    # 100 rows in blocks of 32; 70 weights of two cells in blocks of 64.
    assert o.macros_of_layers().tolist() == [4 * 3]


def test_every_group_has_macros_of_its_own():
    o = optimum((1, 1, 4, 4, 3, 3, 20, 1, 1))
    assert o.macros_of_layers().tolist() == [20]


def test_a_layer_with_all_outputs_side_by_side_occupies_many_copies():
    o = optimum(PLAIN)
    busy = values_of("residency", o)["cells occupied over cells that exist"]
    # 128 weights in two cells each; outputs in 16 copies, all in one cycle.
    assert o.latency_s[0] == DESIGN["cycle_s"]
    assert busy == pytest.approx(16 * 16 * 8 * 2 / CELLS)


def test_power_is_energy_over_time():
    o = optimum(PLAIN)
    row = values_of("input time", o)
    energy, latency = o.energy_J[0], o.latency_s[0]
    assert row["power"] == pytest.approx(energy / latency, rel=1e-12)
    area_mm2 = o.area_m2 * 1e6
    assert row["power over area"] == pytest.approx(energy / latency / area_mm2, rel=1e-12)
    pulses = row["time of the pulses that energy is charged for, at most, over the cycle"]
    assert pulses == pytest.approx(255 * 10 / 2)


def test_bandwidth_of_the_global_buffer_counts_whole_words():
    o = optimum(PLAIN)
    # Inputs 4 × 4 × 16 × 8 bits are one word, written once and read once; outputs half a word,
    # so one: read, written back, and filled.
    taken = values_of("bandwidth", o)["bandwidth taken from the global buffer"]
    assert taken == pytest.approx(5 * 256 / DESIGN["cycle_s"])
    bank = values_of("bandwidth", o)["bandwidth of a global buffer of one bank"]
    assert bank == pytest.approx(256 / 7.31701e-9)


def test_shares_of_adcs_add_up_with_the_rest():
    o = optimum(PLAIN)
    row, parts = values_of("converters", o), o.parts
    others = [i for i, name in enumerate(parts.components) if name != "adc"]
    area = parts.area_m2[0]
    assert row["share of ADCs in the area"] == pytest.approx(1 - area[others].sum() / area.sum())
    energy = parts.energy_J[0, 0]
    expected = 1 - energy[others].sum() / energy.sum()
    assert row["share of ADCs in the energy"] == pytest.approx(expected, rel=1e-6, abs=0)
    assert row["bits in a cell"] == 4


def test_strides_make_inputs_larger_than_is_counted():
    ratio = values_of("strides", optimum(STRIDED))["input words counted over those there are"]
    assert ratio == pytest.approx((7 / 11) ** 2)
    skipping = values_of("strides", optimum((3, 8, 5, 5, 1, 1, 1, 1, 2)))
    assert skipping["input words counted over those there are"] == 1


def test_a_wire_across_the_chip():
    o = optimum(PLAIN)
    side_mm = (o.area_m2 * 1e6) ** 0.5
    row = values_of("wires", o)
    expected = 0.5 * 0.2e-12 * 0.5**2 * side_mm * 2 / 3
    assert row["energy of a wire across the chip"] == pytest.approx(expected, rel=1e-9, abs=0)
    charged = row["energy charged for the way across the chip"]
    assert charged == pytest.approx(10.37e-12 / 128, rel=1e-3, abs=0)


def test_attention_counts_the_dimension_that_is_missing():
    # Seven tokens, twelve heads of five.
    o = optimum((7, 5, 12, 1, 1, 1, 1, 1, 1), (7, 7, 12, 1, 1, 1, 1, 1, 1))
    row = values_of("attention", o)
    assert row["multiplications of attention there are"] == 2 * 12 * 7 * 7 * 5
    ratio = row["multiplications of attention over those counted"]
    assert ratio == pytest.approx(2 * 12 * 7 * 7 * 5 / (12 * 7 * 5 + 12 * 7 * 7))


def test_a_larger_buffer_of_unknown_cycle_has_no_bandwidth_to_compare_with():
    o = optimum(PLAIN, glb_depth=2048)
    assert "bandwidth of a global buffer of one bank" not in values_of("bandwidth", o)


def test_the_published_ledger_is_that_of_this_code(published):
    stored = pd.read_csv(published / "ledger.csv", dtype={"unit": str})
    expected = measure(optima(read_studies(published)))
    pd.testing.assert_frame_equal(stored, expected, rtol=1e-9, atol=0)


def test_an_optimum_is_the_best_of_its_study(published):
    """Its EDAP is that of the published joint design."""
    o = optima(read_studies(published))[0]
    assert o.study == "four_workload_rram"
    joint = pd.read_csv(published / o.study / "joint.csv")
    rows = joint[(joint["criterion"] == "edap_max") & (joint["design"] == "joint, exact")].iloc[0]
    edap = o.energy_J * o.latency_s * o.area_m2 * 1e6
    assert edap.max() == pytest.approx(rows["edap_max_J_s_mm2"], rel=1e-9, abs=0)
