"""Assumptions that change a chip or the better device."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from experiments.physics import sensitivity
from experiments.physics.devices import DEFINITIONS, EXTREMES
from experiments.physics.page import changing
from experiments.physics.sensitivity import (
    ARRAY,
    BANDS,
    Candidates,
    around,
    descend,
    elites,
    geometric_means,
    sensitivity_table,
)
from imcmoo.ask.flip import NEAR

FACTOR = "adc_energy_factor"


@dataclass
class Lines:
    """Chips whose EDAP is a + b × (value of `FACTOR`), for every EDAP."""

    device: str
    a: tuple
    b: tuple

    @property
    def levels(self):
        return np.arange(len(self.a))[:, None]

    def edaps(self, factor, value):
        value = value if factor == FACTOR else 1.0
        edap = np.array(self.a) + np.array(self.b) * value
        return dict.fromkeys(DEFINITIONS, edap)

    def depends_on(self, factor):
        return factor == FACTOR


@pytest.fixture
def rows(monkeypatch):
    """SRAM has one chip, RRAM two: they tie with SRAM at 0.5, and with each other at 3."""
    monkeypatch.setattr(sensitivity, "BANDS", {n: BANDS[n] for n in (FACTOR, "rram_driver_factor")})
    chips = [Lines("sram", (0.0,), (4.0,)), Lines("rram", (1.0, 4.0), (2.0, 1.0))]
    return sensitivity_table("four", chips)


def test_the_better_device_changes_where_the_edaps_are_equal(rows):
    device = rows[(rows["factor"] == FACTOR) & (rows["changes"] == "device")]
    assert len(device) == len(DEFINITIONS)
    for row in device.itertuples():
        assert row.crossings == 1
        assert row.at == pytest.approx(0.5, rel=NEAR)
        low, high = BANDS[FACTOR].low, BANDS[FACTOR].high
        assert row.ratio_low == pytest.approx((1 + 2 * low) / (4 * low))
        assert row.ratio_today == pytest.approx(3 / 4)
        assert row.ratio_high == pytest.approx((4 + high) / (4 * high))
        assert row.designs == 3


def test_a_chip_changes_where_another_one_ties_and_then_loses_its_excess(rows):
    (chip,) = rows[(rows["factor"] == FACTOR) & (rows["changes"] == "rram")].itertuples()
    assert chip.at == pytest.approx(3.0, rel=NEAR)
    high = BANDS[FACTOR].high
    assert (chip.ratio_low, chip.ratio_today) == (1, 1)
    assert chip.ratio_high == pytest.approx((1 + 2 * high) / (4 + high))
    (other,) = rows[(rows["factor"] == FACTOR) & (rows["changes"] == "sram")].itertuples()
    assert np.isnan(other.at)
    assert other.crossings == 0


def test_only_assumptions_that_change_something_are_named(rows):
    (item,) = changing(rows)
    assert item["factor"] == FACTOR
    assert list(item["devices"]["four"]) == DEFINITIONS
    assert item["losses"]["four"]["sram"] == 1
    high = BANDS[FACTOR].high
    assert item["losses"]["four"]["rram"] == pytest.approx((1 + 2 * high) / (4 + high))


def test_candidates_have_the_edaps_of_their_problem_and_chips_beyond_a_limit_have_none(study):
    some = Candidates(study, study.space.unrank(np.arange(0, study.space.size, 7)))
    value = BANDS["top_area"].high
    found = some.edaps("top_area", value)
    problem = some.problem("top_area", value, DEFINITIONS[0])
    levels, metrics = problem.feasible(some.levels)
    F, _ = problem.score(levels, metrics)
    edap = np.exp(np.log(problem.costs(F).edap).mean(axis=1))
    assert 0 < len(levels) < len(some.levels)
    assert found[DEFINITIONS[0]][np.isfinite(found[DEFINITIONS[0]])] == pytest.approx(edap)


def test_a_local_search_ends_where_no_two_changes_help(study):
    problem = Candidates(study, study.space.unrank(np.array([0]))).problem("top_area", 0.4)
    levels, _ = problem.feasible(study.space.unrank(np.arange(study.space.size)))
    by = DEFINITIONS[-1]
    best = descend(problem, levels[:1], by)
    near = geometric_means(problem, around(study.space, best))[by]
    assert geometric_means(problem, best)[by][0] == near.min()


@pytest.fixture
def _short(monkeypatch):
    monkeypatch.setattr(sensitivity, "BUDGET", 200)


@pytest.mark.usefixtures("_short")
def test_each_array_has_at_most_the_two_best_chips_of_a_search(study):
    problem = Candidates(study, np.array([])).problem("top_area", BANDS["top_area"].value)
    best = elites(problem)
    arrays = pd.DataFrame({name: problem.space.column(best, name) for name in ARRAY})
    assert len(arrays.drop_duplicates()) > 2
    assert arrays.value_counts().max() <= 2
    for by in EXTREMES:
        assert np.isfinite(geometric_means(problem, best)[by]).all()


@pytest.mark.usefixtures("_short")
def test_candidates_only_get_better_by_what_is_found_at_the_ends_of_bands(monkeypatch, study):
    monkeypatch.setattr(sensitivity, "BANDS", {"adc_area_factor": BANDS["adc_area_factor"]})
    problem = study.problem()
    levels, _ = problem.feasible(study.space.unrank(np.arange(study.space.size)))
    chips = Candidates(study, levels[:1])
    ends = [BANDS["adc_area_factor"].low, BANDS["adc_area_factor"].high]
    before = [chips.edaps("adc_area_factor", v)[DEFINITIONS[0]].min() for v in ends]
    chips.extend()
    after = [chips.edaps("adc_area_factor", v)[DEFINITIONS[0]].min() for v in ends]
    assert len(chips.levels) > 1
    assert (np.array(after) < before).all()


def test_the_best_chips_at_every_end_stay(monkeypatch, study):
    factors = ("adc_area_factor", "top_area", "rram_sigma")
    monkeypatch.setattr(sensitivity, "BANDS", {name: BANDS[name] for name in factors})
    some = Candidates(study, study.space.unrank(np.arange(0, study.space.size, 5)))
    at = [(name, end) for name in factors for end in (BANDS[name].low, BANDS[name].high)]
    before = [some.edaps(*end)[by].min() for end in at for by in DEFINITIONS]
    n = len(some.levels)
    some.prune()
    assert len(some.levels) < n
    assert [some.edaps(*end)[by].min() for end in at for by in DEFINITIONS] == before
