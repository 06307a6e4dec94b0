"""The page of the physical studies: the better device, its exceptions, and loopholes."""

import pandas as pd
import pytest

from experiments.physics.page import DEFAULT_ADC, device_ratios, idle_effect, robust, runs_of
from experiments.physics.summary import geometric_mean, recommended, rram_over_sram
from experiments.physics.variations import DEFAULT
from imcmoo.model.physical.parameters import ADC_MODELS

DESIGN = {
    "rows": 64, "cols": 128, "active_rows": 64, "adc_bits": 8, "columns_per_adc": 1,
    "glb_KiB": 256, "dram": "hbm2", "voltage_V": 1.0, "bits_per_cell": 1,
    "input_coding": "levels", "adc_model": "zigzag", "macros": 512, "cells": 512 * 64 * 128,
    "area_periphery_mm2": 900.0, "power_W": 2.0, "W_per_mm2": 0.1, "tops": 1.0,
    "tops_per_W": 2.0, "tops_per_mm2": 0.1, "snr_adc_dB": float("inf"), "snr_dev_dB": 20.0,
    "snr_dB": 19.0, "adc_share": 0.5, "dac_share": 0.1, "cell_share": 0.2,
    "occupied_share": 0.9, "hbm2_share": 0.3, "streamed": False, "interval_s": 1e-3,
}  # fmt: skip


def optima(rram, sram, networks=("four", "nine")):
    """Two networks; energies of the RRAM and SRAM chips given."""
    return pd.DataFrame(
        [
            DESIGN
            | {
                "study": f"{n}_workload_{device}_physical",
                "criterion": criterion,
                "workload": name,
                "energy_J": energy,
                "latency_s": 1e-3,
                "area_mm2": 40.0,
                "over_own_best": over,
            }
            for n in networks
            for device, energies in (("rram", rram), ("sram", sram))
            for criterion in ("edap_max", "edap_geomean", "regret_minimax")
            for name, energy, over in zip(
                ("vgg16_onnx", "alexnet_onnx"), energies, (1.5, 2.5), strict=True
            )
        ]
    )


def test_the_better_device_is_that_of_the_smaller_geometric_mean():
    ratios = rram_over_sram(optima((8e-3, 1e-3), (1e-3, 2e-3)), "nine")
    assert list(ratios) == pytest.approx([8.0, 0.5])
    assert geometric_mean(ratios) == pytest.approx(2.0)
    assert recommended(optima((8e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_sram_physical"
    assert recommended(optima((1e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_rram_physical"


def proven(rram_feasible=True):
    """Best chips for nine networks: RRAM's score is 6, SRAM's 2, without idle power 1.5."""
    names = [DEFAULT if name == DEFAULT_ADC else name for name in ADC_MODELS]
    rows = [
        {
            "study": f"nine_workload_{device}_physical",
            "variation": name,
            "feasible": device == "sram" or rram_feasible or name == DEFAULT,
            "edap_geomean": score,
        }
        for device, score in (("rram", 6.0), ("sram", 2.0))
        for name in names
    ]
    rows.append(rows[-1] | {"variation": "hbm2_idle_W=0", "edap_geomean": 1.5})
    return pd.DataFrame(rows)


def test_devices_are_compared_with_each_adc_model_that_has_chips_of_both():
    assert device_ratios(proven(), "nine") == dict.fromkeys(ADC_MODELS, 3.0)
    assert device_ratios(proven(rram_feasible=False), "nine") == {DEFAULT_ADC: 3.0}
    assert idle_effect(proven()) == pytest.approx(0.25)


def test_a_chip_runs_a_network_that_keeps_the_score_of_integers():
    executed = pd.DataFrame(
        {"chip": ["a", "a", "b"], "integer": [0.9, 0.9, 0.9], "accuracy": [0.891, 0.88, 0.9]}
    )
    assert runs_of(executed, "a") == [True, False]


def test_a_conclusion_counts_the_variations_in_which_it_holds_by_device():
    row = {
        "conclusion": "c", "percent": False, "no_chip": None, "verdict": "", "ends": 5,
        "ends_held": 3, "reference": 2.0, "reference_holds": True,
        **dict.fromkeys(ADC_MODELS, 1.0), **{f"{name}_holds": True for name in ADC_MODELS},
    }  # fmt: skip
    frame = pd.DataFrame([row | {"study": f"four_workload_{d}_physical"} for d in ("rram", "sram")])
    frame.loc[1, "isaac_holds"] = False
    ((text, cells),) = robust(frame)
    assert text == "c"
    assert cells == ["2 ✓, 1 ✓", "5 of 8", "2 ✓, 1 ✓", "6 of 8"]
