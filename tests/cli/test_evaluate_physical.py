"""`imcmoo evaluate --model physical`: whatever the component table covers, one line per error."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, Rram
from imcmoo.model.physical.model import physical_model
from imcmoo.model.physical.parameters import DEFAULTS, NEEDED
from imcmoo.networks.workloads import Workload, WorkloadSet
from tests.cli.helpers import assert_fails
from tests.model.physical.designs import random_designs

NETWORKS = ("alexnet", "resnet18")
GOOD = {
    "technology_nm": 32, "voltage_V": 0.9, "rows": 128, "cols": 128, "active_rows": 48,
    "bits_per_cell": 2, "input_slice_bits": 3, "adc_bits": 8, "columns_per_adc": 5,
    "macros_per_tile": 16, "tiles_per_group": 33, "router_groups": 48, "glb_KiB": 2048,
    "glb_banks": 4, "link_bits": 100, "dram": "x32", "schedule": "layer",
}  # fmt: skip
"""Runs; its counts of rows, converters, tiles and groups are in no search space."""
OPTIONAL = {name: value for name, value in DEFAULTS.items() if name != "tree_stages"}
"""Of analog devices, which have no adder trees."""
DIGITAL = GOOD | {"active_rows": 64, "input_slice_bits": 1, "tree_stages": 4}
DIGITAL = {name: v for name, v in DIGITAL.items() if name not in MEMORY_CELLS["dimc"].defaults}
TINY = GOOD | {"router_groups": 1, "tiles_per_group": 1, "schedule": "pipelined"}
RESULTS = [
    "workload", "energy_J", "latency_s", "interval_s", "images", "area_mm2", "dram_mm2",
    "silicon_mm2", "power_W",
    "tops", "tops_per_W", "tops_per_mm2", "snr_adc_dB", "snr_dev_dB", "snr_rounding_dB", "snr_dB",
    "occupied_cells", "cells", "dram_bits", "glb_bits", "bound_by", "feasible", "missing_cells",
    "missing_bits",
]  # fmt: skip


def write(*designs, path="designs.csv"):
    pd.DataFrame(list(designs)).to_csv(path, index=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(GOOD, TINY)
    return tmp_path


def evaluate(*extra, device="rram", workloads="alexnet,resnet18"):
    options = ["--model", "physical", "--device", device, "--workloads", workloads]
    return main(["evaluate", "designs.csv", *options, "--out", "out.csv", *extra])


def model(device="rram", **options):
    networks = WorkloadSet.load(NETWORKS)
    return physical_model(device, networks, **options)


def test_one_line_per_design_and_workload_with_all_that_was_evaluated(folder):
    assert evaluate() == 0
    out = pd.read_csv(folder / "out.csv")
    assert list(out.columns) == [*NEEDED, *OPTIONAL, *RESULTS]
    assert out["workload"].tolist() == [*NETWORKS] * 2
    assert out[list(NEEDED)].iloc[0].to_dict() == GOOD
    assert out[list(OPTIONAL)].iloc[0].to_dict() == OPTIONAL
    assert out["feasible"].tolist() == [True, True, False, False]
    known = ["area_mm2", "dram_mm2", "silicon_mm2", "cells", "feasible", "workload", "images"]
    known += ["missing_cells", "missing_bits"]
    tiny = out.iloc[2:]
    assert tiny[[name for name in RESULTS if name not in known]].isna().all(axis=None)
    assert (tiny["missing_cells"] > 0).all()
    assert (tiny["area_mm2"] > 0).all()


def test_networks_whose_snr_rests_on_generic_operands_are_named(folder, capsys):
    (folder / "mine.csv").write_text("name,C,M,P,Q\na,64,64,1,1\n")
    for options, named in ({}, False), ({"workloads": "alexnet,mine.csv"}, True):
        assert evaluate("--force", **options) == 0
        assert ("generic operands: the SNR of mine rests on" in capsys.readouterr().err) == named


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_the_numbers_are_the_model_s(folder, device, monkeypatch):
    monkeypatch.setattr("imcmoo.cli.evaluate_command.DESIGNS_PER_CHUNK", 7)
    columns = random_designs(30, np.random.default_rng(0), device)
    pd.DataFrame(columns).to_csv(folder / "designs.csv", index=False)
    assert evaluate(device=device) == 0
    out = pd.read_csv(folder / "out.csv", keep_default_na=False, na_values=[""])
    plain = model(device)
    metrics = plain.in_full(columns)
    runs = metrics.has_capacity
    assert 0 < runs.sum() < runs.size
    np.testing.assert_array_equal(out["feasible"].to_numpy().reshape(runs.shape), runs)
    rtol = 1e-13

    def same(column, values):
        shown = out[column].to_numpy(float).reshape(runs.shape)
        np.testing.assert_allclose(shown, np.where(runs, values, np.nan), rtol=rtol)

    for name in (
        *("energy_J", "latency_s", "interval_s", "power_W", "snr_adc_dB", "snr_dev_dB"),
        *("snr_rounding_dB", "snr_dB", "occupied_cells", "dram_bits", "glb_bits"),
    ):
        same(name, getattr(metrics, name))
    macs = WorkloadSet.load(NETWORKS).macs
    same("tops", 2e-12 * macs / metrics.interval_s)
    same("tops_per_W", 2e-12 * macs / metrics.energy_J)
    same("tops_per_mm2", 2e-18 * macs / metrics.interval_s / metrics.area_m2[:, None])
    area = out["area_mm2"].to_numpy().reshape(runs.shape)
    np.testing.assert_allclose(area, 1e6 * metrics.area_m2[:, None] * np.ones(2), rtol=rtol)
    for name in ("missing_cells", "missing_bits"):
        lacking = np.ceil(getattr(metrics, name)).ravel()
        assert out[name].tolist() == lacking.tolist()
    assert out["cells"][::2].tolist() == metrics.cells.tolist()
    assert set(out["bound_by"][runs.ravel()]) <= {*CAUSES}


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_breakdown_adds_up_over_every_layer_of_the_network_file(folder, device):
    design = GOOD | {"bits_per_cell": 2 if device == "rram" else 1, "cols": 256}
    write(design, design | {"schedule": "pipelined"})
    assert evaluate("--breakdown", "parts.csv", device=device) == 0
    out = pd.read_csv(folder / "out.csv")
    parts = pd.read_csv(folder / "parts.csv", dtype={"layer": str})
    assert list(parts.columns) == [
        *NEEDED, *OPTIONAL, "workload", "layer", "component", "energy_J", "latency_s", "bound_by"
    ]  # fmt: skip
    turns = parts[parts["schedule"] == "layer"]
    for name in NETWORKS:
        layers = turns[turns["workload"] == name].drop_duplicates("layer")
        assert layers["layer"].tolist() == list(Workload.load(name).layers)
    keys = ["schedule", "workload"]
    sums = parts.groupby(keys, sort=False)["energy_J"].sum().to_numpy()
    assert sums == pytest.approx(out["energy_J"].to_numpy(), rel=1e-12, abs=0)
    latency = turns.drop_duplicates(["workload", "layer"]).groupby("workload", sort=False)
    assert latency["latency_s"].sum().to_numpy() == pytest.approx(
        out["latency_s"][:2].to_numpy(), rel=1e-12, abs=0
    )


def test_options_of_the_model_are_passed_on(folder):
    write(GOOD)
    options = ["--deployment", "alone", "--requests-per-switch", "10"]
    assert evaluate(*options, "--input-bits", "8,4", "--weight-bits", "6") == 0
    out = pd.read_csv(folder / "out.csv")
    asked = model(requests_per_switch=10, input_bits=[8, 4], weight_bits=6)
    columns = {name: [value] for name, value in GOOD.items()}
    np.testing.assert_allclose(out["energy_J"], asked.in_full(columns).energy_J[0], rtol=1e-13)
    assert evaluate("--deployment", "together") == 0
    together = model(deployment="together").in_full(columns)
    latency = pd.read_csv(folder / "out.csv")["latency_s"]
    np.testing.assert_allclose(latency, together.latency_s[0], rtol=1e-13)


def test_columns_that_a_digital_device_lacks_are_neither_required_nor_written(folder):
    write(DIGITAL, DIGITAL | {"active_rows": 32})
    assert evaluate("--breakdown", "parts.csv", device="dimc") == 0
    out, parts = pd.read_csv("out.csv"), pd.read_csv("parts.csv")
    assert not {*MEMORY_CELLS["dimc"].defaults} & {*out.columns, *parts.columns}
    assert out["tree_stages"].tolist() == [4] * 4
    assert (out["snr_dB"] == 100).all()
    assert {"adder_trees", "input_registers"} < {*parts["component"]}
    assert parts["energy_J"].sum() == pytest.approx(out["energy_J"].sum(), rel=1e-12)


def test_an_adc_on_a_digital_device_is_refused(folder, capsys):
    write(DIGITAL | {"adc_bits": 1}, DIGITAL | {"adc_bits": 6})
    message = "designs.csv, line 3, column adc_bits: 6 is given, must be 1 for DIMC"
    assert_fails(folder, capsys, message, lambda: evaluate(device="dimc"))


CHANGED = {
    "rows: 'many' is not a number": {"rows": "many"},
    "rows: no value": {"rows": ""},
    "rows: 48 is given, but the component table has rram only for 16, 32, 64": {"rows": 48},
    "rows: 64.5 is given, must be a whole number of 1 to 1024": {"rows": 64.5},
    "active_rows: 129 is given, must be at most `rows`": {"active_rows": 129},
    "voltage_V: nan is given, must be above 0": {"voltage_V": "nan"},
    "bits_per_cell: 5 is given, must be at most 4": {"bits_per_cell": 5},
    "input_slice_bits: 8 is given, must be at most 4 where input_coding is levels":
        {"input_slice_bits": 8, "input_coding": "levels"},
    "adc_bits: 3 is given, but the component table has murmann only for 4, 5":
        {"adc_bits": 3, "adc_model": "murmann"},
    "glb_KiB: 100 is given, but the component table has buffer only for 256, 512":
        {"glb_KiB": 100},
    "dram: ddr9 is given, must be one of none, x16, x32, x64, hbm2": {"dram": "ddr9"},
    "adc_model: best is given, must be one of sar_noise": {"adc_model": "best"},
    "mac_units: 0 is given, must be a whole number of 1 to": {"mac_units": 0},
    "ping_pong: 1 is given, must be 0 for RRAM": {"ping_pong": 1},
    "device: sram, but --device is rram only": {"device": "sram"},
}  # fmt: skip
DEFAULTS_ASIDE = {**DEFAULTS, "device": "rram"}


@pytest.mark.parametrize(("message", "changed"), CHANGED.items(), ids=list(CHANGED))
def test_a_bad_value_is_one_line_that_names_file_line_column_and_what_is_allowed(
    folder, capsys, message, changed
):
    write(*[GOOD | DEFAULTS_ASIDE] * 2, GOOD | DEFAULTS_ASIDE | changed)
    assert_fails(folder, capsys, f"designs.csv, line 4, column {message}", evaluate)


def test_the_first_bad_line_or_the_missing_columns_are_named(folder, capsys):
    write(GOOD, GOOD | {"glb_banks": 3}, GOOD | {"technology_nm": 28})
    assert_fails(folder, capsys, "designs.csv, line 3, column glb_banks", evaluate)
    write({name: value for name, value in GOOD.items() if name not in ("dram", "glb_banks")})
    assert_fails(folder, capsys, "designs.csv, line 1: no column glb_banks, dram", evaluate)


CALLS = {
    "line 2, column bits_per_cell: 2 is given, must be 1 for SRAM": ["--device", "sram"],
    "device 'sram_technology' is not one of rram, sram": ["--device", "sram_technology"],
    "--rounding is an option of --model reference, not of physical": ["--rounding", "none"],
    "input_bits is [3]: one number, or one per network (2), of 4 to 8": ["--input-bits", "3"],
    "weight_bits is [8, 8, 8]: one number, or one per network": ["--weight-bits", "8,8,8"],
    "--deployment is an option of --model physical, not of reference":
        ["--model", "reference", "--deployment", "alone"],
    "--requests-per-switch is an option of --model physical, not of reference":
        ["--model", "reference", "--requests-per-switch", "7"],
}  # fmt: skip


@pytest.mark.parametrize(("message", "options"), CALLS.items(), ids=list(CALLS))
def test_bad_calls_are_one_clear_line(folder, capsys, message, options):
    assert_fails(folder, capsys, message, lambda: evaluate(*options))


def test_a_device_that_the_reference_model_lacks_is_refused_by_it_alone(
    folder, monkeypatch, capsys
):
    other = type("Other", (Rram,), {"name": "other"})
    monkeypatch.setitem(MEMORY_CELLS, "other", other())
    assert evaluate(device="other") == 0
    assert len(pd.read_csv(folder / "out.csv")) == 4
    options = ["--device", "other", "--workloads", "alexnet", "--out", "reference.csv"]
    assert main(["evaluate", "designs.csv", *options]) == 2
    error = capsys.readouterr().err
    expected = "--device other needs --model physical: the reference model knows rram and sram and"
    assert expected in error
    assert not (folder / "reference.csv").exists()


def test_a_component_that_can_be_built_is_refused_with_the_command_that_builds_it(folder, capsys):
    write(GOOD | {"glb_KiB": 64})
    assert_fails(folder, capsys, "--glb-depth 256 --out components.npz", evaluate)
