import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.arrays import Floats
from imcmoo.scenario.requests import Load
from imcmoo.scenario.response import blocking_times, capacities, response_bounds, simulate
from imcmoo.scenario.service import request_times
from tests.scenario.exact_analysis import TaskSet, exact_responses, worst_releases

MAX_PERIODS = 30


@st.composite
def task_sets(draw: st.DrawFn, *, most: float = 0.98) -> TaskSet:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 7))
    period = np.exp(rng.uniform(0, np.log(50), n))
    use = rng.dirichlet(np.ones(n)) * draw(st.floats(0.05, most))
    service = use * period
    deadline = np.minimum(period, service + (period - service) * rng.uniform(0.2, 1.2, n))
    shares = [rng.dirichlet(np.ones(rng.integers(1, 9))) for _ in range(n)]
    segments = [share * c for share, c in zip(shares, service, strict=True)]
    return TaskSet(Load(period, deadline, np.ones(n)), service, segments)


def simulated(tasks: TaskSet, releases: list[Floats], *, interruptible: bool) -> Floats:
    segments = tasks.segments if interruptible else [np.array([c]) for c in tasks.service]
    timeline = simulate(releases, segments, tasks.load)
    return np.array([r.max(initial=0.0) for r in timeline.response_s])


def bounds(tasks: TaskSet, scale: float = 1.0, *, interruptible: bool) -> Floats:
    load = tasks.load
    faster = Load(load.period_s / scale, load.deadline_s / scale, load.burst)
    blocking = tasks.blocking(interruptible=interruptible)
    times = tasks.service[None], blocking[None]
    return response_bounds(*times, faster, interruptible=interruptible)[0]


def sigma(tasks: TaskSet, factor: float = 1.0, *, interruptible: bool) -> Floats:
    blocking = tasks.blocking(interruptible=interruptible)
    times = factor * tasks.service[None], factor * blocking[None]
    return capacities(*times, tasks.load, interruptible=interruptible)[0]


both = pytest.mark.parametrize("interruptible", [False, True])


@both
@settings(deadline=None)
@given(tasks=task_sets(), seed=st.integers(0, 2**32 - 1))
def test_simulated_responses_never_exceed_the_exact_ones_and_these_never_the_bound(
    tasks: TaskSet, seed: int, interruptible: bool
) -> None:
    exact = exact_responses(tasks, interruptible=interruptible)
    bound = bounds(tasks, interruptible=interruptible)
    assert (exact <= bound * (1 + 1e-9)).all()
    rng = np.random.default_rng(seed)
    horizon = MAX_PERIODS * tasks.load.period_s.min()
    for _ in range(3):
        periods = tasks.load.period_s
        releases = [
            first + np.cumsum(period * rng.choice([1.0, 1.0, 1.3], MAX_PERIODS))
            for first, period in zip(rng.uniform(0, periods), periods, strict=True)
        ]
        releases = [r[r < horizon] for r in releases]
        seen = simulated(tasks, releases, interruptible=interruptible)
        assert (seen <= exact * (1 + 1e-9)).all()


@settings(deadline=None)
@given(tasks=task_sets(most=0.9))
def test_the_adversarial_pattern_attains_the_exact_responses(tasks: TaskSet) -> None:
    exact = exact_responses(tasks, interruptible=False)
    for w in range(len(exact)):
        lower = np.flatnonzero(tasks.load.rank > tasks.load.rank[w])
        blocker = int(lower[np.argmax(tasks.service[lower])]) if len(lower) else None
        releases = worst_releases(tasks.load, w, blocker, tasks.busy_s(w))
        seen = simulated(tasks, releases, interruptible=False)[w]
        assert seen == pytest.approx(exact[w], rel=1e-6)


@both
@settings(deadline=None)
@given(tasks=task_sets(most=1.5))
def test_deadlines_hold_up_to_the_capacity_and_break_above_it(
    tasks: TaskSet, interruptible: bool
) -> None:
    for w, factor in enumerate(sigma(tasks, interruptible=interruptible)):
        due = tasks.load.deadline_s[w]
        below, above = factor * (1 - 1e-9), factor * (1 + 1e-6)
        assert bounds(tasks, below, interruptible=interruptible)[w] <= due / below * (1 + 1e-12)
        assert bounds(tasks, above, interruptible=interruptible)[w] > due / above


@both
@given(tasks=task_sets(most=1.5))
def test_capacity_is_at_most_one_over_utilization_and_falls_as_service_times_grow(
    tasks: TaskSet, interruptible: bool
) -> None:
    least = sigma(tasks, interruptible=interruptible).min()
    use = (tasks.service / tasks.load.period_s).sum()
    assert least <= (1 + 1e-12) / use
    tripled = sigma(tasks, 3.0, interruptible=interruptible).min()
    assert tripled == pytest.approx(least / 3, rel=1e-12)


@both
@given(tasks=task_sets(most=0.9), which=st.integers(0, 6), factor=st.floats(1, 3))
def test_response_and_load_do_not_fall_as_a_service_time_grows(
    tasks: TaskSet, which: int, factor: float, interruptible: bool
) -> None:
    slower = tasks.with_slower(which % len(tasks.service), factor)
    after, before = (bounds(t, interruptible=interruptible) for t in (slower, tasks))
    assert (after >= before * (1 - 1e-12)).all()
    after, before = (sigma(t, interruptible=interruptible) for t in (slower, tasks))
    assert (after <= before * (1 + 1e-12)).all()


@both
def test_the_capacity_of_one_network_is_its_deadline_over_its_service_time(
    interruptible: bool,
) -> None:
    load = Load(np.array([2.0]), np.array([1.5]), np.ones(1))
    service = np.array([[0.3], [1.0], [4.0]])
    found = capacities(service, np.zeros_like(service), load, interruptible=interruptible)
    assert found == pytest.approx(1.5 / service)


def test_a_request_waits_for_the_longest_less_urgent_network() -> None:
    load = Load(np.array([9.0, 1.0, 4.0, 4.0]), np.array([9.0, 1.0, 4.0, 4.0]), np.ones(4))
    assert load.by_priority.tolist() == [1, 2, 3, 0]  # of equal deadlines the first
    assert blocking_times(np.array([[2.0, 7.0, 1.0, 3.0]]), load).tolist() == [[0, 3, 3, 2]]


def test_above_full_utilization_no_response_is_bounded() -> None:
    load = Load(np.ones(2), np.ones(2), np.ones(2))
    service = np.array([[0.5, 0.6], [0.4, 0.6]])
    found = response_bounds(service, blocking_times(service, load), load, interruptible=True)
    assert np.isinf(found).tolist() == [[False, True], [False, False]]


@both
def test_what_never_ends_has_no_capacity_and_no_bound_and_warns_of_nothing(
    interruptible: bool,
) -> None:
    load = Load(np.ones(3), np.ones(3), np.ones(3))
    service = np.array([[np.inf] * 3, [0.1, np.inf, 0.1], [0.1, np.nan, 0.1]])
    blocking = blocking_times(service, load)
    with np.errstate(all="raise", under="ignore"):
        capacity = capacities(service, blocking, load, interruptible=interruptible)
        response = response_bounds(service, blocking, load, interruptible=interruptible)
    assert (capacity[0] == 0).all()
    assert np.isinf(response[0]).all()
    assert capacity[1].tolist() == [0, 0, 0]
    assert np.isinf(response[1]).all()
    assert np.isnan(capacity[2]).all()
    assert np.isnan(response[2]).all()


@settings(deadline=None)
@given(tasks=task_sets(most=0.9), seed=st.integers(0, 2**32 - 1))
def test_responses_with_pipelines_that_fill_again_never_exceed_their_bound(
    tasks: TaskSet, seed: int
) -> None:
    """Each request is a burst of inferences: the first takes its latency, all others intervals."""
    rng = np.random.default_rng(seed)
    n = len(tasks.service)
    load = Load(tasks.load.period_s, tasks.load.deadline_s, rng.integers(1, 6, n).astype(float))
    interval = tasks.service / (2 * load.burst)
    latency = interval * rng.uniform(1, 2, n)
    values = {"latency": latency[None], "interval": interval[None]}
    bound = request_times(values, load, "inference")["response_s"][0]
    segments = [
        np.array([first, *[further] * (int(burst) - 1)])
        for first, further, burst in zip(latency, interval, load.burst, strict=True)
    ]
    horizon = MAX_PERIODS * load.period_s.min()
    releases = [
        np.arange(first, horizon, period)
        for first, period in zip(rng.uniform(0, load.period_s), load.period_s, strict=True)
    ]
    seen = simulate(releases, segments, load, refill_s=(latency - interval).tolist())
    longest = np.array([r.max(initial=0.0) for r in seen.response_s])
    assert (longest <= bound * (1 + 1e-9)).all()


def test_an_interrupted_request_fills_its_pipeline_again() -> None:
    load = Load(np.array([10.0, 20.0]), np.array([5.0, 20.0]), np.array([1.0, 3.0]))
    segments = [np.array([1.0]), np.array([3.0, 2.0, 2.0])]
    line = simulate([np.array([4.0]), np.array([0.0])], segments, load, refill_s=[0.0, 1.0])
    assert line.start_s.tolist() == [0, 5, 6]
    assert line.end_s.tolist() == [5, 6, 9]
