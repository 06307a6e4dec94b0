"""A study on the physical model from its file through every command."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from imcmoo.__main__ import main
from imcmoo.answers.cautions import PHYSICAL_BASIS
from imcmoo.answers.provenance import run_config
from imcmoo.model.physical.model import physical_model
from imcmoo.model.physical.noise.model import NoiseModel
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.identity import problem_stamp
from imcmoo.study.catalogue import find_study
from problems import STUDIES
from tests.study.files import written

NETWORKS = ["resnet18_onnx", "mobilenet_v3_onnx"]
OWN = """
name = "own"
model = "physical"
device = "sram"
budget = 60

[space]
voltage_V = [0.8, 1.0]
rows = [64, 128]
cols = 128
input_slice_bits = 1
router_groups = 32
tiles_per_group = [2, 4, 8]
glb_KiB = 1024
columns_per_adc = [2, 4]
adc_bits = [5, 6]
dram = "x64"
"""
TABLES = "".join(f'\n[[networks]]\nsource = "{name}"\n' for name in NETWORKS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, _figures):
    """The study's file, and a folder with its exact answer and a run."""
    out = tmp_path_factory.mktemp("physical")
    file = written(out, OWN + TABLES)
    assert main(["enumerate", file, "--out", str(out), "--workers", "1", "--quiet"]) == 0
    assert main(["run", file, "--out", str(out), "--quiet"]) == 0
    return file, out


def plain(columns, **options):
    """The model without the seam."""
    model = physical_model("sram", WorkloadSet.load(NETWORKS), **options)
    return model.in_full(columns)


def of_design(study, folder):
    """The selected design as columns of the model, and what is said of it."""
    result = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    columns = {k: np.array([v]) for k, v in {**study.space.fixed, **result["design"]}.items()}
    return columns, result


def test_a_device_names_the_space_of_the_study_s_model(finished):
    study = find_study(finished[0])
    built_in = STUDIES["four_workload_sram_physical"].space.fixed
    assert study.space.fixed["mac_units"] == built_in["mac_units"]
    assert study.space.size == 2**10 * 3**2


def test_power_is_the_chip_s_own_and_dram_counts_in_efficiency(finished):
    folder = finished[1] / "own" / "seed-1"
    columns, result = of_design(find_study(finished[0]), folder)
    exact = plain(columns)
    exactly = partial(pytest.approx, rel=1e-12)
    for w, name in enumerate(NETWORKS):
        rows = result["workloads"][name]
        assert rows["power_W"] == exactly(exact.power_W[0, w])
        assert rows["power_W"] < rows["energy_J"] / rows["interval_s"]
        assert rows["energy_over_latency_W"] == exactly(rows["energy_J"] / rows["latency_s"])
        assert rows["interval_s"] == exactly(exact.interval_s[0, w])
        snr = rows["snr_adc_dB"]
        assert (np.inf if snr is None else snr) == exactly(exact.snr_adc_dB[0, w])
        assert exact.snr_adc_dB[0, w] >= 15
        assert rows["W_per_mm2"] <= 1 + 1e-12
    selection = pd.read_csv(folder / "selection.csv").query("used").iloc[0]
    assert selection["power_W_resnet18_onnx"] == exactly(exact.power_W[0, 0])


def test_what_the_figures_rest_on_is_said_and_not_the_paper_s_caution(finished, capsys):
    file, out = finished
    result = of_design(find_study(file), out / "own" / "seed-1")[1]
    assert result["caution"] == PHYSICAL_BASIS
    assert main(["run", file, "--out", str(out / "again"), "--no-baselines"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert PHYSICAL_BASIS in output
    assert "paper's cost model" not in output


def test_tables_and_figures_are_all_there(finished):
    folder = finished[1] / "own" / "seed-1"
    figures = {p.stem for p in (folder / "figures").glob("*.png")}
    assert figures >= {"baselines", "breakdown", "convergence", "trade_off"}
    parts = pd.read_csv(folder / "breakdown.csv").set_index("component")
    result = of_design(find_study(finished[0]), folder)[1]
    total = parts[[f"energy_{name}_J" for name in NETWORKS]].sum()
    assert total.to_numpy() == pytest.approx(
        [result["workloads"][name]["energy_J"] for name in NETWORKS], rel=1e-9
    )
    assert parts["area_mm2"].sum() == pytest.approx(result["chip"]["area_mm2"], rel=1e-9)
    baselines = pd.read_csv(folder / "baselines.csv")
    assert baselines["optimised_for"].tolist() == ["joint", *NETWORKS]


def test_an_infinite_signal_to_noise_is_plain_json(tmp_path, monkeypatch):
    def infinite(model, designs):
        return np.full((len(designs), 4, len(NETWORKS)), np.inf)

    monkeypatch.setattr(NoiseModel, "snr_dB", infinite)
    file = written(tmp_path, OWN + TABLES)
    assert main(["run", file, "--out", str(tmp_path), "--no-baselines", "--quiet"]) == 0
    text = (tmp_path / "own" / "seed-1" / "design.json").read_text(encoding="utf-8")
    result = json.loads(text, parse_constant=pytest.fail)
    assert result["workloads"]["resnet18_onnx"]["snr_adc_dB"] is None


@pytest.mark.parametrize("adc", ["neurosim_sar", "murmann"])
def test_the_converter_model_is_a_value_of_the_space(tmp_path, adc):
    other = find_study(written(tmp_path, OWN + f'adc_model = "{adc}"\nadc_noise = 10\n' + TABLES))
    levels = other.space.unrank(np.arange(0, other.space.size, 97))
    columns = {**other.space.decode(levels)}
    columns.pop("adc_model", None)
    exact = plain(columns, adc_model=adc)
    assert np.array_equal(other.cost_model().evaluate(levels).area_m2, exact.area_m2)
    assert not np.array_equal(plain(columns).area_m2, exact.area_m2)


def test_precision_reaches_the_model_of_all_networks_and_of_each(tmp_path):
    low = OWN + TABLES.replace('v3_onnx"', 'v3_onnx"\ninput_bits = 4\nweight_bits = 6')
    study = find_study(written(tmp_path, low))
    levels = study.space.unrank(np.arange(0, study.space.size, 97))
    model = study.cost_model()
    exact = plain(study.space.decode(levels), input_bits=[8, 4], weight_bits=[8, 6])
    metrics = model.evaluate(levels)
    runs = metrics.runs
    assert runs.any()
    assert np.array_equal(model.in_full(levels).energy_J[runs], exact.energy_J[runs])
    # Times are summed by bottleneck there, so that rounding differs.
    assert metrics.energy_J[runs] == pytest.approx(exact.energy_J[runs], rel=1e-14, abs=0)
    # A chip for this network alone needs narrower adders: as fast, and less energy.
    alone = model.for_network("mobilenet_v3_onnx").evaluate(levels)
    both = alone.runs[:, 0] & runs[:, 1]
    assert alone.latency_s[both, 0] == pytest.approx(metrics.latency_s[both, 1], rel=1e-12)
    assert (alone.energy_J[both, 0] < metrics.energy_J[both, 1]).all()


def test_the_config_records_the_numbers_the_model_reads(tmp_path):
    study = STUDIES["four_workload_sram_physical"]
    assert run_config(study)["stamp"]["data"] == problem_stamp(study.problem()).to_json()["data"]
    assert (
        run_config(STUDIES["four_workload_sram"])["stamp"]["data"]
        != run_config(study)["stamp"]["data"]
    )


def test_a_study_varies_an_optional_column_that_its_base_lacks(tmp_path):
    windows = ("sigma", "range", "least_error")
    shared = OWN.replace("adc_bits = [5, 6]", "adc_bits = 5\nactive_rows = 64")
    usual = find_study(written(tmp_path, shared + TABLES))
    study = find_study(written(tmp_path, f"{shared}adc_window = {json.dumps(windows)}\n{TABLES}"))
    assert study.space.size == 3 * usual.space.size
    levels = study.space.random(60, np.random.default_rng(0))
    at, model = study.space.names.index("adc_window"), study.cost_model()
    metrics = {}
    for index, window in enumerate(windows):
        levels[:, at] = index
        metrics[window] = model.in_full(levels)
    without = usual.cost_model().in_full(np.delete(levels, at, axis=1))
    np.testing.assert_array_equal(metrics["sigma"].snr_dB, without.snr_dB)
    assert (metrics["least_error"].snr_dB >= without.snr_dB - 1e-9).all()
    assert (metrics["least_error"].snr_dB > metrics["range"].snr_dB + 1).any()
    for window in windows:
        np.testing.assert_array_equal(metrics[window].energy_J, without.energy_J)
