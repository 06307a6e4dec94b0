import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from imcmoo.problem.limits import UNKNOWN_OCTAVES, Limits, NetworkLimits, with_interval

QUANTITIES = ("energy", "latency", "area")

positive = st.floats(1e-12, 1e6)


def values(energy, latency):
    return {"energy": np.array(energy), "latency": np.array(latency)}


def test_limits_count_octaves_each_of_its_own_network():
    stated = {"b": Limits(1e-3, 2.0), "a": Limits(max_power_W=100.0, min_fps=10.0)}
    limits = NetworkLimits(stated, ["a", "b"], QUANTITIES)
    assert limits.names == ["max_power_W_a", "min_fps_a", "max_latency_s_b", "max_energy_J_b"]
    G = limits.constraints(values([[40.0, 4.0]], [[0.2, 5e-4]]))
    assert np.allclose(G, [[1.0, 1.0, -1.0, 1.0]])
    assert limits.within(values([[40.0, 4.0]], [[0.2, 5e-4]])).tolist() == [[False, False]]
    assert limits.within(values([[5.0, 1.0]], [[0.1, 1e-3]])).tolist() == [[True, True]]


@given(positive, positive, positive)
def test_a_limit_is_kept_exactly_up_to_its_value(energy, latency, limit):
    # The last digit of a quotient may be rounded away.
    assume(all(v == limit or abs(v / limit - 1) > 1e-12 for v in (energy, latency)))
    assume(abs(energy / latency / limit - 1) > 1e-12)
    keeps = {
        "max_latency_s": latency <= limit,
        "max_energy_J": energy <= limit,
        "max_power_W": energy / latency <= limit,
    }
    for key, kept in keeps.items():
        limits = NetworkLimits({"a": Limits(**{key: limit})}, ["a"], QUANTITIES)
        assert (limits.constraints(values([[energy]], [[latency]]))[0, 0] <= 0) == kept


def test_frames_per_second_are_those_of_a_pipeline_where_the_model_tells_its_interval():
    limits = NetworkLimits({"a": Limits(min_fps=100.0)}, ["a"], QUANTITIES)
    pipelined = values([[1.0]], [[0.1]]) | {"interval": np.array([[0.005]])}
    assert np.allclose(limits.constraints(pipelined), [[-1.0]])


def test_bounds_without_an_interval_never_break_a_limit_of_frames_per_second():
    stated = {"a": Limits(min_fps=100.0), "b": Limits(max_latency_s=0.05)}
    limits = NetworkLimits(stated, ["a", "b"], QUANTITIES)
    bounds = values([[1.0, 1.0]], [[0.1, 0.1]])
    assert limits.may_be_kept(bounds).tolist() == [[True, False]]
    bounds["interval"] = np.array([[0.02, 0.02]])
    assert limits.may_be_kept(bounds).tolist() == [[False, False]]
    # A bounded interval needs no bound of the latency.
    assert with_interval({"interval": bounds["interval"]}) == {"interval": bounds["interval"]}


def test_what_does_not_run_is_farther_than_whatever_runs():
    limits = NetworkLimits({"a": Limits(max_latency_s=1e-3)}, ["a"], QUANTITIES)
    G = limits.constraints(values([[1.0], [np.nan]], [[1e6], [np.nan]]))
    assert 0 < G[0, 0] < G[1, 0] == UNKNOWN_OCTAVES


def test_only_the_networks_that_are_there_have_limits():
    every = {"a": Limits(max_latency_s=1.0), "b": Limits(min_fps=1.0)}
    assert NetworkLimits(every, ["b"], QUANTITIES).names == ["min_fps_b"]
    assert not NetworkLimits({}, ["b"], QUANTITIES)
    assert NetworkLimits({}, ["b"], QUANTITIES).within(values([[1.0]], [[1.0]])).all()


def test_limits_that_are_broken_come_with_their_factor_and_units():
    stated = {"a": Limits(max_latency_s=1.0, min_fps=100.0, max_energy_J=9.0)}
    limits = NetworkLimits(stated, ["a"], QUANTITIES)
    assert limits.broken(values([[1.0]], [[2.0]])) == [
        (2.0, "max_latency_s of a: 2 s against 1 s"),
        (200.0, "min_fps of a: 0.5 fps against 100 fps"),
    ]


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan])
def test_a_limit_is_positive_and_finite_and_of_a_quantity_of_the_model(value):
    with pytest.raises(ValueError, match="max_power_W must be positive and finite"):
        Limits(max_power_W=value)
    with pytest.raises(ValueError, match="max_power_W of a: the cost model gives no energy"):
        NetworkLimits({"a": Limits(max_power_W=1.0)}, ["a"], ["latency"])
