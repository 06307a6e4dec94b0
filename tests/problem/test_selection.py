"""From a front to one design."""

import numpy as np
import pytest

from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.selection import CRITERIA, Candidates, select
from imcmoo.search.archive import Archive
from problems import RRAM
from tests.fakes import FakeEvaluator


def front_candidates(problem, archive):
    front = archive.front()
    return Candidates.of(problem, archive.levels[front], archive.F[front])


def candidates(energy, latency, *, ranks=None, own_best_edap=None):
    """Designs of 1 mm² with the given energies and latencies (n, W)."""
    energy = np.asarray(energy, dtype=float)
    n = len(energy)
    levels = RRAM.unrank(np.arange(n) if ranks is None else np.asarray(ranks))
    own = None if own_best_edap is None else np.asarray(own_best_edap, dtype=float)
    return Candidates(RRAM, levels, energy, np.asarray(latency, float), np.full(n, 1e-6), own)


@pytest.fixture
def searched():
    """A problem and an archive of random designs, most of them infeasible."""
    problem = AcceleratorProblem(FakeEvaluator(RRAM))
    levels = RRAM.unrank(np.unique(np.random.default_rng(0).integers(0, RRAM.size, 4000)))
    out = problem.evaluate(levels, return_as_dictionary=True, return_values_of=["F", "G"])
    archive = Archive(RRAM, n_objectives=problem.n_obj, n_constraints=problem.n_ieq_constr)
    archive.append(levels, out["F"], out["G"], generation=0)
    return problem, archive


def test_criteria_differ_where_workloads_do():
    # EDAP: [9, 1], [6, 6], [8, 2.5], [7.9, 3.5]
    c = candidates([[9, 1], [6, 6], [8, 2.5], [7.9, 3.5]], np.ones((4, 2)))
    chosen = select(c).chosen
    assert chosen["edap_max"] == 1
    assert chosen["edap_mean"] == 0
    assert chosen["edap_product"] == 0
    assert chosen["edap_geomean"] == 0
    # Regrets against [6, 1]: 0.5, 5, 1.5, 2.5.
    assert chosen["regret_minimax"] == 0


def test_every_criterion_selects_its_smallest_score():
    rng = np.random.default_rng(1)
    result = select(candidates(rng.random((50, 3)) + 0.1, rng.random((50, 3)) + 0.1))
    assert list(result.chosen) == list(CRITERIA)
    for name, index in result.chosen.items():
        assert result.scores[name][index] == result.scores[name].min()


def test_regret_is_measured_against_what_a_workload_reaches_alone():
    energy, ones = [[2, 2], [1, 3]], np.ones((2, 2))
    assert select(candidates(energy, ones)).chosen["regret_minimax"] == 1
    own = candidates(energy, ones, own_best_edap=[1, 0.5])
    assert own.best_edap.tolist() == [1, 0.5]
    assert select(own).chosen["regret_minimax"] == 0


def test_a_candidate_better_than_the_workload_alone_counts_as_the_best():
    c = candidates([[1.0, 1.0]], [[1.0, 1.0]], own_best_edap=[2.0, np.nan])
    assert c.best_edap.tolist() == [1.0, 1.0]


def test_equal_scores_go_to_the_lowest_rank_in_any_order():
    energy, latency = np.ones((3, 2)), np.ones((3, 2))
    for ranks in ([7, 3, 5], [3, 5, 7], [5, 7, 3]):
        chosen = select(candidates(energy, latency, ranks=ranks)).chosen
        assert {ranks[index] for index in chosen.values()} == {3}


def test_a_single_candidate_is_selected_without_warnings(recwarn):
    assert set(select(candidates([[1, 2]], [[3, 4]])).chosen.values()) == {0}
    assert not recwarn.list


def test_pseudo_weights_prefer_the_balanced_design():
    c = candidates([[1, 9], [9, 1], [4, 4]], np.ones((3, 2)))
    assert select(c).chosen["pseudo_weights"] == 2


def test_infeasible_designs_are_never_selected(searched):
    problem, archive = searched
    c = front_candidates(problem, archive)
    assert 0 < len(c.levels) < archive.feasible.sum()
    ranks = set(RRAM.rank(archive.levels[archive.feasible]).tolist())
    for index in select(c).chosen.values():
        assert int(RRAM.rank(c.levels[[index]])[0]) in ranks


def test_the_front_holds_the_best_feasible_design_of_every_aggregation(searched):
    problem, archive = searched
    energy, latency, area = problem.split(archive.F[archive.feasible])
    every = Candidates(RRAM, archive.levels[archive.feasible], energy, latency, area)
    front = select(front_candidates(problem, archive))
    for name in ("edap_max", "edap_mean", "edap_geomean", "ela_max", "ela_mean"):
        assert front.scores[name].min() == CRITERIA[name](every).min()


def test_nothing_feasible_is_a_clear_error():
    problem = AcceleratorProblem(FakeEvaluator(RRAM))
    archive = Archive(RRAM, n_objectives=problem.n_obj, n_constraints=problem.n_ieq_constr)
    with pytest.raises(ValueError, match="no feasible design to select from"):
        front_candidates(problem, archive)


def test_a_candidate_that_does_not_map_is_refused():
    with pytest.raises(ValueError, match="does not map"):
        candidates([[np.nan, 1]], [[1, 1]])
