"""From a front to one design."""

import numpy as np
import pytest

from imcmoo.problem.criteria import CRITERIA, SCORES, Criterion
from imcmoo.problem.selection import Candidates
from imcmoo.record.evaluations import Evaluations
from problems import RRAM
from tests.fakes import FakeEvaluator, NoisyEvaluator, fake_problem


def front_candidates(problem, archive):
    front = archive.front
    return Candidates(problem, archive.levels[front], archive.F[front])


def candidates(energy, latency, *, ranks=None, known_best=None, weights=None):
    """Designs of 1 mm² with the given energies and latencies (n, W)."""
    F = np.column_stack([energy, latency, np.full(len(energy), 1e-6)]).astype(float)
    problem = fake_problem(RRAM, F.shape[1] // 2, weights=weights)
    levels = RRAM.unrank(np.arange(len(F)) if ranks is None else np.asarray(ranks))
    known = None if known_best is None else np.asarray(known_best, dtype=float)
    return Candidates(problem, levels, F, known)


@pytest.fixture
def searched():
    """A problem and an archive of random designs, most of them infeasible."""
    problem = fake_problem(RRAM)
    levels = RRAM.unrank(np.unique(np.random.default_rng(0).integers(0, RRAM.size, 4000)))
    archive = Evaluations(problem)
    archive.append(levels, problem.model.evaluate(levels), generation=0)
    return problem, archive


def test_criteria_differ_where_workloads_do():
    # EDAP: [9, 1], [6, 6], [8, 2.5], [7.9, 3.5]
    c = candidates([[9, 1], [6, 6], [8, 2.5], [7.9, 3.5]], np.ones((4, 2)))
    chosen = c.chosen
    assert chosen["edap_max"] == 1
    # Regrets against [6, 1]: 0.5, 5, 1.5, 2.5.
    for name in ("edap_mean", "edap_product", "edap_geomean", "regret_minimax_joint"):
        assert chosen[name] == 0


@pytest.mark.parametrize("n", [1, 50])
def test_every_criterion_selects_its_smallest_score(n, recwarn):
    rng = np.random.default_rng(1)
    result = candidates(rng.random((n, 3)) + 0.1, rng.random((n, 3)) + 0.1)
    assert list(result.chosen) == [c.joint_name for c in CRITERIA.values()]
    for name, index in result.chosen.items():
        assert result.scores[name][index] == result.scores[name].min()
    assert not recwarn.list


def test_regret_is_measured_against_what_a_workload_reaches_alone():
    energy, ones = [[2, 2], [1, 3]], np.ones((2, 2))
    joint = candidates(energy, ones)
    assert joint.chosen["regret_minimax_joint"] == 1
    assert "regret_minimax" not in joint.chosen  # no single-network optimum is known
    known = candidates(energy, ones, known_best=[1, 0.5])
    assert known.reference_edap.tolist() == [1, 0.5]
    assert known.chosen["regret_minimax"] == 0
    # A candidate better than the network alone counts as the best.
    assert candidates([[1, 1]], [[1, 1]], known_best=[2, np.nan]).reference_edap.tolist() == [1, 1]


def test_equal_scores_go_to_the_lowest_rank_in_any_order():
    energy, latency = np.ones((3, 2)), np.ones((3, 2))
    for ranks in ([7, 3, 5], [3, 5, 7], [5, 7, 3]):
        chosen = candidates(energy, latency, ranks=ranks).chosen
        assert {ranks[index] for index in chosen.values()} == {3}


def test_of_equal_scores_the_least_mean_logarithm_of_energy_is_selected_then_of_latency():
    # Largest EDAP 8 each; energies 2·8, 4·4, 8·1, 8·1 and latencies 4·1, 2·2, 1·8, 1·4.
    energy, latency = [[2, 8], [4, 4], [8, 1], [8, 1]], [[4, 1], [2, 2], [1, 8], [1, 4]]
    for ranks in ([0, 1, 2, 3], [3, 2, 1, 0]):
        assert candidates(energy, latency, ranks=ranks).chosen["edap_max"] == 3


def test_rank_alone_decides_between_equal_scores_of_a_users_criterion():
    result = noisy_candidates([[-3, 9], [-3, 2]])
    result.F[0, :2] *= 2  # energies
    assert result.scores["snr_min"].tolist() == [3, 3]
    assert result.chosen["snr_min"] == 0
    assert result.chosen["edap_max"] == 1


def test_the_front_holds_the_best_feasible_design_of_every_aggregation(searched):
    problem, archive = searched
    every = problem.costs(archive.F[archive.feasible])
    on_front = front_candidates(problem, archive)
    assert 0 < len(on_front.levels) < archive.feasible.sum()
    for name in ("edap_max", "edap_mean", "edap_geomean", "ela_max", "ela_mean"):
        assert on_front.scores[name].min() == SCORES[name](every).min()
    with pytest.raises(ValueError, match="no feasible design to select from"):
        front_candidates(problem, Evaluations(problem))
    with pytest.raises(ValueError, match="does not run"):
        candidates([[np.nan, 1]], [[1, 1]])


def test_weights_decide_between_candidates():
    # EDAP [9, 1], [6, 6], [1, 9.5]: by the mean the heavier network decides, by the largest none.
    energy, ones = [[9, 1], [6, 6], [1, 9.5]], np.ones((3, 2))
    weights = (None, (1, 4), (4, 1))
    chosen = [candidates(energy, ones, weights=w).chosen for w in weights]
    assert [by["edap_mean"] for by in chosen] == [0, 0, 2]
    for name in ("edap_max", "regret_minimax_joint"):
        assert len({by[name] for by in chosen}) == 1


def _worst_snr(costs):
    return -costs["snr"].min(axis=1)


WORST_SNR = Criterion("snr_min", _worst_snr, needs=("snr",), scale="difference")


def noisy_candidates(snr):
    """Designs with these decibels (n, 2), alike in all else."""
    problem = fake_problem(RRAM, 2, model=NoisyEvaluator, requested=[WORST_SNR])
    F = np.column_stack([np.full((len(snr), 5), 1e-3), -np.asarray(snr, dtype=float)])
    return Candidates(problem, RRAM.unrank(np.arange(len(F))), F)


def test_a_criterion_of_a_users_selects_by_what_is_to_be_large():
    result = noisy_candidates([[-3, 9], [-1, -2], [-9, 20]])
    assert list(result.chosen) == [*(c.joint_name for c in CRITERIA.values()), "snr_min"]
    assert result.scores["snr_min"].tolist() == [3, 2, 9]
    assert result.chosen["snr_min"] == 1


def test_pseudo_weights_take_what_is_to_be_large_the_right_way_round():
    # The first is best in both, so its pseudo-weights are equal; the last is worst in both.
    result = noisy_candidates([[9, 9], [9, -9], [-9, 9]])
    assert result.chosen["pseudo_weights"] == 0


@pytest.mark.filterwarnings("error")
def test_what_is_worst_in_every_objective_has_no_pseudo_weights_and_is_not_selected():
    result = noisy_candidates([[-9, -9], [9, 9]])
    assert result.scores["pseudo_weights"].tolist() == [np.inf, 0]
    assert result.chosen["pseudo_weights"] == 1
    assert noisy_candidates([[9, 9]]).scores["pseudo_weights"].tolist() == [0]


def test_without_edap_only_criteria_without_its_needs_select():
    class Timeless(FakeEvaluator):
        quantities = FakeEvaluator.quantities[::2]

    problem = fake_problem(RRAM, 2, model=Timeless)
    F = np.array([[1.0, 9, 1], [9, 1, 1], [4, 4, 1]])
    c = Candidates(problem, RRAM.unrank(np.arange(3)), F)
    assert c.reference_edap is None
    assert c.chosen == {"pseudo_weights": 2}
