"""`python -m experiments.run physical`: all that it writes follows from proven optima."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gmean

from experiments import run
from experiments.physics import devices, page
from experiments.physics import study as physics
from experiments.physics.devices import DEFAULT, DEFINITIONS, best_chips, problem_of
from experiments.physics.optima import optimum_table
from imcmoo.space.restricted import restricted
from problems import STUDIES


@pytest.fixture
def _small(monkeypatch, study):
    monkeypatch.setattr(physics.Physics, "figures", lambda *_: {})
    for module in (physics, page):
        monkeypatch.setattr(module, "STUDIES", {study.name: study})
    monkeypatch.setattr(physics, "NAMES", (study.name,))


@pytest.mark.usefixtures("_small")
def test_tables_are_those_of_the_enumeration_and_the_page_has_the_chip(tmp_path, study, exact):
    """Scores are compared: of several optimal designs a proof may find another one."""
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physical", *options]) == 0
    home = tmp_path / "published" / "physics"
    files = {path.name for path in home.iterdir() if path.is_file()}
    assert files == {"optima.csv", "ends.csv", "versions.csv", "hand.csv", "config.json"} | {
        "model_versions.json"
    }
    table = optimum_table(study, exact)
    scores = ["criterion", "workload", "area_mm2", "energy_J", "latency_s", "over_own_best"]
    proven = pd.read_csv(home / "optima.csv")
    pd.testing.assert_frame_equal(proven[scores], table[scores], rtol=1e-9)
    text = (tmp_path / "docs" / "physical.md").read_text(encoding="utf-8")
    area = proven.loc[proven["criterion"] == "regret_minimax", "area_mm2"].iloc[0]
    assert f"One analog SRAM chip of {area:.0f} mm² (" in text
    assert "SRAM or RRAM?" not in text  # there is one device


def test_the_best_chips_by_each_edap_are_those_of_all_designs(monkeypatch, study):
    monkeypatch.setattr(devices, "VARIATIONS", {})
    chips = best_chips(study)
    last = DEFINITIONS[-1]
    problem = study.replace(delay=last.delay, area=last.area).problem()
    _, metrics = problem.feasible(study.space.unrank(np.arange(study.space.size)))
    for chip, by in zip(chips.itertuples(), DEFINITIONS, strict=True):
        least = gmean(by.of(metrics.values), axis=1).min()
        assert (chip.delay, chip.area, chip.variation) == (by.delay, by.area, DEFAULT)
        assert chip.edap_geomean == pytest.approx(least, rel=1e-9)
        delay = chip.latency_s if by.delay == "latency" else chip.interval_s
        area = chip.area_mm2 if by.area == "chip" else chip.package_mm2
        assert chip.energy_J * delay * area == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize(
    ("variation", "kept"),
    [
        ("snr_adc_dB=25", {"area"}),
        ("lpddr4_idle_W_per_bit=0", {"area"}),
        ("neurosim_sar", set()),
    ],
)
def test_a_variation_changes_its_part_and_no_other(study, variation, kept):
    # Of one ADC noise, so that designs have the same columns under any ADC model.
    study = study.replace(space=restricted(study.space, {"adc_noise": [10]}, name="small"))
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    plain, varied = (problem_of(study, k).model.evaluate(designs) for k in (DEFAULT, variation))
    same = {
        name
        for name in ("area", "energy")
        if np.array_equal(plain.values[name], varied.values[name], equal_nan=True)
    }
    assert same == kept


def test_a_variation_gives_an_optional_design_column_one_value_or_several():
    study = STUDIES["four_workload_rram_physical"]
    one, several = (
        problem_of(study, name).space for name in ("cell_errors=wan2022_1d", "redundancy=1 2 4")
    )
    assert one.fixed == {**study.space.fixed, "cell_errors": "wan2022_1d"}
    assert one.size == study.space.size
    assert several.values_of("redundancy") == (1, 2, 4)
    assert several.size == 3 * study.space.size
    limited = problem_of(study, "redundancy=2; snr_dB=15").model
    assert limited.space.fixed["redundancy"] == 2
    assert "compute_snr" in limited.resource_names
