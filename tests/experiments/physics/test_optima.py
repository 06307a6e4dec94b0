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
from tests import ROOT

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


@pytest.mark.parametrize("name", ["optima", pytest.param("ends", marks=pytest.mark.slow)])
def test_the_published_tables_are_those_of_this_code(published, name):
    expected = pd.read_csv(StringIO(to_csv(TABLES[name](PUBLISHED, published))))
    stored = of_study(name)[list(expected)]
    # Noise far below a signal rests on the last digits of logarithms, which processors round
    # differently.
    decibels = [column for column in expected if column.endswith("_dB")]
    np.testing.assert_allclose(stored[decibels], expected[decibels], rtol=0, atol=1e-5)
    others = [table.drop(columns=decibels) for table in (stored, expected)]
    pd.testing.assert_frame_equal(*others, rtol=1e-9, check_dtype=False)


@pytest.fixture
def design(study, exact):
    """The best design of the small study by the largest EDAP."""
    (design,) = study.space.designs(study.space.unrank(exact["edap_max"].ranks[:1]))
    return design


def test_the_best_score_with_another_value_is_that_of_a_design_the_model_says_exists(study, design):
    best, missed = best_with(study, "edap_max", design, "link_bits", 256, np.ones(2))
    wider = replace(study.space, fixed={**study.space.fixed, "link_bits": 256})
    problem = study.replace(space=wider).problem()

    def largest_edap(levels):
        F, G = problem.score(levels, problem.model.evaluate(levels))
        return problem.costs(F[(G <= 0).all(axis=1)]).edap.max(axis=1)

    # Near the optimum is not everywhere, and the optimum itself is near.
    least = largest_edap(wider.unrank(np.arange(wider.size))).min()
    (of_optimum,) = largest_edap(wider.levels_of(design))
    assert least * (1 - 1e-12) <= best <= of_optimum * (1 + 1e-12)
    assert not missed


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [("rows", 2048, NO_PART), ("input_slice_bits", 4, "ADC SQNR, compute SNR")],
)
def test_a_value_without_a_chip_says_which_limit_it_misses(study, design, parameter, value, reason):
    assert best_with(study, "edap_max", design, parameter, value, np.ones(2)) == (None, reason)
