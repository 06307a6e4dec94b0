"""The page of the physical studies: the better device, its exceptions, and loopholes."""

import pandas as pd
import pytest

from experiments.physics.summary import (
    adc_ratios,
    geometric_mean,
    periphery_ratio,
    recommended,
    rram_over_sram,
)
from experiments.physics.variations import ASSUMPTION, CONVERTER, PUBLISHED_PERIPHERY

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


def variations(kind, name, feasible=True):
    """Best scores of an RRAM and an SRAM chip under one variation."""
    return pd.DataFrame(
        {
            "study": ["nine_workload_rram_physical", "nine_workload_sram_physical"],
            "kind": kind,
            "variation": name,
            "feasible": [feasible, True],
            "edap_geomean": [6.0 if feasible else None, 2.0],
        }
    )


def test_devices_are_compared_with_the_periphery_of_published_macros():
    frame = variations(ASSUMPTION, PUBLISHED_PERIPHERY)
    assert periphery_ratio(frame, "nine") == ([], pytest.approx(3.0))
    without, _ = periphery_ratio(variations(ASSUMPTION, PUBLISHED_PERIPHERY, False), "nine")
    assert without == ["RRAM"]
    assert periphery_ratio(frame, "four") is None


def test_devices_are_compared_with_other_adc_models():
    assert adc_ratios(variations(CONVERTER, "isaac"), "nine") == {"isaac": pytest.approx(3.0)}
