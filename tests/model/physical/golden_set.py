"""The golden set of the physical model: weighted sums of its metrics over many random designs.

Every field of the metrics is summed with weights that differ from value to value, so that a single
value that changes by more than 10⁻⁹ is noticed, as is an exchange of two. Rounding in the last
digit, by which machines differ, is not.

Run `python -m tests.model.physical.golden_set` to write the set again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.model.physical.components import Switches
from imcmoo.model.physical.model import physical_model
from imcmoo.model.physical.parameters import CIRCUIT_KEY
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import TABLE, random_designs

FILE = Path(__file__).parent / "golden" / "checksums.csv"
DEVICES = ("rram", "sram")
NINE = tuple(
    f"{name}_onnx"
    for name in (
        *("resnet18", "vgg16", "alexnet", "mobilenet_v3", "gpt2_medium", "mobilebert"),
        *("densenet201", "resnet50", "vision_transformer"),
    )
)
TWO = ("resnet18_onnx", "mobilebert_onnx")
GROUPED = ("resnet18_onnx", "mobilenet_v3_onnx")
N_DESIGNS, N_CHUNKS = 20_000, 10
N_CIRCUITS = 1_000
"""Distinct circuits of all designs: noise takes 4 ms of each, all else 0.1 ms of a design."""
N_BROKEN_DOWN = 50
N_OF_OPTION = 200
N_FIRST_OF_OPTION = 50
"""Designs of the first of two chunks of an option."""

RESOURCES = (
    *("area_m2", "cells", "missing_cells", "missing_bits"),
    *("snr_adc_dB", "snr_dB", "ir_drop", "level_sigmas"),
)
METRICS = (
    *("energy_J", "latency_s", "interval_s", "power_W", "snr_dev_dB"),
    *("snr_rounding_dB", "occupied_cells"),
    *("dram_bits", "glb_bits", "bound_by", "streamed", "switch_energy_J", "switch_time_s"),
)
BREAKDOWN = ("energy_J", "latency_s", "bound_by", "utilization", "area_m2")


KEY = ["case", "field", "chunk"]
COLUMNS = [*KEY, "n_numbers", "n_zeros", "total"]


def checksum(name, values):
    """Numbers of the values of a field that are finite and that are 0, and their weighted sum, of
    logarithms where all values are positive quantities."""
    numbers = np.isfinite(values)
    summed = np.where(numbers, values, 0.0).astype(float)
    zeros = numbers & (summed == 0)
    if not (name.endswith("_dB") or values.dtype.kind in "iub"):
        summed = np.log(np.where(summed == 0, 1.0, np.abs(summed)))
    weights = 1 + (np.arange(values.size) * 0.6180339887498949) % 1
    return int(numbers.sum()), int(zeros.sum()), float((weights * summed.ravel()).sum())


def cases(n_chunks=N_CHUNKS):
    """Name, model and designs of everything that is summed up, and where each chunk but the first
    begins; of the first `n_chunks` of the designs of a device."""
    for device in DEVICES:
        designs = _designs(device, N_DESIGNS, seed=1)
        first = slice(N_DESIGNS * n_chunks // N_CHUNKS)
        begins = np.arange(1, n_chunks) * (N_DESIGNS // N_CHUNKS)
        yield device, _model(NINE, device), {k: v[first] for k, v in designs.items()}, begins
    options: dict[str, Mapping[str, Any]] = {
        **{
            f"without {field.name}": {"switches": replace(Switches(), **{field.name: False})}
            for field in fields(Switches)
        },
        "all off": {"switches": Switches.all_off()},
        "together": {"deployment": "together"},
        "rewritten": {"requests_per_switch": 1},
        "precision": {"input_bits": (8, 5), "weight_bits": (4, 8)},
    }
    for device in DEVICES:
        designs = designs_of_option(device)
        begins = [N_FIRST_OF_OPTION]
        if n_chunks < N_CHUNKS:
            designs, begins = first_of_option(designs), []
        for name, option in options.items():
            yield f"{device}, {name}", _model(networks_of(name), device, **option), designs, begins


def designs_of_option(device):
    """Designs that are evaluated with each option."""
    return _designs(device, N_OF_OPTION, seed=2)


def first_of_option(designs):
    """Designs of the first chunk of an option."""
    return {name: values[:N_FIRST_OF_OPTION] for name, values in designs.items()}


def networks_of(option):
    """Networks on which an option has an effect."""
    return GROUPED if option == "without diagonal_groups" else TWO


def checksums(case):
    """Checksums of a case: `COLUMNS`."""
    name, model, designs, begins = case
    metrics = model.in_full(designs)
    values = {field: getattr(metrics, field) for field in RESOURCES}
    values |= {field: getattr(metrics, field) for field in METRICS}
    sums = [
        (name, field, at, *checksum(field, chunk))
        for field, array in values.items()
        for at, chunk in enumerate(np.split(array, begins))
    ]
    if name in DEVICES and len(begins) == N_CHUNKS - 1:
        runs = np.flatnonzero(metrics.has_capacity.any(axis=1))
        chosen = np.sort(np.random.default_rng(3).choice(runs, N_BROKEN_DOWN, replace=False))
        parts = model.breakdown({column: v[chosen] for column, v in designs.items()})
        sums += [
            (f"{name}, breakdown", field, 0, *checksum(field, getattr(parts, field)))
            for field in BREAKDOWN
        ]
    return pd.DataFrame(sums, columns=COLUMNS)


def stored():
    """Checksums of the golden set."""
    return pd.read_csv(FILE)


def _model(names, device, **options):
    return physical_model(device, WorkloadSet.load(names), table=TABLE, **options)


def _designs(device, n, *, seed):
    rng = np.random.default_rng(seed)
    units = 4 ** rng.integers(2, 7, n)
    designs = random_designs(n, rng, device) | {"mac_units": units}
    # Inputs sent as levels have few bits a slice.
    for name in ("input_coding", *CIRCUIT_KEY):
        if name in designs:
            designs[name] = designs[name][np.arange(n) // max(1, n // N_CIRCUITS)]
    return designs


if __name__ == "__main__":
    golden = pd.concat([checksums(case) for case in cases()])
    golden.to_csv(FILE, index=False, lineterminator="\n")
