"""The front door of the model: what it takes, refuses and remembers, its breakdown and limits."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.latency import CAUSES, LayerTimes, sequential_latency
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import MAPPING_KEY
from imcmoo.model.physical.technology import Switches
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import TABLE, columns, random_designs


def model(names=("resnet18",), **options):
    options = {"device": "rram", "table": TABLE, **options}
    return PhysicalModel(WorkloadSet.load(names), **options)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dram": "ddr9"}, "design column dram, design 0: ddr9 is given, must be one of none, x16"),
        ({"rows": 0}, "design column rows, design 0: 0 is given, must be a whole number"),
        ({"active_rows": 129}, "active_rows, design 0: 129 is given, must be at most `rows`"),
        ({"adc_bits": 7.5}, "adc_bits, design 0: 7.5"),
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
        model().evaluate(columns(**changed))


def test_perfect_cells_may_hold_8_bits():
    off = model(switches=replace(Switches(), few_levels=False)).evaluate(columns(bits_per_cell=8))
    assert off.runs.all()
    assert np.isinf(off.snr_dev_dB).all()


def test_columns_that_do_not_fit_are_refused_and_none_give_no_metrics():
    without = {k: v for k, v in columns().items() if k != "glb_banks"}
    with pytest.raises(ValueError, match="no design column glb_banks; needed: technology_nm"):
        model().evaluate(without)
    with pytest.raises(ValueError, match=r"rows has shape \(2,\), expected \(1,\)"):
        model().evaluate(columns() | {"rows": np.array([64, 64])})
    with pytest.raises(ValueError, match="bits_per_cell, design 0: 2 is given, must be 1 for SRAM"):
        model(device="sram").evaluate(columns())
    with pytest.raises(ValueError, match="cell_errors, design 0: wan2022_1s is given, must be uni"):
        model(device="sram").evaluate(columns(bits_per_cell=1, cell_errors="wan2022_1s"))
    none = {name: values[:0] for name, values in columns().items()}
    assert model().evaluate(none).energy_J.shape == (0, 1)
    assert model().breakdown(none).energy_J.shape[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "flash"}, "device 'flash' is not one of rram, sram"),
        ({"adc_model": "best"}, "adc_model 'best' is not one of zigzag"),
        ({"deployment": "apart"}, "deployment 'apart' is not one of alone, together"),
        ({"requests_per_switch": 0}, "requests_per_switch must be at least 1"),
        ({"input_bits": 3}, "input_bits is 3: one number, or one per network"),
        ({"weight_bits": [8, 8]}, "weight_bits is"),
        ({"dynamic": np.zeros(3, bool)}, "dynamic has shape"),
        ({"layers_digital": {"resnet18": ["fc"]}}, "no layer 'fc' with stored weights; known: 00"),
    ],
)
def test_a_bad_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        model(**options)


def test_the_mapping_key_is_named_and_nothing_else_makes_new_ones():
    one = model()
    one.evaluate(columns())
    memory = one.context.features[0]
    others = {"voltage_V": 0.7, "adc_bits": 6, "glb_KiB": 512, "dram": "none", "link_bits": 32}
    for name, value in others.items():
        assert name not in MAPPING_KEY
        one.evaluate(columns(**{name: value}))
        assert len(memory) == 1
    for name in ("rows", "macros_per_tile", "input_coding"):
        assert name in MAPPING_KEY
        one.evaluate(columns(**{name: "levels" if name == "input_coding" else 64}))
    assert len(memory) == 4


def test_features_forgotten_for_lack_of_memory_are_worked_out_again():
    rng = np.random.default_rng(0)
    designs = random_designs(300, rng, "rram")
    expected, small = model(), model()
    for memory in small.context.features:
        memory._bytes_at_most = 200_000
    for _ in range(2):
        for name in ("energy_J", "latency_s"):
            again, wanted = (getattr(m.evaluate(designs), name) for m in (small, expected))
            np.testing.assert_array_equal(again, wanted)
    assert 0 < len(small.context.features[0]) < 300


def test_a_layer_on_the_digital_unit_needs_no_cells():
    last = WorkloadSet.load(["resnet18"]).workloads[0].layers[-1]
    models = model(), model(layers_digital={"resnet18": [last]})
    usual, changed = (m.needed_cells(m.designs(columns()))[0, 0] for m in models)
    assert changed == usual - 128 * 128 * 4 * np.ceil(1000 * 4 / 128)


def test_every_assumption_has_a_band_and_a_reason_and_can_be_changed():
    usual = Assumptions()
    for name, assumption in vars(usual).items():
        assert assumption.low <= assumption.value <= assumption.high, name
        assert len(assumption.reason) > 10, name
    slow = model(assumptions=usual.having(pulse_s=92e-9)).evaluate(columns())
    assert slow.latency_s[0, 0] > model().evaluate(columns()).latency_s[0, 0]
    with pytest.raises(ValueError, match="no assumption pulses_s; there are "):
        usual.having(pulses_s=1)
    with pytest.raises(ValueError, match="outside its band"):
        usual.having(pulse_s=1.0)
    with pytest.raises(ValueError, match="outside its band"):
        Assumption(2.0, 0.0, 1.0, "none")


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_the_breakdown_adds_up(device):
    some = random_designs(80, np.random.default_rng(0), device)
    some["tiles_per_group"][:] = some["macros_per_tile"][:] = 64
    one = model(("resnet18", "mobilenet_v3"), device=device)
    metrics, parts = one.evaluate(some), one.breakdown(some)
    owner = [workload for workload, _ in parts.layers]
    networks = np.array([[w == name for name in one.workload_names] for w in owner], dtype=float)
    runs = metrics.runs
    np.testing.assert_array_equal(np.isfinite(parts.energy_J).all(axis=2) @ networks > 0, runs)
    energy = np.nan_to_num(parts.energy_J.sum(axis=2)) @ networks
    np.testing.assert_allclose(energy[runs], metrics.energy_J[runs], rtol=1e-12)
    np.testing.assert_allclose(parts.area_m2.sum(axis=1), metrics.area_m2, rtol=1e-12)
    latency = np.nan_to_num(parts.latency_s) @ networks
    in_turn = runs & (some["schedule"] == "layer")[:, None]
    np.testing.assert_allclose(latency[in_turn], metrics.latency_s[in_turn], rtol=1e-12)


def test_of_equal_causes_the_first_binds():
    """One layer takes equally long on three resources, and so do its loads."""
    layers = LayerTable.of_workloads(WorkloadSet.load(["alexnet"]))
    zero, one, two = (np.full((1, len(layers)), value) for value in (0.0, 1.0, 2.0))
    times = LayerTimes(zero, (one, two, two, one, two), (one, one, zero))
    latency, bound = sequential_latency(layers, times, np.zeros((1, 1)), causes=True)
    assert latency == 3 * layers.count.sum()
    assert bound == CAUSES.index("glb")


def test_columns_in_parallel_draw_their_current_through_the_row_at_once():
    wide = {"rows": 256, "cols": 512, "active_rows": 16, "input_coding": "levels"}
    four_in_turn = wide | {"columns_per_adc": 4}
    one, two, four = (
        model().evaluate(columns(redundancy=n, **four_in_turn)).ir_drop[0] for n in (1, 2, 4)
    )
    assert two == pytest.approx(2 * one)
    # One in four is converted at a time, so that all conduct.
    assert four == pytest.approx(model().evaluate(columns(**wide, columns_per_adc=1)).ir_drop[0])


def test_levels_lie_apart_by_the_measured_errors_of_their_cells():
    def margin(bits, **errors):
        return model().evaluate(columns(bits_per_cell=bits, **errors)).level_sigmas[0]

    one, two = (margin(bits, cell_errors="wan2022_1s") for bits in (1, 2))
    # 0.348 and 1.103 µS of 40 at the ends.
    assert one == pytest.approx(1 / np.hypot(0.348, 1.103) * 40 * np.sqrt(2), rel=1e-3)
    thirds = np.polynomial.polynomial.polyval(
        np.array([0, 1 / 3, 2 / 3, 1]), (0.348, 16.030, -43.853, 45.393, -16.815)
    )
    assert two == pytest.approx(40 / 3 / np.sqrt((thirds**2).mean()))
    assert one > margin(1)
