"""`docs/physical.md` follows from the published tables, and from nothing else."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gmean

from experiments.physics import figures
from experiments.physics.devices import DEFAULT, DEFINITIONS
from experiments.physics.earlier import by_hand
from experiments.physics.optima import optimum_table
from experiments.physics.page import chip_of, device_ratio, ratio_text
from experiments.publish import to_csv
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from problems import STUDIES
from tests import ROOT

PUBLISHED = ROOT / "results" / "published"
HOME = PUBLISHED / "physics"


def test_the_best_chips_of_both_tables_are_the_same():
    optima = pd.read_csv(HOME / "optima.csv")
    devices = pd.read_csv(HOME / "devices.csv").query("variation == 'default'")
    usual = devices[(devices["delay"] == "latency") & (devices["area"] == "chip")]
    assert set(usual["study"]) == set(optima["study"])
    for study, score in usual.set_index("study")["edap_geomean"].items():
        chip = chip_of(optima, study, "edap_geomean")
        edap = chip[["energy_J", "latency_s", "area_mm2"]].prod(axis=1)
        assert gmean(edap) == pytest.approx(score, rel=1e-9)


def test_the_published_calculation_by_hand_is_that_of_this_code():
    stored = pd.read_csv(HOME / "hand.csv")
    pd.testing.assert_frame_equal(stored, pd.read_csv(StringIO(to_csv(by_hand()))))


def test_components_of_the_recommended_chip_sum_to_its_energy_and_area(study, exact):
    optima = optimum_table(study, exact)
    table = figures.components(study, optima)
    for _, row in chip_of(optima, study.name).iterrows():
        total = table[f"energy_{row['workload']}_J"].sum()
        assert total == pytest.approx(row["energy_J"])
        assert table["area_mm2"].sum() == pytest.approx(row["area_mm2"])


def of_two_devices(variation, **edaps):
    """The best chip of each device for four networks, by one EDAP."""
    by = {"delay": "interval", "area": "package", "variation": variation, "feasible": True}
    names = {d: f"four_workload_{d}_physical" for d in edaps}
    return [{"study": names[d], "edap_geomean": edap} | by for d, edap in edaps.items()]


def test_a_variation_of_rram_alone_is_compared_with_the_usual_sram_chip():
    usual = of_two_devices(DEFAULT, rram=6.0, sram=2.0)
    both = of_two_devices("isaac", rram=9.0, sram=6.0)
    alone = of_two_devices("rram_driver_factor=1", rram=1.0)
    frame = pd.DataFrame([*usual, *both, *alone])
    of = {v: device_ratio(frame, "four", DEFINITIONS[-1], v) for v in frame["variation"].unique()}
    assert of == {DEFAULT: 3.0, "isaac": 1.5, "rram_driver_factor=1": 0.5}
    assert np.isnan(device_ratio(frame, "nine", DEFINITIONS[-1]))
    assert ratio_text(np.nan) == "no RRAM chip"


def test_no_optimum_exploits_a_part_that_costs_nothing():
    optima = pd.read_csv(HOME / "optima.csv")
    assert optima["adc_bits"].min() > 3
    assert optima["bits_per_cell"].max() <= 2
    assert (optima.loc[optima["input_coding"] == "levels", "dac_share"] > 0).all()
    assert (optima.loc[optima["study"].str.contains("sram"), "cell_share"] > 0).all()
    assert (optima.loc[~optima["streamed"], "occupied_share"] <= 1 + 1e-9).all()
    assert (optima["snr_dB"] <= optima[["snr_adc_dB", "snr_dev_dB"]].min(axis=1) + 1e-9).all()
    assert (optima["snr_adc_dB"] >= DEFAULT_SNR_ADC_DB).all()
    assert (optima[["W_per_mm2", "hbm2_share"]].max() <= 1).all()
    limits = optima["study"].map(lambda name: STUDIES[name].area_limit_mm2)
    assert (optima["area_mm2"] <= limits).all()
