"""Generation with a language model on physical chips: cache, DRAM and feedback."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.batch import Batch, LayerWork
from imcmoo.model.physical.latency import POWER
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.settings import ChipSharing, Operands
from imcmoo.networks.language_model import Generation, LanguageModel
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical import scalar_physical
from tests.model.physical.designs import (
    DESIGN,
    TABLE,
    columns,
    one,
    random_designs,
    tiny_generation,
)
from tests.networks.language_models import CONFIGS
from tests.networks.scalar_generation import dram, share

nearly = partial(pytest.approx, rel=1e-12, abs=0)

SRAM = DESIGN | {
    "rows": 64,
    "cols": 64,
    "active_rows": 32,
    "bits_per_cell": 1,
    "input_slice_bits": 1,
    "adc_bits": 6,
    "macros_per_tile": 2,
    "tiles_per_group": 2,
    "router_groups": 4,
    "mac_units": 4096,
    "dram": "hbm2",
}
"""A small chip that streams the weights of every language model."""


@cache
def generation(name, prompt, generate, batch):
    model = LanguageModel.from_config(CONFIGS[name])
    return Generation(model=model, prompt=prompt, generate=generate, batch=batch, name=name)


def evaluator(*networks, device="sram", kv_bits=None, weights_of=None, **options):
    operands = Operands(kv_bits=kv_bits, weights_of=weights_of)
    return PhysicalEvaluator(
        device, WorkloadSet(networks), table=TABLE, operands=operands, **options
    )


def rows(table):
    """Layers of a table as the scalar rules take them."""
    names = "CMPQRSGN"
    for at, sizes in enumerate(table.shapes.tolist()):
        positions = {n: int(getattr(table, n)[at]) for n in ("appended", "reserved")}
        yield (
            dict(zip(names, sizes, strict=True))
            | positions
            | {
                "dynamic": table.dynamic[at],
                "cache": table.cache[at],
            }
        )


BUFFERS = {"glb_KiB": np.array([256, 4096, 32768] * 2), "dram": np.repeat(["hbm2", "x64"], 3)}


def several(**changed):
    """The small chip with every buffer and DRAM of `BUFFERS`."""
    return {name: np.repeat(v, 6) for name, v in columns(SRAM | changed).items()} | BUFFERS


@pytest.mark.parametrize(
    ("glb_KiB", "supply", "kv_bits", "numbers", "expected"),
    [
        (256, "hbm2", 8, ("smollm_135m", 448, 128, 1), (1.402387e8, 0.2657, 7.012)),
        (256, "x64", 8, ("smollm_135m", 448, 128, 1), (1.402387e8, 5.136, 8.975)),
        (4096, "hbm2", 8, ("smollm_135m", 448, 128, 1), (1.367374e8, 0.2591, 6.837)),
        (4096, "hbm2", 8, ("smollm_135m", 1920, 128, 8), (3.140435e8, 0.5950, 1.963)),
        (4096, "hbm2", 8, ("qwen25_05b", 448, 128, 1), (4.941140e8, 0.9362, 24.71)),
    ],
)
def test_a_step_moves_the_bits_of_the_worked_examples(glb_KiB, supply, kv_bits, numbers, expected):
    step = generation(*numbers).step
    model = evaluator(step, kv_bits=kv_bits)
    design = columns(SRAM | {"glb_KiB": glb_KiB, "dram": supply})
    full = model.in_full(design)
    assert full.streamed.all()
    chip = Batch(model._context, model.designs(design)).chip
    total_bytes, least_ms, mJ = expected
    assert full.dram_bits[0, 0] / 8 == pytest.approx(total_bytes, rel=1e-6)
    least_s = full.dram_bits[0, 0] * chip.rates.dram_bit_s[0]
    assert least_s * 1e3 == pytest.approx(least_ms, rel=2e-4)
    assert full.latency_s[0, 0] >= least_s
    token_J = full.dram_bits[0, 0] * chip.prices_J["dram"][0] / step.images
    assert token_J * 1e3 == pytest.approx(mJ, rel=2e-4)


def moved_as_by_the_scalar_rules(model, groups, *, common):
    """Compare DRAM bits, energy and time with those of the scalar rules, for all of `BUFFERS`.

    Args:
        model: of all tables.
        groups: tables by the cache that they share.
        common: True if the buffer keeps the caches of all groups.
    """
    designs = several()
    full = model.in_full(designs)
    assert full.streamed.all()
    batch = Batch(model._context, model.designs(designs))
    price, bit_s = batch.chip.prices_J["dram"], batch.chip.rates.dram_bit_s
    idle_J = batch.chip.dram.idle_W[:, None] * full.interval_s
    seconds = LayerWork(batch, slice(None), streams=True).times(streamed=True).terms[4]
    seconds = model._context.layers.total(seconds)
    kv_bits = model._operands.kv_bits
    scalar = [[list(rows(table)) for table in group] for group in groups]
    for group, of_group in zip(groups, scalar, strict=True):
        for table, layers in zip(group, of_group, strict=True):
            w = model.workload_names.index(table.name)
            for i, kib in enumerate(BUFFERS["glb_KiB"].tolist()):
                kept, _ = share(scalar if common else [of_group], kib * 8192, kv_bits)
                parts = dram(layers, kib * 8192, kept, kv_bits=kv_bits)
                _, cached, _, spill = parts
                assert full.dram_bits[i, w] == nearly(sum(parts)), (table.name, i)
                off_chip = sum(parts) * price[i]
                assert full.dram_J[i, w] == pytest.approx(idle_J[i, w] + off_chip, rel=1e-12)
                assert seconds[i, w] == nearly((cached + spill) * bit_s[i])
                assert full.latency_s[i, w] >= sum(parts) * bit_s[i] * (1 - 1e-12)


@pytest.mark.parametrize("common", [False, True], ids=["alone", "together"])
@pytest.mark.parametrize("kv_bits", [4, 8, 16])
@pytest.mark.parametrize("phase", ["prefill", "step", "joined"])
def test_dram_traffic_equals_the_scalar_rules(phase, kv_bits, common):
    """Two models, one with two sequences; if joined, prefill and step share weights and cache."""
    made = generation("smollm_135m", 448, 128, 1), generation("qwen25_05b", 448, 128, 2)
    if phase == "joined":
        groups = [[each.prefill, each.step] for each in made]
        options = {"weights_of": {step.name: prefill.name for prefill, step in groups}}
        options["sharing"] = ChipSharing("together" if common else "alone")
    else:
        groups, options = [[getattr(each, phase)] for each in made], {}
        options["sharing"] = ChipSharing(common_cache=common)
    tables = [table for group in groups for table in group]
    model = evaluator(*tables, kv_bits=kv_bits, **options)
    moved_as_by_the_scalar_rules(model, groups, common=common)


def test_without_dram_the_cache_that_does_not_fit_is_missing():
    step = generation("smollm_135m", 448, 128, 1).step
    full = evaluator(step).in_full(columns(SRAM | {"dram": "none", "glb_KiB": 256}))
    assert full.missing_bits[0, 0] / 8 / 2**20 == pytest.approx(6.114, abs=1e-3)
    assert not full.has_capacity[0, 0]


def test_traffic_does_not_fall_as_keys_batch_or_precision_grow():
    numbers = [(400, 9, 1), (400, 9, 8), (900, 9, 8), (900, 100, 8)]
    steps = [replace(tiny_generation(*n).step, name=f"step{i}") for i, n in enumerate(numbers)]
    designs = random_designs(40, np.random.default_rng(1), "sram")
    designs["glb_KiB"] = np.tile([256, 512, 1024, 2048], 10)
    before = None
    for kv_bits in (4, 8, 16):
        full = evaluator(*steps, kv_bits=kv_bits).in_full(designs)
        bits = np.where(full.streamed, full.dram_bits, np.nan)
        differences = np.diff(bits, axis=1)
        assert (differences[~np.isnan(differences)] >= 0).all()
        if before is not None:
            more = bits - before
            assert (more[~np.isnan(more)] >= 0).all()
        before = bits


def test_precision_of_the_cache_scales_only_the_cache():
    step = tiny_generation(500, 60, batch=8).step
    four, eight = (evaluator(step, kv_bits=bits)._context.layers for bits in (4, 8))
    for name, values in vars(eight).items():
        factor = 2 if name in ("cache_bits", "reserved_bits") else 1
        if isinstance(values, np.ndarray) and name != "second_bits":
            assert np.array_equal(values, factor * getattr(four, name)), name
    assert set(four.second_bits[four.cache_bits > 0]) == {4}
    with pytest.raises(ValueError, match=r"kv_bits is 5: one number, .* of 4, 8, 16"):
        evaluator(step, kv_bits=5)


@pytest.mark.parametrize("device", ["sram", "rram"])
def test_a_pipelined_step_takes_its_latency_from_token_to_token_also_throttled(device):
    made = tiny_generation(30, 10, batch=8)
    designs = random_designs(60, np.random.default_rng(0), device)
    designs["schedule"][:] = "pipelined"
    designs["tiles_per_group"][:] = 64
    cool = replace(Assumptions(), power_W_per_m2=Assumption(3e3, 3e3, 3e3, "a test"))
    model = evaluator(made.step, made.prefill, device=device, assumptions=cool)
    full = model.in_full(designs)
    both = full.has_capacity.all(axis=1)
    throttled = both & (full.bound_by[:, 0] == POWER)
    assert throttled.any()
    assert (both & ~throttled).any()
    assert full.interval_s[both, 0] == nearly(full.latency_s[both, 0])
    assert (full.interval_s[both, 1] < full.latency_s[both, 1]).all()
    energy = full.power_W * full.interval_s + full.dram_J
    assert full.energy_J[both] == nearly(energy[both])


def test_a_prompt_of_one_token_is_a_prefill_that_reads_nothing():
    prefill = tiny_generation(1, 3).prefill
    model = evaluator(prefill)
    layers = model._context.layers
    assert not layers.feedback.any()
    assert model.in_full(columns(SRAM)).has_capacity.all()


def test_a_table_without_its_cache_costs_what_products_of_activations_cost():
    step = tiny_generation(1500, 60, batch=8).step
    emptied = replace(step, cache=())
    designs = several()
    full = evaluator(emptied).in_full(designs)
    for i in range(len(designs["rows"])):
        expected = scalar_physical.evaluate(one(designs, i), "sram", emptied, TABLE)
        assert full.energy_J[i, 0] == nearly(expected["energy_J"])
        assert full.dram_bits[i, 0] == nearly(expected["dram_bits"])
    assert (full.dram_bits < evaluator(step).in_full(designs).dram_bits).any()


@pytest.mark.parametrize(
    "numbers", [(448, 128, 1), (448, 128, 8), (64, 1024, 8)], ids=lambda n: "-".join(map(str, n))
)
def test_the_mean_step_costs_what_the_steps_cost_in_the_mean(numbers):
    made = generation("smollm_135m", *numbers)
    prompt = made.prompt
    steps = np.linspace(1, made.steps, 17).round().astype(int)
    tables = []
    for at in steps.tolist():
        shapes = made.step.shapes.copy()
        for kind, column in (("keys", 1), ("values", 0)):
            shapes[np.array(made.step.cache) == kind, column] = prompt + at
        tables.append(replace(made.step, name=f"step{at}", shapes=shapes))
    full = evaluator(made.step, *tables).in_full(several())
    between = np.diff(steps) / (steps[-1] - steps[0])
    weights = (np.append(between, 0) + np.append(0, between)) / 2
    for name in ("energy_J", "latency_s"):
        values = getattr(full, name)
        assert values[:, 0] == pytest.approx(values[:, 1:] @ weights, rel=1e-3)
