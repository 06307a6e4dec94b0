"""`python -m experiments.run physics`: all that it writes follows from proven optima."""

import numpy as np
import pandas as pd
import pytest

from experiments import run
from experiments.physics import page
from experiments.physics import study as physics
from experiments.physics.optima import area_front, optimum_table
from experiments.physics.recommended import DEFAULT, problem_of
from imcmoo.problem.scores import edap
from problems import STUDIES


@pytest.fixture
def _small(monkeypatch, study):
    for module in (physics, page):
        monkeypatch.setattr(module, "STUDIES", {study.name: study})
    monkeypatch.setattr(physics, "NAMES", (study.name,))
    monkeypatch.setattr(physics, "FRONT_OF", study.name)


def published(out, name="physics"):
    files = [*(out / "published" / name).iterdir(), out / "docs" / "physical.md"]
    return {p.name: p.read_bytes() for p in files if p.is_file()}


@pytest.mark.usefixtures("_small")
def test_tables_are_those_of_the_enumeration_and_the_page_names_both_chips(tmp_path, study, exact):
    """Scores are compared: of several optimal designs a proof may find another one."""
    options = ["--out", str(tmp_path), "--quiet", "--workers", "1"]
    assert run.main(["physical", "--adc", "isaac", *options]) == 0
    isaac = published(tmp_path, "physics/isaac")
    assert set(isaac) == {"optima.csv", "config.json"}
    assert run.main(["physical", *options]) == 0
    first = published(tmp_path)
    assert set(first) == {"optima.csv", "ends.csv", "area_front.csv", "config.json", "physical.md"}
    home = tmp_path / "published" / "physics"
    chips = pd.read_csv(home / "isaac" / "optima.csv").set_index("criterion")
    area = chips.loc["regret_minimax", "area_mm2"].iloc[0]
    text = first["physical.md"].decode()
    assert f"With the ADC model `isaac` it is SRAM of {area:.0f} mm²" in text
    table = optimum_table(study, exact)
    scores = ["criterion", "workload", "area_mm2", "energy_J", "latency_s", "over_own_best"]
    proven = pd.read_csv(home / "optima.csv")
    pd.testing.assert_frame_equal(proven[scores], table[scores], rtol=1e-9)


def test_no_design_beats_one_of_the_front_of_area_and_edap(study, exact):
    front = area_front(study, exact)
    problem = study.problem()
    levels = study.space.unrank(np.arange(study.space.size))
    metrics = problem.model.evaluate(levels[problem.feasibility.violation(levels) <= 0])
    best = [exact[f"alone_{name}"].value for name in study.names]
    worst = (edap(metrics.energy_J, metrics.latency_s, metrics.area_m2) / best).max(axis=1)
    for area, ratio in zip(metrics.area_m2 * 1e6, worst, strict=True):
        at_most = front[front["area_mm2"] <= area]["worst_over_own_best"]
        assert at_most.min() <= ratio
    assert front["area_mm2"].is_monotonic_increasing
    assert front["worst_over_own_best"].is_monotonic_decreasing
    assert list(front["selected"]) == [False] * (len(front) - 1) + [True]


@pytest.mark.parametrize(
    ("variation", "kept"),
    [
        ("snr_adc_dB=25", {"area"}),
        ("lpddr4_idle_W_per_bit=0", {"area"}),
        ("neurosim_sar", set()),
    ],
)
def test_a_variation_changes_its_part_and_no_other(study, variation, kept):
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
