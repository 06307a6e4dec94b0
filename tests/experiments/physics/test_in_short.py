"""The beginning of the page: which device, which chip, and what it is published beside."""

import pandas as pd
import pytest

from experiments.physics.exploits import exploits
from experiments.physics.in_short import article, better_device, decibel, in_short, recommended
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
    ratios, mean = better_device(optima((8e-3, 1e-3), (1e-3, 2e-3)), "nine")
    assert list(ratios) == pytest.approx([8.0, 0.5])
    assert mean == pytest.approx(2.0)
    assert recommended(optima((8e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_sram_physical"
    assert recommended(optima((1e-3, 1e-3), (1e-3, 2e-3))) == "nine_workload_rram_physical"


def test_it_is_told_by_number_of_networks_and_network():
    text = in_short({"optima": optima((8e-3, 1e-3), (1e-3, 2e-3))}, {})
    assert "**SRAM for four networks**" in text
    assert "**SRAM for nine networks**" in text
    assert (
        "is 2.00 × that of the best SRAM chip. Network by network: VGG16 8.00 ×, AlexNet 0" in text
    )
    assert "an 8-bit converter for every column," in text
    assert "the same chip would be 900 mm², more than the limit" in text
    assert "512 macros, 4.2 million cells" in text


@pytest.mark.parametrize(
    ("feasible", "told"),
    [(True, "the ratio is 3.00 ×."), (False, "no RRAM chip is found within the limits.")],
)
def test_what_published_macros_would_make_of_it_is_told(feasible, told):
    variations = pd.DataFrame(
        {
            "study": ["nine_workload_rram_physical", "nine_workload_sram_physical"],
            "kind": ASSUMPTION,
            "variation": PUBLISHED_PERIPHERY,
            "feasible": [feasible, True],
            "edap_geomean": [6.0, 2.0],
        }
    )
    frames = {"optima": optima((8e-3, 1e-3), (1e-3, 2e-3)), "variations": variations}
    assert in_short(frames, {}).count(told) == 1


def test_what_other_converter_models_make_of_the_better_device_is_told():
    variations = pd.DataFrame(
        {
            "study": ["nine_workload_rram_physical", "nine_workload_sram_physical"],
            "kind": CONVERTER,
            "variation": "isaac",
            "feasible": True,
            "edap_geomean": [6.0, 2.0],
        }
    )
    frames = {"optima": optima((8e-3, 1e-3), (1e-3, 2e-3)), "variations": variations}
    assert in_short(frames, {}).count("it is 3.00 × with `isaac` (found by searches)") == 1


def test_other_converter_models_stand_beside_as_a_span():
    mine, other = optima((8e-3, 1e-3), (1e-3, 2e-3)), optima((8e-3, 1e-3), (3e-3, 1e-3))
    text = in_short({"optima": mine}, {"isaac": {"optima": other}})
    assert "| energy, mJ, by converter model | 1 to 3 | 1 to 2 |" in text
    assert "`isaac`" in text


def test_what_is_exploited_is_told_by_number():
    text = exploits({"optima": optima((8e-3, 1e-3), (1e-3, 2e-3))})
    assert "| the lowest supply | no | 1 to 1 V of 0.6 to 1 V |" in text
    assert "| more cells than there are | no | at most 90.0 % " in text
    assert "15.0 % to 15.0 % of the chip" in text


def test_numbers_are_written_as_they_are_read():
    assert [article(n) for n in (5, 8, 11)] == ["a", "an", "an"]
    assert [decibel(v) for v in (float("inf"), 12.345)] == ["∞", "12.35"]
