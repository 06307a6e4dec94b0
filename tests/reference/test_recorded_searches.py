"""The shipped figures about the paper's recorded searches follow from the records."""

import numpy as np
import pandas as pd
import pytest

from experiments.compare.comparison import TARGETS, best_so_far, judged
from experiments.paper.questions import decided_by
from experiments.recorded import LARGEST, RECORDED, recorded, recorded_largest
from imcmoo.benchmark import truth
from imcmoo.exact.regret import ExactRegret
from imcmoo.record.evaluations import Evaluations
from problems import STUDIES
from tests.reference import records

pytestmark = records.wants_full

SEARCHES = {
    "four_workload_rram": "four_workload_rram_product",
    "four_workload_sram": "four_workload_sram_product",
    "nine_workload_sram": "nine_workload_sram_mean",
}


def archived(problem, name):
    """The designs the recorded search evaluated, in order, by our model."""
    rows = records.evaluations("full")
    rows = rows[rows.study == SEARCHES[name]].drop_duplicates("order").sort_values("order")
    levels = problem.space.encode({n: rows[n].to_numpy() for n in problem.space.names})
    archive = Evaluations(problem)
    archive.append(levels, problem.model.evaluate(levels), generation=0)
    return archive


def hits(problem_name):
    """When the recorded search reached each regret, by our model of the designs it evaluated."""
    problem = STUDIES[problem_name].problem()
    archive = archived(problem, problem_name)
    names = [criterion.name for criterion in judged(problem)]
    judge = ExactRegret(problem, truth.load(f"{problem_name}-v1"))
    best = best_so_far(judge, archive, names)
    rows = [
        {
            "problem": problem_name,
            "criterion": criterion,
            "target": target,
            "evaluations": hit[0] + 1.0 if len(hit) else np.inf,
            "budget": len(archive),
            "regret": values[-1],
        }
        for criterion, values in best.items()
        if criterion in names
        for target in TARGETS
        for hit in [np.flatnonzero(values <= target)]
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "problem",
    [
        *("four_workload_rram", "four_workload_sram"),
        pytest.param("nine_workload_sram", marks=pytest.mark.slow),
    ],
)
def test_the_shipped_figures_follow_from_the_records(problem):
    shipped, expected = recorded(problem), hits(problem)
    assert {c.name for c in judged(STUDIES[problem].problem())} < set(shipped["criterion"])
    # Published comparisons were judged by joint regret, whose rows stand beside these.
    same = shipped[shipped["criterion"].isin(expected["criterion"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, expected, rtol=1e-9, atol=1e-12)


LARGEST_OF = {"four": "vgg16", "nine": "gpt2_medium"}


def largest(problem_name):
    """Share of the recorded designs whose `max` the largest network decides, as recorded."""
    problem = STUDIES[problem_name].problem()
    names, limit = problem.workload_names, problem.area_limit_m2
    rows = records.evaluations("full")
    rows = rows[rows.study == SEARCHES[problem_name]]
    wide = rows.pivot_table(index="order", columns="workload", values=["energy_J", "latency_s"])
    area = rows.groupby("order")["area_mm2"].first().to_numpy() / 1e6
    within = np.isfinite(wide).all(axis=1).to_numpy() & (area <= limit)
    kinds = ("energy_J", "latency_s")
    energy, latency = (wide.loc[within, kind][names].to_numpy() for kind in kinds)
    network = LARGEST_OF[problem_name.partition("_")[0]]
    named = {"problem": problem_name, "network": network, "evaluated": len(wide)}
    return pd.DataFrame([named | decided_by(energy, latency, area[within], names.index(network))])


@pytest.mark.parametrize("problem", SEARCHES)
def test_the_shipped_figures_about_the_largest_network_follow_from_the_records(problem):
    expected = largest(problem).drop(columns="problem")
    pd.testing.assert_frame_equal(recorded_largest(problem), expected, rtol=1e-9, atol=1e-12)


def test_most_designs_of_the_recorded_rram_search_run_no_four_networks():
    problem = STUDIES["four_workload_rram"].problem()
    archive = archived(problem, "four_workload_rram")
    assert len(archive) == 887
    assert archive.feasible.sum() == 167


if __name__ == "__main__":
    for make, path in ((largest, LARGEST), (hits, RECORDED)):
        pd.concat([make(p) for p in SEARCHES]).to_csv(path, index=False, lineterminator="\n")
