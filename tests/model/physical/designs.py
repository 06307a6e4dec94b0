"""A design, and random designs of the whole search space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import ADC_MODELS, DRAM, SCHEDULES, SPACE_VOLTAGES
from imcmoo.networks.language_model import Generation, LanguageModel

TABLE = PhysicalTable.load()
NODES_NM = (7, 14, 22, 32, 45)
Columns = dict[str, Any]


PER_LAYER = (
    *("layers", "kinds", "shapes", "strides", "input_bits", "weight_bits", "dilations"),
    *("dynamic", "shared_with", "cache", "appended", "reserved"),
    *("input_statistics", "weight_statistics"),
)
"""Fields of a `Workload` with a row per layer."""

DESIGN: dict[str, Any] = {
    "technology_nm": 32,
    "voltage_V": 0.9,
    "rows": 128,
    "cols": 128,
    "active_rows": 64,
    "bits_per_cell": 2,
    "input_slice_bits": 2,
    "adc_bits": 7,
    "columns_per_adc": 8,
    "macros_per_tile": 32,
    "tiles_per_group": 32,
    "router_groups": 16,
    "glb_KiB": 2048,
    "glb_banks": 8,
    "link_bits": 256,
    "dram": "x64",
    "schedule": "layer",
}
"""A middling chip of RRAM."""


EARLIER_COSTS: dict[str, float] = {
    **{"voltage_exponent": 1.3, "pulse_s": 10e-9, "rram_write_pulse_s": 50e-9},
    **{"word_line_factor": 1.0, "logic_overhead": 1.0, "leak_temperature": 1.0, "gated_leak": 1.0},
    **{"adc_bias_W": 0.0, "adc_trim_area": 1.0, "spare_columns": 0.0, "input_line_F": 0.0},
    **{"dimc_clock_Hz": 1e15, "sram_minimum_V": 0.0, "sram_pulse_s": 10e-9},
}
"""Values of version 5 of the costs, for worked examples of the specifications before."""


def columns(design=DESIGN, **changed):
    """One design as columns."""
    return {name: np.array([value]) for name, value in (design | changed).items()}


def columns_of(device, **changed):
    """One design as columns, without those that a device does not have."""
    lacking = MEMORY_CELLS[device].defaults
    return columns({n: v for n, v in DESIGN.items() if n not in lacking}, **changed)


def random_designs(n, rng, device):
    """Design columns, each parameter evenly over its levels."""

    def powers(first, last):
        return 2 ** rng.integers(first, last + 1, n)

    if device == "dimc":
        return digital_designs(n, rng)
    node, rows = rng.choice(NODES_NM, n), powers(5, 10)
    bits, coding = zip(
        *((1, "levels"), (2, "levels"), (4, "levels")),
        *((1, "pulses"), (2, "pulses"), (4, "pulses"), (8, "pulses")),
        strict=True,
    )
    inputs = rng.integers(len(bits), size=n)
    return {
        "technology_nm": node,
        "voltage_V": rng.choice(SPACE_VOLTAGES, n),
        "rows": rows,
        "cols": powers(5, 10),
        "active_rows": np.maximum(rows // powers(0, 5) - rng.integers(0, 2, n), 1),
        "bits_per_cell": rng.integers(1, 5, n) if device != "sram" else np.ones(n, int),
        "weight_coding": rng.choice(["offset", "differential"], n),
        "input_slice_bits": np.array(bits)[inputs],
        "input_coding": np.array(coding)[inputs],
        "adc_bits": rng.integers(4, 11, n),
        "columns_per_adc": powers(0, 6),
        "sample_and_hold": rng.integers(0, 2, n),
        "ping_pong": rng.integers(0, 2, n) * (device == "sram"),
        "macros_per_tile": powers(2, 7),
        "tiles_per_group": powers(1, 6),
        "router_groups": powers(0, 6),
        "glb_KiB": powers(8, 15),
        "glb_banks": powers(0, 4),
        "link_bits": powers(5, 9),
        "dram": rng.choice(DRAM, n),
        "schedule": rng.choice(SCHEDULES, n),
        "adc_model": rng.choice(ADC_MODELS, n),
        "adc_noise": rng.integers(1, 401, n),
    }


def digital_designs(n, rng):
    """Design columns of digital macros, which no node below 22 nm has."""

    def powers(first, last):
        return 2 ** rng.integers(first, last + 1, n)

    node, rows = rng.choice([nm for nm in NODES_NM if nm >= 22], n), powers(5, 9)
    active = np.maximum(rows // powers(0, 4), 2)
    levels = np.ceil(np.log2(active)).astype(int) + 1
    return {
        "technology_nm": node,
        "voltage_V": rng.choice(SPACE_VOLTAGES, n),
        "rows": rows,
        "cols": powers(6, 10),
        "active_rows": active,
        "input_slice_bits": powers(0, 3),
        "columns_per_adc": powers(0, 3),
        "tree_stages": np.minimum(rng.integers(1, 9, n), levels),
        "ping_pong": rng.integers(0, 2, n),
        "macros_per_tile": powers(2, 7),
        "tiles_per_group": powers(1, 6),
        "router_groups": powers(0, 6),
        "glb_KiB": powers(8, 15),
        "glb_banks": powers(0, 4),
        "link_bits": powers(5, 9),
        "dram": rng.choice(DRAM, n),
        "schedule": rng.choice(SCHEDULES, n),
    }


def tiny_generation(prompt, generate, batch=1, **sizes):
    """Generation with a small language model that shares heads of keys."""
    config = {
        "model_type": "llama",
        "hidden_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 3,
        "intermediate_size": 160,
        "vocab_size": 300,
        "max_position_embeddings": 4096,
    }
    model = LanguageModel.from_config(config | sizes)
    return Generation(model=model, prompt=prompt, generate=generate, batch=batch, name="tiny")


def first_layers(network, n):
    """The first layers of a network as a network of their own."""
    rows = {name: getattr(network, name)[:n] for name in PER_LAYER}
    return replace(network, **rows)


def one(columns, index):
    """One design as plain numbers and words."""
    return {name: np.asarray(values)[index].item() for name, values in columns.items()}
