"""Robust chips that are proven over draws of the costs are those of brute force."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from imcmoo.exact.bounded_criteria import SingleNetworkOptima
from imcmoo.exact.check import Refused
from imcmoo.exact.draw_bounds import DrawBounds
from imcmoo.exact.robust import RobustSearch, criterion_over, feasible_draws, prove
from imcmoo.exact.robust_check import check
from imcmoo.exact.robust_criteria import UNBOUNDED, place, robust_criterion
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.io.errors import InputError
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.draws import LOG_UNIFORM, draw
from imcmoo.space.restricted import restricted
from problems import STUDIES
from tests.exact.certified_spaces import SPACES, feasible_values, part_of, study_on

CRITERIA = [("robust_mean", 1.0), ("robust_worst", 1.0), ("robust_quantile", 0.7)]
SAME = 1e-9


def problems_of(device, rng, n_draws=5, at_most=2000, tight=0.0):
    """Draws of a study of two networks on a part of a space.

    `tight` limits the area so that about this share of the draws has no chip.
    """
    (around,) = feasible_values(device, rng, 1)
    study = study_on(part_of(SPACES[device], rng, at_most, around))
    model = study.cost_model()
    table = draw(model.assumptions, n=n_draws, seed=int(rng.integers(99)), reading=LOG_UNIFORM)
    models = [model.with_assumptions(table.assumptions(at)) for at in range(n_draws)]
    if tight:
        every = every_design(study.space)
        least = [m.evaluate(every) for m in models]
        least = [m.area_m2[m.runs.all(axis=1)].min(initial=np.inf) for m in least]
        limit = 1.1e6 * np.sort(least)[round((1 - tight) * (n_draws - 1))]
        study = study.replace(area_limit_mm2=float(limit))
    return [study.problem(one) for one in models]


def every_design(space):
    return space.unrank(np.arange(space.size))


def scores_of(problems, by="edap_geomean", reference=None):
    """Score of every design in every draw, infinite where it is infeasible."""
    scores = np.full((problems[0].space.size, len(problems)), np.inf)
    for at, problem in enumerate(problems):
        levels, metrics = problem.feasible(every_design(problem.space))
        costs = problem.costs(problem.score(levels, metrics)[0])
        criterion = {c.name: c for c in problem.criteria}[by]
        if len(levels):
            known = None if reference is None else reference[at]
            scores[problem.space.rank(levels), at] = criterion.scores(costs, known)
    return scores


def best_of(scores):
    least = scores.min(axis=0)
    return np.where(np.isfinite(least), least, np.nan)


def brute_force(scores, criterion, quantile):
    """Criterion of every design by its definition, design by design."""
    best = best_of(scores)
    values = []
    for row in scores[:, ~np.isnan(best)]:
        regret = sorted(s / b - 1 for s, b in zip(row, best[~np.isnan(best)], strict=True))
        if criterion == "robust_mean":
            values.append(sum(map(math.log, row)) / len(row) if max(row) < math.inf else math.inf)
        elif criterion == "robust_worst":
            values.append(regret[-1])
        else:
            values.append(regret[max(1, math.ceil(round(quantile * len(row), 9))) - 1])
    return np.array(values)


def proven(draws, criterion, quantile, start):
    """A proof by `prove`, with search trees that several proofs share."""
    bounds = DrawBounds(draws, criterion_over(criterion, draws, quantile), np.zeros(len(draws)))
    search = RobustSearch(bounds, start)
    search.run()
    return search.proof("edap_geomean", quantile)


def agree(problems, criteria=CRITERIA):
    """Compare proofs with brute force; returns their values."""
    scores = scores_of(problems)
    draws = feasible_draws(problems, best_of(scores), "edap_geomean", None)
    return [_agrees(problems, scores, draws, *criterion) for criterion in criteria]


def _agrees(problems, scores, draws, criterion, quantile):
    values = brute_force(scores, criterion, quantile)
    start = problems[0].space.unrank(np.argsort(scores[:, 0])[:3])
    proof = proven(draws, criterion, quantile, start)
    assert proof.draws == np.isfinite(best_of(scores)).sum()
    assert proof.gap == 0
    assert proof.bound == proof.value
    if values.min() == np.inf:
        assert proof.levels is None
    else:
        assert proof.value == pytest.approx(values.min(), rel=SAME, abs=SAME)
        chosen = values[problems[0].space.rank(proof.levels)]
        assert chosen == pytest.approx(values.min(), rel=SAME, abs=SAME)
    return proof.value


@pytest.mark.parametrize(("device", "tight"), [("dimc", 0.3), ("rram", 0.5)])
def test_proven_robust_chips_are_those_of_brute_force(device, tight):
    agree(problems_of(device, np.random.default_rng(1), at_most=400, tight=tight))


@pytest.mark.slow
@pytest.mark.parametrize("device", ["dimc", "rram", "sram"])
def test_proven_robust_chips_of_many_studies_are_those_of_brute_force(device):
    rng, left_out = np.random.default_rng(2), 0
    for at in range(20):
        problems = problems_of(device, rng, tight=(0.0, 0.3, 0.6, 0.8)[at % 4])
        left_out += np.isnan(best_of(scores_of(problems))).any()
        agree(problems)
    assert left_out


def test_a_proof_without_a_known_chip_finds_one():
    problems = problems_of("dimc", np.random.default_rng(1), n_draws=2, at_most=400)
    scores = scores_of(problems)
    nothing = np.empty((0, len(problems[0].space.shape)), np.int64)
    proof = prove(problems, "robust_mean", best_of(scores), nothing)
    assert proof.value == pytest.approx(brute_force(scores, "robust_mean", 1.0).min(), rel=SAME)


def test_no_chip_is_proven_where_each_is_infeasible_in_some_draw():
    rng = np.random.default_rng(1)
    (around,) = feasible_values("dimc", rng, 1)
    study = study_on(part_of(SPACES["dimc"], rng, 400, around))
    every = every_design(study.space)
    costs = study.cost_model().evaluate(every)
    runs = costs.runs.all(axis=1)
    limits = []
    for key, each in (("max_latency_s", costs.latency_s), ("max_energy_J", costs.energy_J)):
        most = 1.01 * each[runs][np.argmin(each[runs].max(axis=1))]
        limits.append({n: {key: float(m)} for n, m in zip(study.names, most, strict=True)})
    problems = [
        study.replace(networks=[n.replace(**limit[n.name]) for n in study.networks]).problem()
        for limit in limits
    ]
    scores = scores_of(problems)
    assert np.isfinite(scores).any(axis=0).all()
    assert not np.isfinite(scores).all(axis=1).any()
    start = problems[0].space.unrank(scores.argmin(axis=0))
    for criterion in ("robust_mean", "robust_worst"):
        proof = prove(problems, criterion, best_of(scores), start)
        assert proof.levels is None
        assert proof.value == proof.bound == math.inf
        assert check(proof, problems, best_of(scores)).all == problems[0].space.size
    assert agree(problems, [("robust_quantile", 0.5)]) == [0]


def test_a_quantile_of_a_subset_of_draws_bounds_that_of_all():
    problems = problems_of("dimc", np.random.default_rng(3), n_draws=4, at_most=400)
    scores = scores_of(problems)
    best, start = best_of(scores), problems[0].space.unrank(scores.argmin(axis=0))
    draws = feasible_draws(problems, best, "edap_geomean", None)
    may_be_worse = 4 - place(0.7, 4)
    of_all = brute_force(scores, "robust_quantile", 0.7).min()
    for n in range(may_be_worse + 1, 5):
        quantile = (n - may_be_worse) / n
        part = proven(draws[:n], "robust_quantile", quantile, start)
        assert part.value <= of_all * (1 + SAME)
    assert part.value == pytest.approx(of_all)


@pytest.mark.parametrize("device", ["dimc", "rram"])
def test_bounds_of_partial_designs_are_below_the_excesses_of_their_designs(device):
    rng = np.random.default_rng(4)
    problems = problems_of(device, rng, at_most=2000, tight=0.3)
    scores = scores_of(problems)
    draws = feasible_draws(problems, best_of(scores), "edap_geomean", None)
    designs = problems[0].space.unrank(np.flatnonzero(np.isfinite(scores).any(axis=1))[:40])
    exact = np.stack([one.excess(designs) for one in draws], axis=1)
    criteria = [criterion_over(name, draws, quantile) for name, quantile in CRITERIA]
    tree = draws[0].expander.partials
    for stage in range(tree.bound_from, len(tree.stages) + 1):
        rows = tree.ancestors(designs, stage)
        bounds = np.stack([one.bound(rows) for one in draws], axis=1)
        assert (bounds <= exact).all()
        for criterion in criteria:
            assert (criterion.level(bounds) <= criterion.level(exact)).all()
        lazy = DrawBounds(draws, criteria[0], np.zeros(len(draws)))
        known = lazy.unknown(len(rows))
        assert lazy.bounded(rows, known, stage, UNBOUNDED).sum() >= np.isfinite(exact).all(1).sum()
        assert (known <= exact + SAME).all()


def test_draws_of_weights_share_a_search_tree():
    problem = problems_of("dimc", np.random.default_rng(1), n_draws=1, at_most=400)[0]
    problems = [problem.with_weights(weights) for weights in ((1.9, 0.1), (1, 1), (0.2, 1.8))]
    draws = feasible_draws(problems, best_of(scores_of(problems)), "edap_geomean", None)
    assert len({id(one.expander) for one in draws}) == 1
    agree(problems)


def test_a_proof_that_runs_out_of_time_states_a_gap():
    problems = problems_of("dimc", np.random.default_rng(1), n_draws=2, at_most=400)
    scores = scores_of(problems)
    start = problems[0].space.unrank(scores.argmin(axis=0))
    proof = prove(problems, "robust_mean", best_of(scores), start, time_limit_s=0.0)
    least = brute_force(scores, "robust_mean", 1.0).min()
    assert proof.bound < least <= proof.value + SAME
    assert proof.gap == pytest.approx(math.exp(proof.value - proof.bound) - 1)


@pytest.mark.slow
def test_regrets_over_networks_are_proven_against_the_optima_of_each_draw():
    problems = problems_of("dimc", np.random.default_rng(5), n_draws=3, at_most=400)
    edaps = []
    for problem in problems:
        levels, metrics = problem.feasible(every_design(problem.space))
        edaps.append(problem.costs(problem.score(levels, metrics)[0]).edap.min(axis=0))
    scores = 1 + scores_of(problems, "regret_minimax", edaps)
    optima = [SingleNetworkOptima(edap, edap) for edap in edaps]
    best = best_of(scores)
    start = problems[0].space.unrank(scores.argmin(axis=0))
    for criterion, quantile in CRITERIA:
        proof = prove(
            problems, criterion, best - 1, start,
            by="regret_minimax_joint", quantile=quantile, optima=optima,
        )  # fmt: skip
        assert proof.value == pytest.approx(
            brute_force(scores, criterion, quantile).min(), rel=SAME, abs=SAME
        )


@pytest.fixture(scope="module")
def small():
    """Draws of a small study, their best scores, and a proof of each criterion."""
    problems = problems_of("dimc", np.random.default_rng(1), n_draws=3, at_most=400, tight=0.3)
    scores = scores_of(problems)
    start = problems[0].space.unrank(scores.argmin(axis=0))
    proofs = [
        prove(problems, criterion, best_of(scores), start, quantile=quantile)
        for criterion, quantile in CRITERIA
    ]
    return problems, scores, proofs


def test_proofs_pass_a_second_walk(small):
    problems, scores, proofs = small
    for proof in proofs:
        assert check(proof, problems, best_of(scores)).all == problems[0].space.size


def test_forged_proofs_are_refused(small):
    problems, scores, (proof, *_) = small
    best = best_of(scores)
    values = brute_force(scores, "robust_mean", 1.0)
    second = np.argsort(values)[1]
    other = problems[0].space.unrank([second])[0]
    forged = {
        "value": replace(proof, value=proof.value - 0.01, bound=proof.bound - 0.01),
        "bound": replace(proof, bound=proof.bound + 0.01, gap=0.0),
        "gap": replace(proof, bound=proof.bound - 0.01),
        "chip": replace(proof, levels=other),
        "draws": replace(proof, draws=proof.draws + 1),
        "worse": replace(proof, levels=other, value=values[second], bound=values[second]),
        "none": replace(proof, levels=None, value=math.inf, bound=math.inf),
    }
    for one in forged.values():
        with pytest.raises(Refused):
            check(one, problems, best)
    with pytest.raises(Refused, match="below the best score"):
        check(proof, problems, best * 1.001)


def test_a_proof_comes_back_from_its_file(small):
    problems, _, (proof, *_) = small
    space = problems[0].space
    for one in (proof, replace(proof, levels=None, value=math.inf, gap=math.inf)):
        content = json.loads(json.dumps(one.to_json(space), allow_nan=False))
        again = RobustProof.of_json(content, space)
        assert replace(again, levels=None) == replace(one, levels=None)
        assert np.array_equal(again.levels, one.levels)
    for wrong in (
        {"value": "low"}, {"draws": 2.5}, {"criterion": "mean"}, {"quantile": 0}, {"bound": True},
        {"design": {"rows": 7}}, {"design": {**content, "rows": 7}},
    ):  # fmt: skip
        with pytest.raises(InputError, match=next(iter(wrong))):
            RobustProof.of_json({**proof.to_json(space), **wrong}, space)


EXAMPLE = {
    "a": [1.0, 1.2, 2.0, 1.1, 4.0],
    "b": [1.3, 1.0, 1.6, 1.4, 2.0],
    "c": [1.5, 1.5, 1.5, 1.5, math.inf],
}


def test_criteria_of_three_chips_are_those_worked_out_by_hand():
    scores = np.array([*EXAMPLE.values()])
    best = scores.min(axis=0)
    excess = np.log(scores / best)

    def values(name, quantile=1.0):
        criterion = robust_criterion(name, np.log(best), quantile)
        return [criterion.value(level) for level in criterion.level(excess)]

    assert values("robust_quantile", 0.5) == pytest.approx([0.2, 0.066667, 0.5], abs=1e-6)
    assert values("robust_quantile", 0.8) == pytest.approx([0.333333, 0.272727, 0.5], abs=1e-6)
    assert values("robust_worst") == pytest.approx([1.0, 0.3, math.inf])
    assert values("robust_mean") == pytest.approx([0.471415, 0.352397, math.inf], abs=1e-6)


def test_an_unknown_criterion_or_quantile_is_refused():
    with pytest.raises(ValueError, match="robust_mean, robust_quantile, robust_worst"):
        robust_criterion("mean", np.zeros(2))
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        robust_criterion("robust_quantile", np.zeros(2), 0.0)


GIVEN = [
    {},
    {"leak_temperature": 10.0},
    {"wire_F_per_m": 0.3e-9},
    {"adc_time_factor": 5.5},
    {"adc_time_factor": 0.275},
    {"array_area_factor": 4.0, "top_area": 0.4},
]
FREE = ("voltage_V", "input_coding", "sample_and_hold", "tiles_per_group")


def given_draws():
    """48 chips of analog SRAM in six given draws of the costs."""
    study = STUDIES["four_workload_sram_physical"]
    (chip,) = study.space.designs(study.space.unrank([19214251]))
    values = {
        name: study.space.values_of(name) if name in FREE else (chip[name],)
        for name in study.space.names
    }
    study = study.replace(space=restricted(study.space, values, name="free"))
    model = study.cost_model()
    changed = [model.with_assumptions(Assumptions().drawn(change)) for change in GIVEN]
    return [study.problem(one) for one in changed]


def test_robust_chips_of_six_given_draws_are_known():
    problems = given_draws()
    scores = scores_of(problems)
    assert np.isfinite(scores).all()
    best = scores.min(axis=0)
    expected = [65.3030, 66.6323, 68.4114, 320.4408, 28.7113, 123.8292]
    assert best * 1e6 == pytest.approx(expected, abs=1e-4)
    start = problems[0].space.unrank(scores.argmin(axis=0))
    mean = np.log(best).mean()
    draws = feasible_draws(problems, best, "edap_geomean", None)
    for criterion, quantile, value, chip, regrets in [
        ("robust_worst", 1.0, 0.27196, (0.9, "pulses", 0, 4),
         [0.05099, 0.05760, 0.05290, 0.16107, 0.27196, 0.21203]),
        ("robust_mean", 1.0, mean + 0.05307, (1.0, "pulses", 0, 2),
         [0, 0, 0, 0.36340, 0.00845, 0]),
        ("robust_quantile", 0.8, 0.00845, (1.0, "pulses", 0, 2), None),
    ]:  # fmt: skip
        proof = proven(draws, criterion, quantile, start)
        assert proof.gap == 0
        assert proof.value == pytest.approx(value, abs=1e-5)
        design = problems[0].space.designs(proof.levels[None])[0]
        assert tuple(design[name] for name in FREE) == chip
        if regrets:
            rank = problems[0].space.rank(proof.levels)
            assert scores[rank] / best - 1 == pytest.approx(regrets, abs=1e-5)
