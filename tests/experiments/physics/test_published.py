"""`docs/physical.md` follows from the published tables, and from nothing else."""

import pandas as pd
import pytest
from scipy.stats import gmean

from experiments.physics import figures
from experiments.physics.optima import optimum_table
from experiments.physics.page import chip_of, edap_by_network, recommended, rram_over_sram
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from problems import RRAM_PHYSICAL
from tests import ROOT

PUBLISHED = ROOT / "results" / "published"
HOME = PUBLISHED / "physics"
OTHER = "neurosim_sar"


@pytest.mark.parametrize(("folder", "variation"), [(HOME, "default"), (HOME / OTHER, OTHER)])
def test_the_best_chips_are_the_proven_ones(folder, variation):
    optima = pd.read_csv(folder / "optima.csv")
    proven = pd.read_csv(PUBLISHED / "accuracy" / "recommended.csv")
    proven = proven[proven["variation"] == variation].set_index("study")["edap_geomean"]
    for study, score in proven.items():
        chip = chip_of(optima, study, "edap_geomean")
        assert gmean(edap_by_network(chip)) == pytest.approx(score, rel=1e-4)


def test_components_of_the_recommended_chip_sum_to_its_energy_and_area(study, exact):
    optima = optimum_table(study, exact)
    table = figures.components(study, optima)
    for _, row in chip_of(optima, study.name).iterrows():
        total = table[f"energy_{row['workload']}_J"].sum()
        assert total == pytest.approx(row["energy_J"])
        assert table["area_mm2"].sum() == pytest.approx(row["area_mm2"])


def of_two_devices(rram, sram):
    """Two networks; energies of the RRAM and SRAM chips given."""
    chip = {"criterion": "edap_geomean", "latency_s": 1e-3, "area_mm2": 40.0}
    return pd.DataFrame(
        [
            chip
            | {"study": f"{n}_workload_{device}_physical", "workload": name, "energy_J": energy}
            for n in ("four", "nine")
            for device, energies in (("rram", rram), ("sram", sram))
            for name, energy in zip(("vgg16_onnx", "alexnet_onnx"), energies, strict=True)
        ]
    )


def test_the_better_device_is_that_of_the_smaller_gmean():
    ratios = rram_over_sram(of_two_devices((8e-3, 1e-3), (1e-3, 2e-3)), "nine")
    assert list(ratios) == pytest.approx([8.0, 0.5])
    assert gmean(ratios) == pytest.approx(2.0)
    assert recommended(of_two_devices((8e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_sram_physical"
    assert recommended(of_two_devices((1e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_rram_physical"


def test_no_optimum_exploits_a_part_that_costs_nothing():
    optima = pd.read_csv(HOME / "optima.csv")
    assert optima["voltage_V"].min() > min(RRAM_PHYSICAL.values_of("voltage_V"))
    assert optima["adc_bits"].min() > 3
    assert optima["bits_per_cell"].max() <= 2
    assert (optima.loc[optima["input_coding"] == "levels", "dac_share"] > 0).all()
    assert (optima.loc[optima["study"].str.contains("sram"), "cell_share"] > 0).all()
    assert (optima.loc[~optima["streamed"], "occupied_share"] <= 1 + 1e-9).all()
    assert (optima["snr_dB"] <= optima[["snr_adc_dB", "snr_dev_dB"]].min(axis=1) + 1e-9).all()
    assert (optima["snr_adc_dB"] >= DEFAULT_SNR_ADC_DB).all()
    assert (optima[["area_mm2", "W_per_mm2", "hbm2_share"]].max() <= [800, 1, 1]).all()
