"""Studies of language models: keys of networks, deployment, and scenarios."""

import numpy as np
import pytest

from imcmoo.study.study import Study
from tests.model.physical.designs import tiny_generation

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
