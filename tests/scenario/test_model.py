"""A cost model under requests: the formulas, applied to the metrics of the physical model."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from imcmoo.answers.served_design import ServedDesign
from imcmoo.api import Study
from imcmoo.exact import check
from imcmoo.exact.check import validate_bounds
from imcmoo.exact.node_expander import search_tree
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.report.scenario_table import verdict
from imcmoo.scenario.model import ScenarioModel
from imcmoo.scenario.requests import Load, Requests
from imcmoo.scenario.service import request_times, service_in_turn
from imcmoo.scenario.space_sharing import UNSERVED
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.design_space import Levels
from problems import STUDIES

RATES = {"resnet18_onnx": 60.0, "alexnet_onnx": 60.0, "mobilenet_v3_onnx": 30.0}

DRAWN = {"sram": 200, "rram": 40}
"""Designs that are drawn; few RRAM chips keep the limits."""


def cameras(device: str, *, burst: int = 1, slower: int = 1, **options) -> Study:
    study = STUDIES[f"four_workload_{device}_physical"]
    networks = [
        {"source": n, "rate_Hz": rate / slower, "burst": burst} for n, rate in RATES.items()
    ]
    return study.replace(
        networks=networks,
        deployment="alone" if device == "sram" else "together",
        criterion="average_power",
        scenario=options,
    )


@lru_cache
def drawn(device: str, names: tuple[str, ...]) -> Levels:
    """Designs on which the cameras run, whatever their load."""
    networks = [{"source": name, "rate_Hz": RATES[name]} for name in names]
    study = cameras(device).replace(networks=networks)
    return draw_feasible(study.problem(), DRAWN[device], np.random.default_rng(1))


def feasible(study: Study, n: int = 40) -> tuple[ScenarioModel, Levels]:
    """Some designs on which all networks run."""
    problem = study.problem()
    levels = drawn(str(study.space.fixed["device"]), study.workloads)[:n]
    assert len(levels) > 4
    model = problem.model
    assert isinstance(model, ScenarioModel)
    return model, levels


def test_service_of_bursts_is_one_latency_and_intervals():
    model, levels = feasible(cameras("rram", burst=3))
    values = model.inner.evaluate(levels).values
    service = model.service(levels).service_s
    assert np.array_equal(service, values["latency"] + 2 * values["interval"])
    sequential = model.space.column(levels, "schedule") == "layer"
    assert sequential.any()
    assert not sequential.all()
    assert service[sequential] == pytest.approx(3 * values["latency"][sequential])


@pytest.mark.parametrize("device", ["sram", "rram"])
def test_gated_power_of_sequential_chips_is_the_energy_of_requests_and_the_dram_at_rest(device):
    # Rates that sequential RRAM chips serve, too.
    model, levels = feasible(cameras(device, slower=10, idle="gated"))
    levels = levels[model.space.column(levels, "schedule") == "layer"]
    metrics = model.evaluate(levels)
    rates = 1 / model.load.period_s
    busy = metrics.values["latency"] @ rates < 1
    idle_share = 1 - metrics.values["interval"] @ rates
    power = metrics.energy_J @ rates + metrics.values["dram_rest"] * idle_share
    assert busy.any()
    assert metrics.values["average_power"][busy] == pytest.approx(power[busy], rel=1e-12)


def test_an_idle_chip_that_is_on_leaks_all_the_time():
    model, levels = feasible(cameras("sram"))
    values = model.evaluate(levels).values
    always = values["leak"] + values["dram_rest"]
    dynamic = values["energy"] - always[:, None] * values["interval"]
    power = always + dynamic @ (1 / model.load.period_s)
    assert values["average_power"] == pytest.approx(power, rel=1e-12)
    gated = feasible(cameras("sram", idle="gated"))[0].evaluate(levels).values["average_power"]
    assert (gated <= values["average_power"] * (1 + 1e-12)).all()


def test_gating_keeps_the_power_of_the_dram_at_rest():
    model, levels = feasible(cameras("sram", idle="gated"))
    service = model.service(levels)
    rest = np.linspace(0.1, 1.0, len(levels))
    energy = service.values["energy"] + rest[:, None] * service.values["interval"]
    rest_W = service.values["dram_rest"] + rest
    values = {**service.values, "energy": energy, "dram_rest": rest_W}
    more = service_in_turn(model.scenario, model.load, values)
    assert more.average_power_W == pytest.approx(service.average_power_W + rest)


def test_dram_is_idle_while_the_chip_works_and_at_rest_between_requests():
    # Wide LPDDR4 idles at 160 mW and takes 2.4 mW in self-refresh: 87.5 mW at 46 % idle.
    model, levels = feasible(cameras("sram"))
    levels = levels[model.space.column(levels, "dram") == "x64"]
    restless = Assumptions().having(lpddr4_rest_W_per_bit=0.010 / 64)
    other = ScenarioModel(model.inner.with_assumptions(restless), model.scenario)
    less, more = model.evaluate(levels), other.evaluate(levels)
    assert len(levels)
    busy = less.values["interval"] @ (1 / model.load.period_s)
    saved = more.values["average_power"] - less.values["average_power"]
    assert saved == pytest.approx((0.010 - 0.0024) * (1 - busy))
    dram_W = 0.160 * 0.54 + less.values["dram_rest"] * (1 - 0.54)
    assert dram_W == pytest.approx(0.0875, rel=1e-3)


def test_the_policy_of_larger_capacity_is_chosen_design_by_design():
    model, levels = feasible(cameras("sram", interrupt="layer"), 200)
    service = model.service(levels)
    whole, layered = (
        request_times(service.values, model.load, interrupt)["capacity"].min(axis=1)
        for interrupt in ("none", "layer")
    )
    assert np.array_equal(service.capacity.min(axis=1), np.maximum(whole, layered))
    assert service.interrupts.any()
    assert (service.values["longest_layer"] < service.values["latency"]).all()
    rates = 1 / model.load.period_s
    saved = service.power_W["saving"]
    assert np.array_equal(saved > 0, service.interrupts)
    at = service.interrupts
    assert saved[at] == pytest.approx((service.values["save_energy"] * rates.sum())[at])


def test_the_prompt_of_a_language_model_waits_for_one_step_instead_of_all():
    prefill, step, period = 45.06e-3, 0.4039e-3, 1.0
    load = Load(np.full(2, period), np.array([0.2, 0.5]), np.array([1.0, 127.0]))
    latency = np.array([[prefill, step]])
    values = {"latency": latency, "interval": latency}
    whole = request_times(values, load, "none")["response_s"][0]
    assert whole == pytest.approx([96.36e-3, 96.36e-3], rel=2e-4)
    cut = request_times(values, load, "inference")["response_s"][0]
    assert cut == pytest.approx([45.46e-3, 98.78e-3], rel=2e-4)


def test_between_inferences_a_request_pays_for_the_longest_refill_and_saves_nothing():
    model, levels = feasible(cameras("rram", interrupt="inference", burst=3))
    values = model.inner.evaluate(levels).values
    pipelined = model.space.column(levels, "schedule") == "pipelined"
    found = request_times(values, model.load, "inference")
    whole = request_times(values, model.load, "none")
    refill = (values["latency"] - values["interval"]).max(axis=1)
    assert (refill[pipelined] > 0).all()
    assert (refill[~pipelined] == 0).all()
    assert found["service_s"] == pytest.approx(whole["service_s"] + refill[:, None], rel=1e-12)
    service = model.service(levels)
    assert service.interrupts.any()
    assert (service.power_W["saving"] == 0).all()
    larger = np.maximum(found["capacity"].min(axis=1), whole["capacity"].min(axis=1))
    assert np.array_equal(service.chip_capacity, larger)
    row = int(np.flatnonzero(service.interrupts)[0])
    text = verdict(ServedDesign(model, levels[[row]]).table.assign(response_s=1.0))
    assert "Requests are interrupted: between inferences." in text


def test_pipelined_chips_are_never_interrupted():
    model, levels = feasible(cameras("rram", interrupt="layer"))
    pipelined = model.space.column(levels, "schedule") == "pipelined"
    assert pipelined.any()
    assert not model.service(levels).interrupts[pipelined].any()


def test_the_longest_layer_is_that_of_the_breakdown():
    model, levels = feasible(cameras("sram", interrupt="layer"), 10)
    costs = model.breakdown(levels)
    owner = np.array([model.workload_names.index(n) for n, _ in costs.layers])
    longest = np.stack([costs.latency_s[:, owner == w].max(axis=1) for w in range(3)], axis=1)
    assert model.service(levels).values["longest_layer"] == pytest.approx(longest, rel=1e-9)


@pytest.mark.parametrize("interrupt", ["none", "layer", "inference"])
@pytest.mark.parametrize("device", ["sram", "rram"])
def test_simulated_responses_of_chips_keep_their_bounds(device, interrupt):
    model, levels = feasible(cameras(device, interrupt=interrupt, burst=2), 12)
    for row in range(len(levels)):
        served = ServedDesign.if_served(model, levels[[row]])
        table = served.table
        assert (table["simulated_s"] <= table["response_s"] * (1 + 1e-9)).all()
        parts = table["service_s"] + table["blocking_s"] + table["interference_s"]
        assert parts.to_numpy() == pytest.approx(table["response_s"].to_numpy())
        first = table.iloc[model.load.by_priority[0]]
        assert first["interference_s"] == 0 or np.isinf(first["response_s"])
        pieces = served.timeline_table()
        assert (pieces["start_s"].to_numpy()[1:] >= pieces["end_s"].to_numpy()[:-1]).all()


def test_a_request_that_comes_during_a_long_save_keeps_its_bound():
    model, levels = feasible(cameras("sram", interrupt="layer"), 200)
    values = model.service(levels).values
    always = request_times(values, model.load, "layer")
    at = always["capacity"].min(axis=1).argmax()
    values = {name: v[[at]] for name, v in values.items()}
    values["save"] = 2.5 * values["longest_layer"].max(axis=1)
    served = ServedDesign(model, levels[[at]])
    service = service_in_turn(model.scenario, model.load, values)
    always = request_times(values, model.load, "layer")
    served.__dict__["service"] = replace(service, interrupts=np.ones(1, bool), **always)
    urgent, *_, last = model.load.by_priority
    later = 1e-9
    served.__dict__["releases_s"] = [np.array([0.0 if w == last else later]) for w in range(3)]
    table = served.table
    assert np.isfinite(table["response_s"]).all()
    assert (table["simulated_s"] <= table["response_s"] * (1 + 1e-9)).all()
    half = values["save"][0] / 2
    assert table["blocking_s"][urgent] == half
    waits = table["simulated_s"][urgent] - table["service_s"][urgent]
    assert waits == pytest.approx(half - later)


def test_a_network_alone_is_judged_at_its_own_rate():
    study = cameras("sram")
    model, levels = feasible(study)
    separate = model.of_baselines.evaluate(levels).values["network_load"]
    for w, name in enumerate(RATES):
        alone = study.problem(model.for_network(name))
        values = alone.model.evaluate(levels).values
        assert values["load"] == pytest.approx(separate[:, w])
        G = alone.score(levels, alone.model.evaluate(levels))[1][:, -1]
        assert np.array_equal(G > 0, values["load"] > 1)


@pytest.mark.parametrize("sharing", ["time", "space"])
def test_a_network_alone_keeps_its_weights_as_it_does_among_others(sharing):
    study = cameras("rram", sharing=sharing)
    model, levels = feasible(study, 12)
    baselines = model.of_baselines.evaluate(levels)
    for w, name in enumerate(RATES):
        one = study.replace(networks=[study.networks[w]])
        resident = one.problem().model.inner.evaluate(levels)
        for quantity in ("energy", "latency"):
            kept = resident.values[quantity][:, 0]
            assert np.array_equal(baselines.values[quantity][:, w], kept)
            alone = model.for_network(name).evaluate(levels)
            assert np.array_equal(alone.values[quantity][:, 0], kept)


@pytest.mark.parametrize(
    "interrupt", ["none", "layer", pytest.param("inference", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("device", "burst"), [("sram", 1), pytest.param("rram", 3, marks=pytest.mark.slow)]
)
def test_bounds_of_power_and_load_hold_for_random_chips(device, burst, interrupt, monkeypatch):
    # Few RRAM chips serve bursts.
    slower = 10 if device == "rram" else 1
    problem = cameras(device, burst=burst, interrupt=interrupt, slower=slower).problem()
    if device == "rram":
        monkeypatch.setattr(check, "RANDOM_DESIGNS", 6_000)
    assert validate_bounds(problem, search_tree(problem), []) > 20


def test_constraints_are_octaves_of_the_load_beyond_the_capacity():
    problem = cameras("sram", margin=0.5).problem()
    model, levels = feasible(cameras("sram", margin=0.5))
    octaves = problem.score(levels, model.evaluate(levels))[1][:, -3:]
    assert problem.constraint_names[-3:] == [f"max_load_{name}" for name in RATES]
    assert octaves == pytest.approx(np.log2(1.5 / model.service(levels).capacity))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Requests(0), "rate_Hz must be positive"),
        (lambda: Requests(1e-320), r"rate_Hz must be 1e-09 to 1e\+12, got 9.99989e-321"),
        (lambda: Requests(1e300), r"rate_Hz must be 1e-09 to 1e\+12, got 1e\+300"),
        (lambda: Requests(1, burst=10**18), "burst must be at least 1 and at most 1e"),
        (lambda: Requests(60, burst=0), "burst must be at least 1"),
        (
            lambda: Requests(60, 1e-300),
            r"deadline_s must be at least 1e-12 s and at most 1/rate_Hz",
        ),
        (lambda: Requests(60, 0.02), r"at most 1/rate_Hz = 0.0166667 s, got 0.02"),
        (
            lambda: cameras("sram").replace(networks=["resnet18_onnx"]),
            "needs rate_Hz of every network; resnet18_onnx has none",
        ),
    ],
)
def test_requests_out_of_range_or_not_of_all_networks_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
    assert Requests(60, 0.0167).due_s == 1 / 60  # a rounded deadline counts as the period
    assert Requests(60, 0.01).due_s == 0.01


@pytest.fixture(scope="module")
def side_by_side():
    return feasible(cameras("rram", sharing="space", slower=4), 12)


def test_networks_side_by_side_have_groups_of_their_own(side_by_side):
    model, levels = side_by_side
    metrics, service = model.evaluate(levels), model.service(levels)
    groups = model.space.column(levels, "router_groups")
    serves = service.chip_capacity > 1 / UNSERVED
    assert serves.any()
    assert (service.groups.sum(axis=1) <= groups)[serves].all()
    # Groups are allocated for power; the capacity is that of the best allocation.
    assert (metrics.values["load"] <= (1 / service.capacity).max(axis=1) * (1 + 1e-12)).all()
    at = int(np.flatnonzero(serves)[0])
    networks = service.power_W["networks"][at].sum()
    always = service.values["leak"][at] + service.values["dram_rest"][at]
    assert metrics.values["average_power"][at] == pytest.approx(networks + always)


def test_networks_side_by_side_are_broken_down_on_their_own_groups(side_by_side):
    model, levels = side_by_side
    metrics, costs = model.evaluate(levels), model.breakdown(levels)
    serves = model.service(levels).chip_capacity > 1 / UNSERVED
    sequential = serves & (model.space.column(levels, "schedule") == "layer")
    assert serves.any()
    assert sequential.any()
    owner = np.array([network for network, _ in costs.layers])
    for w, name in enumerate(model.workload_names):
        energy = costs.energy_J[:, owner == name].sum(axis=(1, 2))
        assert energy[serves] == pytest.approx(metrics.energy_J[serves, w])
        latency = costs.latency_s[:, owner == name].sum(axis=1)
        assert latency[sequential] == pytest.approx(metrics.latency_s[sequential, w])
    use = costs.details["utilization"][serves]
    whole = model.inner.breakdown(levels).details["utilization"][serves]
    assert (use > whole).any()


def test_networks_side_by_side_draw_the_power_of_their_own_groups(side_by_side):
    model, levels = side_by_side
    service = model.service(levels)
    rows = np.flatnonzero(service.chip_capacity > 1 / UNSERVED)
    power = model.evaluate(levels).values["power"][rows]
    whole = model.inner.evaluate(levels[rows]).values
    bandwidth = model._bandwidth(whole)
    for w, name in enumerate(model.workload_names):
        groups = service.groups[rows, w]
        part = model.inner.evaluate_part(name, levels[rows], groups, bandwidth[:, w], 1 / 3)
        assert power[:, w] == pytest.approx(part["power"])
    assert (power.sum(axis=1) < whole["power"].sum(axis=1)).any()


def test_a_network_that_has_a_chip_to_itself_is_as_fast_as_alone():
    study = cameras("rram", sharing="space")
    study = study.replace(networks=[n for n in study.networks if n.name == "resnet18_onnx"])
    model, levels = feasible(study, 12)
    alone = model.inner.evaluate(levels).latency_s
    best = model.evaluate(levels)
    assert (best.values["load"] <= alone[:, 0] * 60 * (1 + 1e-9)).all()


def test_space_sharing_has_no_bounds(side_by_side):
    with pytest.raises(NoBounds, match='sharing = "space" has no bounds'):
        side_by_side[0].partials(np.inf)
    assert not side_by_side[0].offers("partials")


def test_a_chip_that_does_not_hold_all_networks_serves_none_of_them_side_by_side(side_by_side):
    model, _ = side_by_side
    levels = model.space.random(200, np.random.default_rng(0))
    levels = levels[~model.evaluate(levels).runs.all(axis=1)]
    assert np.isnan(model.service(levels).capacity).any(axis=1).all()
    assert ServedDesign.if_served(model, levels[:1]) is None


def test_simulated_networks_side_by_side_do_not_wait(side_by_side):
    model, levels = side_by_side
    served = np.flatnonzero((model.service(levels).capacity >= 1).all(axis=1))
    assert len(served)
    for at in served:
        table = ServedDesign.if_served(model, levels[[at]]).table
        assert (table["simulated_s"] <= table["response_s"]).all()
    table = ServedDesign.if_served(model, levels[served[:1]]).table
    assert table["simulated_s"].to_numpy() == pytest.approx(table["service_s"].to_numpy())
    assert (table["blocking_s"] == 0).all()
    assert (table["groups"] >= 1).all()


def test_the_capacity_of_networks_side_by_side_is_that_of_the_groups_listed(side_by_side):
    model, levels = side_by_side
    at = np.flatnonzero(model.service(levels).chip_capacity > 1 / UNSERVED)[:1]
    service = model.service(levels[at])
    # Allocated otherwise than for capacity.
    served = ServedDesign(model, levels[at])
    served.__dict__["service"] = replace(service, chip_capacity=2 * service.chip_capacity)
    rows, summary = served.table, served.summary()
    assert summary["capacity"] == rows["capacity"].min()
    assert summary["largest_capacity"] == 2 * service.chip_capacity[0]
    assert (rows["largest_capacity"] == summary["largest_capacity"]).all()
    first = f"at {summary['capacity']:.4g} times the load (with groups allocated for capacity"
    assert first in verdict(rows)
    equal = rows.assign(largest_capacity=summary["capacity"])
    assert "allocated" not in verdict(equal)
