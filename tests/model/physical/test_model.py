"""The model's front door: what it takes, what it refuses, deployment, precision, attention."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical import model as model_module
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.components import Switches
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.model import PhysicalEvaluator, physical_model
from imcmoo.model.physical.parameters import MAPPING_KEY
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import DESIGN, TABLE, columns, random_designs

SRAM = DESIGN | {"bits_per_cell": 1}


def model(names=("resnet18",), **options):
    options = {"device": "rram", "table": TABLE, **options}
    return physical_model(options.pop("device"), WorkloadSet.load(names), **options)


def evaluate(names=("resnet18",), **options):
    design = SRAM if options.get("device") == "sram" else DESIGN
    return model(names, **options).in_full(columns(design))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dram": "ddr9"}, "design column dram, design 0: ddr9 is given, must be one of none, x16"),
        ({"rows": 0}, "design column rows, design 0: 0 is given, must be a whole number"),
        ({"active_rows": 129}, "active_rows, design 0: 129 is given, must be at most `rows`"),
        ({"adc_bits": 7.5}, "adc_bits, design 0: 7.5"),
        ({"rows": 64 + 5j}, "design column rows holds something that is no number"),
        ({"rows": np.datetime64("1970-01-02")}, "design column rows holds something that is no"),
        ({"voltage_V": 0.62}, "no rram array with .* voltage_V 0.62 is missing there, available"),
        ({"technology_nm": 28}, "28 is missing there, available: 7, 10, 14, 22, 32, 45"),
        ({"ping_pong": 1}, "ping_pong, design 0: 1 is given, must be 0 for RRAM"),
        ({"adc_model": "murmann", "adc_bits": 3}, "no murmann with .*bits 3 is missing there"),
        ({"input_coding": "levels", "input_slice_bits": 8}, "must be at most 4 where input_coding"),
        ({"bits_per_cell": 5}, "5 is given, must be at most 4: no more are demonstrated"),
    ],
)
def test_a_bad_design_is_refused_with_one_clear_message(changed, message):
    with pytest.raises(ValueError, match=message):
        model().in_full(columns(**changed))


def test_perfect_cells_may_hold_8_bits():
    off = model(switches=replace(Switches(), few_levels=False)).in_full(columns(bits_per_cell=8))
    assert off.has_capacity.all()
    assert np.isinf(off.snr_dev_dB).all()


def test_columns_that_do_not_fit_are_refused_and_none_give_no_metrics():
    without = {k: v for k, v in columns().items() if k != "glb_banks"}
    with pytest.raises(ValueError, match="no design column glb_banks; needed: technology_nm"):
        model().in_full(without)
    with pytest.raises(ValueError, match=r"rows has shape \(2,\), expected \(1,\)"):
        model().in_full(columns() | {"rows": np.array([64, 64])})
    with pytest.raises(ValueError, match="design column rows: a masked array"):
        model().in_full(columns() | {"rows": np.ma.masked_array([64], mask=True)})
    with pytest.raises(ValueError, match="bits_per_cell, design 0: 2 is given, must be 1 for SRAM"):
        model(device="sram").in_full(columns())
    none = {name: values[:0] for name, values in columns().items()}
    assert model().in_full(none).energy_J.shape == (0, 1)
    assert model().breakdown(none).energy_J.shape[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "flash"}, "device 'flash' is not one of rram, sram"),
        ({"adc_model": "best"}, "adc_model 'best' is not one of sar_noise"),
        ({"deployment": "apart"}, "deployment 'apart' is not one of alone, together"),
        ({"requests_per_switch": 0}, "requests_per_switch must be at least 1"),
        ({"input_bits": 3}, "input_bits is 3: one number, or one per network"),
        ({"weight_bits": [8, 8]}, "weight_bits is"),
    ],
)
def test_a_bad_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        model(**options)


def test_flags_of_another_number_of_layers_are_refused():
    with pytest.raises(ValueError, match="dynamic has shape"):
        LayerTable.of_workloads(WorkloadSet.load(["resnet18"]), dynamic=np.zeros(3, bool))


def test_the_mapping_key_is_named_and_nothing_else_makes_new_ones():
    one = model()
    one.in_full(columns())
    memory = one._context.features[0]
    others = {"voltage_V": 0.7, "adc_bits": 6, "glb_KiB": 512, "dram": "none", "link_bits": 32}
    for name, value in others.items():
        assert name not in MAPPING_KEY
        one.in_full(columns(**{name: value}))
        assert len(memory) == 1
    for name in ("rows", "macros_per_tile", "input_coding"):
        assert name in MAPPING_KEY
        one.in_full(columns(**{name: "levels" if name == "input_coding" else 64}))
    assert len(memory) == 4


def test_features_forgotten_for_lack_of_memory_are_worked_out_again():
    rng = np.random.default_rng(0)
    designs = random_designs(100, rng, "rram")
    expected, small = model(), model()
    for memory in small._context.features:
        memory._bytes_at_most = 70_000
    for _ in range(2):
        for name in ("energy_J", "latency_s"):
            again, wanted = (getattr(m.in_full(designs), name) for m in (small, expected))
            np.testing.assert_array_equal(again, wanted)
    assert 0 < len(small._context.features[0]) < 100


def test_together_needs_the_cells_of_all_and_never_switches():
    names = ("resnet18", "mobilenet_v3")
    alone, together = (evaluate(names, deployment=d) for d in ("alone", "together"))
    assert np.all(together.latency_s >= alone.latency_s)
    assert np.all(together.switch_energy_J == 0)
    assert np.all(alone.switch_energy_J > 0)
    assert np.all(alone.switch_time_s > 0)
    few = columns(router_groups=4)
    alone_few, together_few = (
        model(names, deployment=d).in_full(few) for d in ("alone", "together")
    )
    assert alone_few.has_capacity.all()
    assert not together_few.has_capacity.any()


def test_fewer_bits_cost_less_and_are_chosen_per_network():
    names = ("resnet18", "alexnet")
    eight, mixed = evaluate(names), evaluate(names, input_bits=[4, 8], weight_bits=[4, 8])
    assert mixed.energy_J[0, 0] < 0.5 * eight.energy_J[0, 0]
    assert mixed.latency_s[0, 0] < eight.latency_s[0, 0]
    np.testing.assert_allclose(mixed.energy_J[0, 1], eight.energy_J[0, 1], rtol=1e-12)
    assert mixed.snr_dB[0, 0] != eight.snr_dB[0, 0]


def test_products_of_activations_take_no_cells_and_run_on_the_digital_unit():
    network = WorkloadSet.load(["vision_transformer"])
    dynamic = np.array([k == "ViTSelfAttention" for k in network.workloads[0].kinds])
    flagged = replace(network.workloads[0], dynamic=tuple(dynamic.tolist()))
    static, marked = (
        PhysicalEvaluator("rram", each, table=TABLE) for each in (network, WorkloadSet((flagged,)))
    )
    large = columns(router_groups=64)
    assert np.all(marked.in_full(large).occupied_cells > 0)
    few = columns(router_groups=2)
    assert marked.in_full(few).missing_cells < static.in_full(few).missing_cells
    parts = marked.breakdown(large)
    digital = parts.components.index("digital")
    assert np.all((parts.energy_J[0, :, digital] > 0) == dynamic)
    assert np.all(parts.energy_J[0, dynamic, parts.components.index("adc")] == 0)
    more, fewer = (marked.in_full(columns(router_groups=64, mac_units=n)) for n in (1024, 1))
    assert more.latency_s[0, 0] < fewer.latency_s[0, 0]
    assert more.area_m2[0] > fewer.area_m2[0]


def test_a_layer_on_the_digital_unit_takes_no_cells_but_room_in_the_buffer():
    network = WorkloadSet.load(["resnet18"])
    last = network.workloads[0].layers[-1]
    large, small = columns(router_groups=64, glb_KiB=8192), columns(router_groups=64, glb_KiB=256)
    usual, changed = model(), model(layers_digital={"resnet18": [last]})
    parts = changed.breakdown(large)
    of_last = dict(zip(parts.components, parts.energy_J[0, -1], strict=True))
    assert of_last["digital"] > 0
    assert of_last["adc"] == of_last["cells"] == 0
    found = changed.in_full(large)
    np.testing.assert_allclose(parts.energy_J.sum(axis=(1, 2)), found.energy_J[:, 0], rtol=1e-9)
    share = [m.resource_use(large)["cells"][0, 0] for m in (usual, changed)]
    spared = 128 * 128 * 4 * np.ceil(1000 * 4 / 128)
    assert share[0] - share[1] == pytest.approx(spared / found.cells[0], rel=1e-12)
    # 1000 × 512 weights are 500 KiB.
    assert usual.in_full(small).has_capacity.all()
    assert changed.in_full(small).missing_bits[0, 0] == 8 * (512_000 - 256 * 1024)
    with pytest.raises(
        ValueError, match="resnet18 has no layer 'fc' with stored weights; known: 00"
    ):
        model(layers_digital={"resnet18": ["fc"]})


def test_every_assumption_has_a_band_and_a_reason_and_can_be_changed():
    usual = Assumptions()
    for name, assumption in vars(usual).items():
        assert assumption.low <= assumption.value <= assumption.high, name
        assert len(assumption.reason) > 10, name
    slow = evaluate(assumptions=usual.having(pulse_s=92e-9))
    assert slow.latency_s[0, 0] > evaluate().latency_s[0, 0]
    with pytest.raises(ValueError, match="pulses_s: unknown assumption; did you mean"):
        usual.having(pulses_s=1)
    with pytest.raises(ValueError, match="outside its band"):
        usual.having(pulse_s=1.0)
    with pytest.raises(ValueError, match="outside its band"):
        Assumption(2.0, 0.0, 1.0, "none")


def test_the_breakdown_of_many_designs_works_on_few_at_once(monkeypatch):
    designs = random_designs(9, np.random.default_rng(0), "rram")
    whole, sizes = model().breakdown(designs), []

    def spied(batch, layers, break_down=model_module.break_down):
        sizes.append(len(batch.designs))
        return break_down(batch, layers)

    monkeypatch.setattr(model_module, "break_down", spied)
    monkeypatch.setattr(model_module, "CHUNK_NUMBERS", 2 * len(model()._context.layers))
    parts = model().breakdown(designs)
    assert sum(sizes) == 9
    assert max(sizes) == 2
    for name in ("energy_J", "latency_s", "utilization", "area_m2"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    runs = np.isfinite(whole.latency_s)
    np.testing.assert_array_equal(parts.bound_by[runs], whole.bound_by[runs])
