"""Searches under variations: never worse than what is known, limits and own bests included."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.physics import best_found, optima
from experiments.physics.searches import feasible, optimal_designs, search_from
from experiments.physics.variations import (
    ASSUMPTION,
    DEFAULT,
    LIMIT,
    keys,
    keys_of_nine,
    problem_of,
)
from imcmoo.problem.criteria import SCORES

BUDGET = 60
"""So few that a search by itself misses optima."""


@pytest.fixture(scope="module")
def designs(study, answer):
    return optimal_designs(study.space, answer)


def optimum(study, answer):
    return study.space.unrank(answer.optima["edap_geomean"].ranks[:1])


def test_a_search_that_begins_at_an_optimum_ends_there(study, answer, designs):
    problem = study.problem()
    archive = search_from(problem, designs, BUDGET, seed=0)
    costs = problem.costs(archive.F[archive.feasible])
    for name in ("edap_max", "edap_geomean"):
        result = SCORES[name](costs).min()
        assert result == pytest.approx(answer.optima[name].value, rel=1e-12)
    assert len(archive) == BUDGET


def test_no_variation_regrets_what_is_known(study, answer, designs):
    few = replace(study, budget=BUDGET)
    for key in ((DEFAULT, DEFAULT), (ASSUMPTION, "clock_Hz=5e+08"), (LIMIT, "snr_adc_dB=25")):
        row = best_found.best_under(
            few, few, key, designs, optimum(study, answer), detailed=True
        ).iloc[0]
        assert not row["default_regret"] < -1e-9
        assert not row["regret_by_default"] < -1e-9
        assert row["minimax_regret"] >= 0
        assert row["max_over_own_best"] >= 1 - 1e-12


def test_a_negative_regret_is_refused():
    row = {"study": "s", "kind": ASSUMPTION, "variation": "v", "default_regret": -0.1}
    with pytest.raises(RuntimeError, match="something better is known"):
        best_found._check(row)


def test_own_bests_are_no_worse_than_exact_ones_where_these_are_known(study, answer, designs):
    exact = [answer.optima[f"alone_{n}"].value for n in study.names]
    assert best_found.single_network_optima(study.problem(), designs) == pytest.approx(
        exact, rel=1e-12
    )


def test_all_networks_together_are_no_worse_than_on_the_optima(study, designs):
    result, area_mm2 = optima._together(replace(study, budget=BUDGET), designs)
    problem = replace(study, deployment="together").problem()
    kept = designs[feasible(problem, designs)]
    costs = problem.costs(problem.score(kept, problem.model.evaluate(kept))[0])
    assert result <= SCORES["edap_geomean"](costs).min() * (1 + 1e-9)
    assert area_mm2 > 0


def test_limits_and_only_they_change(study):
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    default = problem_of(study, study, (DEFAULT, DEFAULT))
    for name in ("snr_adc_dB=25", "area_mm2=20"):
        strict = problem_of(study, study, (LIMIT, name))
        G, H = (p.score(designs, p.model.evaluate(designs))[1] for p in (default, strict))
        assert ((G <= 0).all(axis=1) >= (H <= 0).all(axis=1)).all()
        assert (H > G + 1e-9).any()


def test_what_is_asked_of_nine_networks_is_asked_of_four():
    for device in ("rram", "sram"):
        four, nine = (list(k(device, "zigzag")) for k in (keys, keys_of_nine))
        assert set(nine) < set(four)
        assert len(set(four)) == len(four)
        assert (ASSUMPTION, "macro_periphery=2.5") in nine
        assert any(name.startswith("ir_drop") for _, name in nine) == (device == "rram")
