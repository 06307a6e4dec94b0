"""Studies of language models: keys of networks, deployment, and scenarios."""

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.explain import explain
from imcmoo.answers.generation import generation_figures, steps_table
from imcmoo.api import Study
from imcmoo.exact.check import validate_bounds
from imcmoo.exact.node_expander import search_tree
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import AREA, Metrics
from imcmoo.networks.language_model import Generation, LanguageModel
from imcmoo.networks.workloads import Workload, WorkloadSet
from imcmoo.problem.nearest import dram_ceilings, nearest, nearest_text
from imcmoo.report.explanation_tables import explained
from imcmoo.report.terminal_tables import generation_table
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Integer
from imcmoo.study.catalogue import find_study
from imcmoo.study.spaces import spaces
from tests import ROOT
from tests.model.physical.designs import first_layers, tiny_generation
from tests.networks.language_models import CONFIGS
from tests.report.tables import shown

SPACE = {
    "base": "sram_physical_attention",
    "technology_nm": 22,
    "voltage_V": 0.9,
    "rows": 64,
    "cols": [64, 256],
    "active_rows": [32, 64],
    "input_slice_bits": 1,
    "adc_bits": [5, 6],
    "columns_per_adc": 1,
    "macros_per_tile": 4,
    "tiles_per_group": [2, 8],
    "router_groups": [16, 64],
    "dram": ["none", "x64"],
    "ping_pong": 1,
    "sample_and_hold": 1,
}


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """Writes tables of generation to the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(*numbers, name="tiny"):
        made = tiny_generation(*numbers)
        for table in (made.prefill, made.step):
            phase = table.name.split("_")[1]
            with (tmp_path / f"{name}_{phase}.csv").open("w", newline="") as stream:
                table.write_csv(stream)

    return write


def study(*networks, **settings):
    keys = {"name": "tiny", "model": "physical", "device": "sram", "space": SPACE}
    return Study(**keys | settings, networks=list(networks))


def test_precision_of_the_cache_is_a_key_of_the_network(tables):
    tables(900, 60, 8)
    networks = {"source": "tiny_prefill.csv"}, {"source": "tiny_decode.csv", "kv_bits": 4}
    asked = study(*networks)
    assert asked.kv_bits == {"tiny_decode": 4}
    assert asked.to_config()["kv_bits"] == {"tiny_decode": 4}
    layers = asked.cost_model()._context.layers
    assert set(layers.second_bits[layers.keys & (layers.owner == 1)]) == {4}
    assert set(layers.second_bits[layers.keys & (layers.owner == 0)]) == {8}
    alone = asked.cost_model().for_network("tiny_decode")._context.layers
    assert set(alone.second_bits[alone.keys]) == {4}
    usual = study("tiny_prefill.csv", "tiny_decode.csv")
    assert asked.cost_model().data_digest != usual.cost_model().data_digest


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        ({"source": "tiny_decode.csv", "kv_bits": 5}, {}, r"networks\[0\].kv_bits: "),
        ({"source": "alexnet", "kv_bits": 8}, {}, "kv_bits needs a table with a cache"),
        (
            {"source": "tiny_decode.csv", "batch": 2},
            {},
            "tiny_decode is of batch 8: import it with",
        ),
    ],
)
def test_settings_that_do_not_fit_a_table_are_refused(tables, network, settings, message):
    tables(900, 60, 8)
    with pytest.raises(ValueError, match=message):
        study(network, **settings)


def test_the_reference_model_refuses_a_study_of_a_table_with_a_cache(tables):
    tables(20, 6)
    asked = Study(name="tiny", device="sram", networks=["tiny_decode.csv"])
    with pytest.raises(ValueError, match="tiny_decode has a cache, which the reference model"):
        asked.cost_model()


def test_caches_stay_in_the_buffer_together_and_in_scenarios_but_not_alone(tables):
    tables(900, 60, 8)
    tables(400, 60, 8, name="other")
    sources = ["tiny_decode.csv", "other_decode.csv", "mobilenet_v3_onnx"]
    alone, together = (study(*sources, deployment=d).cost_model() for d in ("alone", "together"))
    rated = [{"source": source, "rate_Hz": 1.0} for source in sources]
    scenario = study(*rated, scenario={}).cost_model()
    own = alone._context.cache.reserved_bits
    assert own[2] == 0
    for model in (together, scenario.inner):
        assert model._context.cache.reserved_bits.tolist() == [own.sum()] * 3
        assert len(set(model._context.cache.held_bits)) == 1
        for each in (model.time_multiplexed(), model.for_network("other_decode")):
            at = each.workload_names.index("other_decode")
            assert each._context.cache.reserved_bits[at] == own[1]
    levels = scenario.space.random(60, np.random.default_rng(0))
    shared, separate = (m.evaluate(levels) for m in (scenario.inner, scenario.of_baselines.inner))
    assert (shared.energy_J >= separate.energy_J * (1 - 1e-12))[shared.runs].all()
    assert (shared.energy_J > separate.energy_J)[shared.runs].any()
    for w, name in enumerate(scenario.workload_names):
        one = scenario.inner.for_network(name).evaluate(levels)
        assert np.array_equal(one.energy_J[:, 0], separate.energy_J[:, w], equal_nan=True)


OWNER = {"source": "tiny_prefill.csv"}
FOLLOWER = {"source": "tiny_decode.csv", "weights_of": "tiny_prefill"}


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([OWNER, FOLLOWER | {"weights_of": "tiny_prefil"}], "no network 'tiny_prefil'; did you me"),
        ([OWNER, FOLLOWER | {"weights_of": "tiny_decode"}], "names the network itself: name anoth"),
        (
            [OWNER | {"weights_of": "tiny_decode"}, FOLLOWER],
            "weights_of of tiny_prefill: tiny_decode has the weights of tiny_prefill: name that",
        ),
        ([OWNER | {"input_bits": 6}, FOLLOWER], "input_bits is 8, but 6 of tiny_prefill; make the"),
        ([OWNER | {"weight_bits": 6}, FOLLOWER], "weight_bits is 8, but 6 of tiny_prefill"),
        ([OWNER | {"weight_clip": 0.9}, FOLLOWER], "weight_clip is 1.0, but 0.9 of tiny_prefill"),
        ([OWNER | {"layers_digital": ["0.up"]}, FOLLOWER], r"layers_digital is \(\), but \('0.up"),
        ([OWNER | {"kv_bits": 4}, FOLLOWER], "kv_bits is 8, but 4 of tiny_prefill"),
        (
            [{"source": "other_prefill.csv"}, FOLLOWER | {"weights_of": "other_prefill"}],
            "#prompt is 20, but 30 of other_prefill; import both with one command",
        ),
        (
            [{"source": "longer_prefill.csv"}, FOLLOWER | {"weights_of": "longer_prefill"}],
            "#generate is 6, but 9 of longer_prefill",
        ),
        (
            [{"source": "several_prefill.csv"}, FOLLOWER | {"weights_of": "several_prefill"}],
            "#batch is 1, but 2 of several_prefill",
        ),
        (["alexnet", {"source": "resnet18", "weights_of": "alexnet"}], "layer '.*' of resnet18 st"),
        (
            ["resnet18", {"source": "slim.csv", "weights_of": "resnet18"}],
            "slim has no layer",
        ),
        (
            ["alexnet", {"source": "wide.csv", "weights_of": "alexnet"}],
            r"has C, M, R, S, G \[3, 96, 11, 11, 1\] in wide, but \[3, 64, 11, 11, 1\] in alexnet",
        ),
    ],
)
def test_networks_that_cannot_share_weights_are_refused(tables, tmp_path, networks, message):
    tables(20, 6)
    tables(30, 6, name="other")
    tables(20, 9, name="longer")
    tables(20, 6, 2, name="several")
    first = Workload.load("resnet18")
    with (tmp_path / "slim.csv").open("w", newline="") as stream:
        first_layers(first, 3).write_csv(stream)
    alexnet = Workload.load("alexnet")
    shapes = alexnet.shapes.copy()
    shapes[0, 1] = 96
    with (tmp_path / "wide.csv").open("w", newline="") as stream:
        replace(alexnet, shapes=shapes).write_csv(stream)
    with pytest.raises(ValueError, match=message):
        study(*networks)


def test_shared_weights_need_the_physical_model_and_networks_that_take_turns(tables):
    tables(20, 6)
    with pytest.raises(ValueError, match="weights_of needs the physical model"):
        study(OWNER, FOLLOWER, model="reference", space="sram")
    rated = [{**network, "rate_Hz": 1.0} for network in (OWNER, FOLLOWER)]
    with pytest.raises(ValueError, match="each network has groups of its own; leave out weights_"):
        study(
            *rated,
            device="rram",
            deployment="together",
            space="rram_physical_attention",
            scenario={"sharing": "space"},
        )


def test_a_study_with_shared_weights_is_written_and_read_again(tables, tmp_path):
    tables(20, 6)
    asked = study(FOLLOWER, OWNER)
    assert asked.to_config()["weights_of"] == {"tiny_decode": "tiny_prefill"}
    (tmp_path / "again.toml").write_text(asked.to_toml())
    again = Study.load(tmp_path / "again.toml")
    assert again.weights_of == asked.weights_of
    assert again.cost_model().data_digest == asked.cost_model().data_digest
    apart = study("tiny_decode.csv", "tiny_prefill.csv").cost_model()
    assert apart.data_digest != asked.cost_model().data_digest


@pytest.mark.parametrize("scenario", [False, True], ids=["alone", "scenario"])
def test_baselines_are_those_of_owner_and_follower_with_common_copies_and_cache(tables, scenario):
    tables(900, 60, 4)
    networks = [FOLLOWER, OWNER, {"source": "mobilenet_v3_onnx"}]
    settings = {}
    if scenario:
        networks, settings = [n | {"rate_Hz": 1.0} for n in networks], {"scenario": {}}
    model = study(*networks, **settings).cost_model()
    inner = getattr(model, "inner", model)
    levels = model.space.random(80, np.random.default_rng(0))
    separate = inner.time_multiplexed().evaluate(levels)
    if not scenario:
        assert inner.time_multiplexed() is inner
    for w, name in enumerate(model.workload_names):
        one = inner.for_network(name).evaluate(levels)
        assert np.array_equal(one.energy_J[:, 0], separate.energy_J[:, w], equal_nan=True), name
        assert np.array_equal(one.latency_s[:, 0], separate.latency_s[:, w], equal_nan=True)
        for resource in inner.resource_names:
            alone, joint = (each.resources[resource].missing for each in (one, separate))
            assert np.array_equal(alone[:, 0], joint[:, w]), resource


@pytest.mark.parametrize(
    ("deployment", "criterion", "least"),
    [
        ("alone", "edap_max", 1),
        pytest.param("alone", "all", 12, marks=pytest.mark.slow),
        pytest.param("together", "all", 12, marks=pytest.mark.slow),
    ],
)
def test_certificates_are_the_optima_of_all_designs(tables, tmp_path, deployment, criterion, least):
    tables(900, 60, 4)
    asked = study(OWNER, FOLLOWER, deployment=deployment)
    optima = asked.enumerate(out=tmp_path).answer.optima
    proofs = asked.certify(criterion, out=tmp_path)
    assert len(proofs) >= least
    for name, proof in proofs.items():
        assert proof.value == pytest.approx(optima[name].value, rel=1e-9), name


ACCEPTED = SPACE | {
    "technology_nm": 32,
    "columns_per_adc": [1, 4],
    "glb_KiB": [256, 4096],
    "glb_banks": [4, 16],
    "mac_units": [1024, 4096],
    "dram": ["x64", "hbm2"],
    "buffer_words": 1,
    "adc_noise": 10,
}


@pytest.mark.slow
def test_certificates_of_smollm_are_the_optima_of_all_designs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = LanguageModel.from_config(CONFIGS["smollm_135m"])
    made = Generation(model=model, prompt=448, generate=128, name="smol")
    for table in (made.prefill, made.step):
        with (tmp_path / f"{table.name}.csv").open("w", newline="") as stream:
            table.write_csv(stream)
    networks = "smol_prefill.csv", {"source": "smol_decode.csv", "weights_of": "smol_prefill"}
    asked = study(*networks, space=ACCEPTED)
    exact = asked.enumerate(out=tmp_path).answer
    assert asked.space.size == 4096
    assert exact.n_feasible == 3072
    for name, proof in asked.certify("all", out=tmp_path).items():
        assert proof.value == pytest.approx(exact.optima[name].value, rel=1e-9), name


@pytest.mark.parametrize("device", ["sram", "rram", "dimc"])
def test_each_device_has_a_space_with_chips_for_generation(tables, device):
    tables(900, 60, 4)
    model = study(OWNER, FOLLOWER, device=device, space=f"{device}_generation").cost_model()
    usual = spaces()[f"{device}_physical_attention"]
    varied = {"glb_KiB", "glb_banks", "mac_units"}
    assert {*model.space.names} == {*usual.names} | varied
    assert all(len(model.space.values_of(name)) >= 2 for name in varied)
    assert model.evaluate(model.space.random(60, np.random.default_rng(0))).runs.all(axis=1).any()


def test_a_space_for_generation_is_the_default_of_language_models_only(tables, tmp_path):
    tables(20, 6)
    keys = {"name": "tiny", "model": "physical", "device": "dimc"}
    assert Study(**keys, networks=["tiny_decode.csv"]).space == spaces()["dimc_generation"]
    mixed = Study(**keys, networks=["alexnet", "tiny_decode.csv"], space={"rows": 64})
    assert mixed.space.fixed["rows"] == 64
    assert mixed.space.values_of("mac_units") == (1024, 4096, 16384)
    assert Study(**keys, networks=["alexnet"]).space == spaces()["dimc_physical"]
    based = Study(**keys, networks=["tiny_decode.csv"], space="dimc_physical_attention")
    assert based.space == spaces()["dimc_physical_attention"]
    (tmp_path / "tiny.toml").write_text(mixed.to_toml(), encoding="utf-8")
    assert Study.load(tmp_path / "tiny.toml").space == mixed.space


def test_tokens_beyond_the_dram_are_refused_with_what_it_allows(tables):
    tables(20, 6, 1)
    limited = FOLLOWER | {"min_tokens_per_s": 1e9}
    asked = study(OWNER, limited, space=SPACE | {"dram": ["x64", "hbm2"]})
    message = nothing_feasible(asked.problem())
    found = re.search(r"tiny_decode is 1e\+09, but .* at most ([0-9.e+]+) tokens/s", message)
    model = asked.cost_model()
    levels = model.space.grid(model.space.names)
    latency = model.evaluate(levels).values["latency"][:, 1]
    streams = model.breakdown(levels).details["streamed"][:, 1] == "yes"
    # No step that streams its weights is faster than its DRAM.
    assert float(found[1]) >= 1 / np.nanmin(latency[streams]) * (1 - 1e-3)
    reachable = study(OWNER, limited | {"min_tokens_per_s": 1.0}).problem()
    assert not dram_ceilings(reachable)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["sram", "rram", "dimc"])
def test_no_bound_of_a_space_for_generation_is_above_a_design(tables, device):
    tables(900, 60, 4)
    deployment = "together" if device == "rram" else "alone"
    asked = study(
        OWNER, FOLLOWER, device=device, space=f"{device}_generation", deployment=deployment
    )
    problem = asked.problem()
    assert validate_bounds(problem, search_tree(problem), []) >= 500


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (OWNER | {"min_tokens_per_s": 9.0}, "min_tokens_per_s: use max_latency_s"),
        (OWNER | {"max_token_energy_J": 1.0}, "max_token_energy_J: use max_latency_s"),
        (
            {"source": "alexnet", "min_tokens_per_s": 9.0},
            "min_tokens_per_s: needs the table of a step",
        ),
        (FOLLOWER | {"min_tokens_per_s": 0.0}, "min_tokens_per_s: must be above 0"),
    ],
)
def test_limits_of_tokens_are_of_a_step(tables, network, message):
    tables(20, 6)
    with pytest.raises(ValueError, match=message):
        study(network)


def test_limits_of_tokens_count_the_sequences_of_a_batch(tables):
    tables(20, 6, 4)
    limits = {"min_tokens_per_s": 1e4, "max_token_energy_J": 1e-6, "max_latency_s": 1e-3}
    problem = study(OWNER, FOLLOWER | limits).problem()
    assert problem.constraint_names[-3:] == [
        "max_latency_s_tiny_decode",
        "min_tokens_per_s_tiny_decode",
        "max_token_energy_J_tiny_decode",
    ]
    levels = problem.space.random(40, np.random.default_rng(0))
    metrics = problem.model.evaluate(levels)
    runs = metrics.runs.all(axis=1)
    octaves = problem.score(levels, metrics)[1][runs, -2:]
    rate = 4 / metrics.values["interval"][runs, 1]
    energy = metrics.energy_J[runs, 1] / 4
    assert octaves == pytest.approx(np.log2(np.stack([1e4 / rate, energy / 1e-6], axis=1)))
    assert all(map(problem.limits.is_monotone, limits))


def test_a_request_is_a_prefill_and_its_steps_whichever_has_the_weights(tables):
    tables(20, 6, 4)
    swapped = (
        OWNER | {"weights_of": "tiny_decode"},
        {"source": "mobilenet_v3_onnx"},
        {"source": "tiny_decode.csv"},
    )
    model = study(*swapped).cost_model()
    values = model.evaluate(model.space.random(9, np.random.default_rng(0))).values
    figures = generation_figures(model, values)
    latency, energy = values["latency"], values["energy"]
    equal = partial(np.testing.assert_allclose, rtol=1e-12)
    equal(figures["request_s"][:, 0], latency[:, 0] + 5 * latency[:, 2])
    equal(figures["request_J"][:, 0], energy[:, 0] + 5 * energy[:, 2])
    equal(figures["tokens_per_s"][:, 2], 4 / latency[:, 2])
    equal(figures["token_energy_J"][:, 2], energy[:, 2] / 4)
    assert np.isnan(figures["request_s"][:, 1:]).all()
    assert np.isnan(figures["time_per_token_s"][:, :2]).all()
    other = study("mobilenet_v3_onnx").cost_model()
    assert generation_figures(other, values) == {}


def test_first_and_last_step_cost_what_their_own_tables_cost(tables):
    tables(900, 60, 4)
    tables(900, 2, 4, name="first")
    tables(958, 2, 4, name="last")
    networks = OWNER, FOLLOWER, {"source": "mobilenet_v3_onnx"}
    asked = study(*networks, space=SPACE | {"dram": "x64"})
    design = asked.space.random(1, np.random.default_rng(4))
    found = steps_table(asked, design).set_index("step")
    assert found["keys"].to_dict() == {"first": 901, "mean": 930, "last": 959}
    assert (found["network"] == "tiny_decode").all()
    model = asked.cost_model()
    mean = model.evaluate(design)
    assert found.loc["mean", "time_per_token_s"] == mean.latency_s[0, 1]
    assert found.loc["mean", "token_energy_J"] == mean.energy_J[0, 1] / 4
    floors = model.breakdown(design).details["dram_floor_s"][0]
    assert found.loc["mean", "dram_floor_s"] == floors[1]
    own = [OWNER | {"source": "last_prefill.csv"}]
    own.append(FOLLOWER | {"source": "last_decode.csv", "weights_of": "last_prefill"})
    last = study(*own, space=SPACE | {"dram": "x64"}).cost_model().evaluate(design)
    assert found.loc["last", "time_per_token_s"] == pytest.approx(last.latency_s[0, 1], rel=1e-12)
    assert found.loc["last", "token_energy_J"] == pytest.approx(last.energy_J[0, 1] / 4, rel=1e-12)
    assert found["time_per_token_s"].is_monotonic_increasing
    assert (found["dram_floor_s"].diff().iloc[1:] > 0).all()
    assert (found["dram_floor_s"] <= found["time_per_token_s"]).all()
    assert steps_table(study("mobilenet_v3_onnx"), design) is None


class AreaOnly(CostModel):
    """A model that knows neither energy nor latency."""

    quantities = (AREA,)

    def evaluate(self, levels):
        return Metrics({"area": 1e-6 * (1.0 + levels.sum(axis=1))})


def test_a_model_without_energy_states_no_tokens(tables):
    tables(20, 6)
    space = DesignSpace("small", (Integer("x", 0, 3),))
    model = AreaOnly(space, WorkloadSet.load(["tiny_decode.csv"]))
    assert model.phases == ("step",)
    values = model.evaluate(space.random(2, np.random.default_rng(0))).values
    assert generation_figures(model, values) == {}


@pytest.mark.slow
def test_a_run_states_tokens_and_requests(tables, tmp_path):
    tables(20, 6, 4)
    run = study(OWNER, FOLLOWER, "mobilenet_v3_onnx").run(budget=60, out=tmp_path)
    table = pd.read_csv(tmp_path / "tiny" / "seed-1" / "generation.csv").set_index("network")
    assert table.index.tolist() == ["tiny_prefill", "tiny_decode"]
    assert table["phase"].tolist() == ["prefill", "step"]
    prefill, step = table.loc["tiny_prefill"], table.loc["tiny_decode"]
    costs = json.loads((tmp_path / "tiny" / "seed-1" / "design.json").read_text())["workloads"]
    first, further = costs["tiny_prefill"], costs["tiny_decode"]
    assert prefill["time_to_first_token_s"] == first["latency_s"] == first["time_to_first_token_s"]
    assert step["time_per_token_s"] == further["latency_s"]
    assert step["tokens_per_s"] == pytest.approx(4 / further["latency_s"])
    assert step["token_energy_J"] == pytest.approx(further["energy_J"] / 4)
    assert step["request_s"] == pytest.approx(first["latency_s"] + 5 * further["latency_s"])
    assert further["request_J"] == pytest.approx(first["energy_J"] + 5 * further["energy_J"])
    assert prefill[["time_per_token_s", "request_s", "request_J"]].isna().all()
    assert "request_s" not in first
    assert "tokens_per_s" not in costs["mobilenet_v3_onnx"]
    steps = run.results.steps.set_index("step")
    assert steps["keys"].to_dict() == {"first": 21, "mean": 23, "last": 25}
    assert steps.loc["mean", "time_per_token_s"] == step["time_per_token_s"]
    assert (run.figures() / "generation.png").exists()
    printed = " ".join(shown([generation_table(table.reset_index())], 240).split())
    assert "time per token (ms)" in printed
    assert f"{1e3 * step['request_s']:.4g}" in printed
    networks = run.explain().tables["networks"].set_index("network")
    assert networks.loc["tiny_decode", "tokens_per_s"] == pytest.approx(step["tokens_per_s"])
    assert np.isnan(networks.loc["mobilenet_v3_onnx", "tokens_per_s"])


@pytest.mark.parametrize(
    ("has_phase", "unit"), [(True, "a step"), (False, "an inference")], ids=["phase", "none"]
)
def test_a_design_bound_by_dram_shows_weights_cache_and_the_least_time(
    has_phase, unit, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    model = LanguageModel.from_config(CONFIGS["smollm_135m"])
    step = Generation(model=model, prompt=448, generate=128, name="smol").step
    with (tmp_path / "smol_decode.csv").open("w", newline="") as stream:
        (step if has_phase else replace(step, provenance={})).write_csv(stream)
    asked = study("smol_decode.csv", space=ACCEPTED | {"glb_KiB": 4096, "dram": "x64"})
    levels = asked.space.random(1, np.random.default_rng(1))
    (first,) = explain(asked.problem(), asked.resolved_criterion, levels, [("first",)])
    text = shown([*explained(first, width=240, layers=3)], 240)
    moved = f"134.5 MB of weights, 2.2 MB of cache {unit}; at least 5.008 ms"
    assert f"smol decode is bound by DRAM: {moved}" in " ".join(text.split())
    # Attention runs on the digital unit; all weights pass the arrays, and none stay there.
    assert re.search(r"smol decode +0\.0 +100\.0 +", text)
    assert ("tokens/s" in text) == has_phase


@pytest.mark.parametrize(
    ("digital", "message"),
    [
        ([], "the cache of smol_decode needs 6.1 MiB more buffer, or DRAM"),
        (["vocabulary"], "smol_decode needs 27 MiB more buffer"),
    ],
    ids=["cache", "weights of the digital unit"],
)
def test_dram_is_advised_only_where_the_cache_alone_lacks_buffer(
    digital, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    model = LanguageModel.from_config(CONFIGS["smollm_135m"])
    step = Generation(model=model, prompt=448, generate=128, name="smol").step
    with (tmp_path / "smol_decode.csv").open("w", newline="") as stream:
        step.write_csv(stream)
    network = {"source": "smol_decode.csv", "layers_digital": digital}
    asked = study(network, space=ACCEPTED | {"glb_KiB": 256, "dram": "none"})
    problem = asked.problem()
    levels = asked.space.random(1, np.random.default_rng(1))
    violations = problem.score(levels, problem.model.evaluate(levels))[1]
    text = nearest_text(problem, nearest(problem, levels, violations))
    assert message in text
    assert ("the cache of" in text) == ("DRAM" in text) == (not digital)


def test_the_spoken_assistant_hears_and_answers_in_time_on_some_chips():
    asked = find_study(str(ROOT / "examples" / "scenarios" / "spoken_assistant.toml"))
    model, step = asked.cost_model(), asked.names.index("smollm_decode")
    levels = asked.space.random(60, np.random.default_rng(0))
    service = model.service(levels)
    in_time = (service.response_s <= model.load.deadline_s).all(axis=1)
    assert in_time.any()
    assert asked.scenario.requests["smollm_decode"].burst == model.steps[step]
    longest = np.nanmax(service.response_s[in_time], axis=1)
    assert (longest == service.response_s[in_time, step]).all()


@pytest.mark.parametrize(
    ("reserved", "size"), [(262_148, "5 B"), (264_191, "2 KiB"), (3_000_000_000, "2.8 GiB")]
)
def test_missing_buffer_is_stated_in_a_unit_that_people_read(reserved, size, tmp_path, monkeypatch):
    """The buffer of 256 KiB also holds one byte of input."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.csv").write_text(
        f"name,C,M,P,Q,G,dynamic,cache,appended,reserved\na,1,9,1,1,1,1,keys,1,{reserved}\n"
    )
    asked = study("net.csv", space=ACCEPTED | {"glb_KiB": 256, "dram": "none"})
    problem = asked.problem()
    levels = asked.space.random(1, np.random.default_rng(1))
    violations = problem.score(levels, problem.model.evaluate(levels))[1]
    assert f"needs {size} more buffer" in nearest_text(
        problem, nearest(problem, levels, violations)
    )
