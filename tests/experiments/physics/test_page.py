"""The page of the physical studies: the better device, and its exceptions."""

import pandas as pd
import pytest

from experiments.physics.page import DEFAULT_ADC, device_ratios, idle_effect, runs_of
from experiments.physics.summary import geometric_mean, recommended, rram_over_sram
from experiments.physics.variations import DEFAULT
from imcmoo.model.physical.parameters import ADC_MODELS


def optima(rram, sram):
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
