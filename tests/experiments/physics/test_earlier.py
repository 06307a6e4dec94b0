"""Chips of the model before, and ResNet18 by hand."""

import math

import pandas as pd
import pytest

from experiments.physics.devices import DEFINITIONS
from experiments.physics.earlier import BEFORE, CHIPS, NETWORK, by_hand, ratio, versions
from imcmoo.model.physical.parameters import MACROS
from imcmoo.networks.workloads import WorkloadSet


def test_parts_of_the_chip_by_hand_sum_to_its_energy():
    table = by_hand().set_index("quantity")
    parts = table[table["by_hand"].isna()]
    assert parts["model"].sum() == pytest.approx(table.loc["energy", "model"], abs=0.1)
    assert parts["version_3"].sum() == pytest.approx(table.loc["energy", "version_3"], abs=0.1)


def test_the_chip_by_hand_is_the_one_recommended_before():
    chips = pd.read_csv(CHIPS).set_index(["study", "criterion"])
    chip = chips.loc[("nine_workload_sram_physical", "regret_minimax")]
    same = [name for name in BEFORE if name in chip]
    assert len(same) > 10
    assert {name: chip[name] for name in same} == {name: BEFORE[name] for name in same}


def test_the_latency_by_hand_is_that_of_full_arrays():
    # 7 bits of a weight in two columns each, 8 slices, and an ADC that two columns share.
    columns, slices, conversions, conversion_s = 14, 8, 2, 7.6e-9
    cells = BEFORE["rows"] * BEFORE["cols"] * math.prod(BEFORE[name] for name in MACROS)
    reads = WorkloadSet.load([NETWORK]).macs[0] * columns / cells
    latency_us = 1e6 * reads * slices * conversions * conversion_s
    assert by_hand().set_index("quantity").loc["latency", "by_hand"] == round(latency_us)


def test_the_ratio_of_the_devices_before_is_the_one_published_then():
    before = pd.read_csv(CHIPS)
    assert ratio(before, "nine", DEFINITIONS[0]) == pytest.approx(51.0, abs=0.05)
    assert ratio(before, "four", DEFINITIONS[0]) == pytest.approx(5.26, abs=0.005)


def test_versions_have_geometric_means_of_todays_chips():
    study = "four_workload_sram_physical"
    chip = {"study": study, "criterion": "edap_geomean", "rows": 64, "package_mm2": 3.0}
    networks = [{"energy_J": e, "latency_s": 1.0, "interval_s": 2.0} for e in (1.0, 4.0)]
    found = versions(pd.DataFrame([chip | costs for costs in networks]))
    (row,) = found[found["version"] > 3].itertuples()
    assert (row.study, row.rows, row.energy_J, row.package_mm2) == (study, 64, 2.0, 3.0)
