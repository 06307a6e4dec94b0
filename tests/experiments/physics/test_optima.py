"""Tables of the optima: those published are recomputed, a gain is checked by brute force."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from experiments.physics.boundary_sensitivity import NO_PART, best_with, boundary_table
from experiments.physics.optima import optimum_table
from experiments.publish import to_csv
from imcmoo.exact.enumeration import Optimum
from imcmoo.problem.criteria import MINIMAX
from problems import STUDIES
from tests.experiments.conftest import ROOT

HOME = ROOT / "results" / "published" / "physics"

PUBLISHED = STUDIES["four_workload_sram_physical"]


def of_study(name):
    frame = pd.read_csv(HOME / f"{name}.csv")
    return frame[frame["study"] == PUBLISHED.name].reset_index(drop=True)


@pytest.fixture(scope="module")
def published():
    """The optima of a published study by their designs, energies and latencies."""
    optima = {}
    for criterion, chip in of_study("optima").groupby("criterion"):
        edap = chip["energy_J"] * chip["latency_s"] * chip["area_mm2"]
        over = chip["over_own_best"]
        scores = {"edap_max": edap.max(), "edap_geomean": np.exp(np.log(edap).mean())}
        score = (scores | {MINIMAX: over.max() - 1})[criterion]
        design = {name: chip[name].to_numpy()[:1] for name in PUBLISHED.space.names}
        rank = PUBLISHED.space.rank(PUBLISHED.space.encode(design))
        optima[criterion] = Optimum(score, rank)
        alone = zip(chip["workload"], edap / over, strict=True)
        optima |= {f"alone_{name}": Optimum(value, rank) for name, value in alone}
    return optima


TABLES = {"optima": optimum_table, "ends": boundary_table}


@pytest.mark.parametrize("name", TABLES)
def test_the_published_tables_are_those_of_this_code(published, name):
    expected = pd.read_csv(StringIO(to_csv(TABLES[name](PUBLISHED, published))))
    stored = of_study(name)[list(expected)]
    pd.testing.assert_frame_equal(stored, expected, rtol=1e-9, check_dtype=False)


def test_a_gain_is_that_of_a_design_the_model_says_exists(study, exact):
    row = (
        boundary_table(study, exact)
        .query("criterion == 'edap_max' and parameter == 'link_bits'")
        .iloc[0]
    )
    wider = replace(study.space, fixed={**study.space.fixed, "link_bits": int(row["extended"])})
    problem = replace(study, space=wider).problem()
    levels = wider.unrank(np.arange(wider.size))
    F, G = problem.score(levels, problem.model.evaluate(levels))
    edap = problem.costs(F[(G <= 0).all(axis=1)]).edap.max(axis=1)
    optimum = exact["edap_max"].value
    # Near the optimum is not everywhere, and the optimum itself is near.
    assert edap.min() <= row["best"] * (1 + 1e-12)
    assert row["gain"] == pytest.approx(1 - row["best"] / optimum)
    same = levels[[int(exact["edap_max"].ranks[0])]]
    current = problem.costs(problem.score(same, problem.model.evaluate(same))[0]).edap.max()
    assert row["best"] <= current * (1 + 1e-12)


def test_a_value_without_a_chip_says_which_limit_it_misses(study, exact):
    levels = study.space.unrank(exact["edap_max"].ranks[:1])
    design = {n: v[0] for n, v in study.space.decode(levels).items()}
    for parameter, value, reason in (
        ("rows", 2048, NO_PART),
        ("input_slice_bits", 4, "ADC SQNR, compute SNR"),
    ):
        told = best_with(study, "edap_max", design, parameter, value, np.ones(2))
        assert told == (None, reason)
