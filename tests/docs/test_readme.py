"""The figures of README follow from published tables."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(scope="module")
def told():
    """The table of README: cells of the paper's and of the physical model by row."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    return {name: (paper, physical) for name, paper, physical in rows}


def paper():
    """The exact chip by minimax regret, a row for each network."""
    of_study = PUBLISHED / "four_workload_rram"
    everything = pd.read_csv(of_study / "aggregations.csv")
    (one,) = everything[everything["criterion"] == "regret_minimax"].to_dict("records")
    chips = pd.read_csv(of_study / "joint.csv")
    at = list(one).index("criterion") + 1
    design = list(one)[at : list(one).index("over_own_best_resnet18")]
    chip = chips[(chips[design] == [one[name] for name in design]).all(axis=1)].iloc[0].to_dict()
    names = [name.removeprefix("loss_") for name in one if name.startswith("loss_")]
    part = ({"energy_J": chip[f"energy_{n}_J"], "latency_s": chip[f"latency_{n}_s"]} for n in names)
    return [chip | {"workload": name} | costs for name, costs in zip(names, part, strict=True)]


def physical():
    optima = pd.read_csv(PUBLISHED / "physics" / "optima.csv")
    part = (optima["study"] == "four_workload_rram_physical") & (
        optima["criterion"] == "regret_minimax"
    )
    return optima[part].to_dict("records")


def test_the_two_chips_are_those_of_the_tables(told):
    for column, rows in enumerate((paper(), physical())):
        first = rows[0]
        chip = f"{first['rows']:.0f} × {first['cols']:.0f}, {first['bits_per_cell']:.0f}, "
        assert told["arrays, bits per cell, supply"][column] == chip + f"{first['voltage_V']:.1f} V"
        assert told["area"][column] == f"{first['area_mm2']:.0f} mm²"


def test_how_they_run_is_that_of_the_tables(told):
    (p,) = [r for r in paper() if r["workload"] == "resnet18"]
    (q,) = [r for r in physical() if r["workload"] == "resnet18_onnx"]
    assert told["ResNet18, latency of one inference"] == (
        f"{1e9 * p['latency_s']:.0f} ns",
        f"{1e6 * q['latency_s']:.0f} µs",
    )
    assert told["ResNet18, energy of one inference"] == (
        f"{1e3 * p['energy_J']:.2g} mJ",
        f"{1e3 * q['energy_J']:.2g} mJ",
    )
    assert told["time between two ResNet18 inferences at that power"] == (
        f"{1e9 * p['latency_s']:.0f} ns",
        f"{1e6 * q['interval_s']:.0f} µs",
    )
    watts = p["energy_J"] / p["latency_s"]
    assert told["power while ResNet18 runs"] == (
        f"{watts / 1e3:.0f} kW ({watts / p['area_mm2']:.0f} W/mm²)",
        f"{q['power_W']:.0f} W ({q['W_per_mm2']:.2f} W/mm²)",
    )
    each = [r["tops_per_W"] for r in physical()]
    efficiency = told["TOPS/W, least to most of the four"][1]
    assert efficiency == f"{min(each):.1f} to {max(each):.1f}"
