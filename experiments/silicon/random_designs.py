"""Random chips by the physical model: distributions, bottlenecks, and which are feasible."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.arrays import Bools
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.units import to_si
from imcmoo.model.physical.batch import PhysicalMetrics
from imcmoo.model.physical.constraints import (
    DEFAULT_IR_DROP,
    DEFAULT_LEVEL_SIGMAS,
    DEFAULT_SNR_ADC_DB,
)
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import DRAM, SCHEDULES, SPACE_VOLTAGES, WEIGHT_CODINGS
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.study.study import Study

Columns = dict[str, NDArray[Any]]
Device = Literal["rram", "sram"]

LARGEST_M2 = to_si("m2", Study.model_fields["area_limit_mm2"].default)

DESIGNS = 2_000
SEED = 0
DEVICES: tuple[Device, ...] = ("rram", "sram")
NETWORKS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
FIGURE_NETWORK = NETWORKS[0]
NODES_NM = (7, 14, 22, 32, 45)
INPUTS = (
    *((bits, "levels") for bits in (1, 2, 4)),
    *((bits, "pulses") for bits in (1, 2, 4, 8)),
)
STRICT_SNR_ADC_DB = 25.0
"""ADC SQNR that hard tasks need; the default limit is the knee of a small network."""

MOST_INFLUENTIAL = ("technology_nm", "active_rows")
"""Parameters by whose values designs are summed up."""

PERCENTILES = (5, 25, 50, 75, 95)


def sample(n: int, device: str, rng: np.random.Generator) -> Columns:
    """Sample designs of the extended space, every parameter uniformly over its values."""

    def power(low: int, high: int) -> NDArray[Any]:
        return 2 ** rng.integers(low, high + 1, n)

    rows, inputs, node = power(5, 10), rng.integers(0, len(INPUTS), n), rng.choice(NODES_NM, n)
    sram = device == "sram"
    return {
        "technology_nm": node,
        "voltage_V": rng.choice(SPACE_VOLTAGES, n),
        "rows": rows,
        "cols": power(5, 10),
        "active_rows": np.maximum(rows // power(0, 5), 1),
        "bits_per_cell": np.ones(n, int) if sram else rng.integers(1, 5, n),
        "weight_coding": rng.choice(WEIGHT_CODINGS, n),
        "input_slice_bits": np.array([bits for bits, _ in INPUTS])[inputs],
        "input_coding": np.array([coding for _, coding in INPUTS])[inputs],
        "adc_bits": rng.integers(3, 11, n),
        "columns_per_adc": power(0, 6),
        "sample_and_hold": rng.integers(0, 2, n),
        "ping_pong": rng.integers(0, 2, n) * sram,
        "macros_per_tile": power(2, 7),
        "tiles_per_group": power(1, 6),
        "router_groups": power(0, 6),
        "glb_KiB": power(8, 15),
        "glb_banks": power(0, 4),
        "link_bits": power(5, 9),
        "dram": rng.choice(DRAM, n),
        "schedule": rng.choice(SCHEDULES, n),
    }


def kept(metrics: PhysicalMetrics) -> dict[str, Bools]:
    """Check which designs keep each of a study's default limits, for all networks."""
    return {
        "all networks run": metrics.has_capacity.all(axis=1),
        "area": metrics.area_m2 <= LARGEST_M2,
        "SNR of conversion": metrics.snr_adc_dB.min(axis=1) >= DEFAULT_SNR_ADC_DB,
        "levels told apart": metrics.level_sigmas >= DEFAULT_LEVEL_SIGMAS,
        "loss along wires": metrics.ir_drop <= DEFAULT_IR_DROP,
    }


def quantities(metrics: PhysicalMetrics, macs: float, network: int) -> pd.DataFrame:
    """Reported quantities of a network by design, with the unit in the name; NaN where not run."""
    energy, interval = metrics.energy_J[:, network], metrics.interval_s[:, network]
    area = metrics.area_m2
    values = {
        "energy_mJ": energy * 1e3,
        "latency_ms": metrics.latency_s[:, network] * 1e3,
        "area_mm2": area * 1e6,
        "power_W_per_mm2": metrics.power_W[:, network] / area * 1e-6,
        "tops_per_W": 2 * macs / energy * 1e-12,
        "tops_per_mm2": 2 * macs / interval / area * 1e-18,
        "snr_adc_dB": metrics.snr_adc_dB[:, network],
        "snr_dB": metrics.snr_dB[:, network],
    }
    return pd.DataFrame(values)


def distributions(
    device: Device, table: PhysicalTable, n: int = DESIGNS
) -> dict[str, pd.DataFrame]:
    """Evaluate random designs of a device.

    Returns:
        "random_designs": columns device, designs (those that run a network, or keep all limits),
        workload, quantity, n and percentiles p5 to p95; "random_bounds": device, designs, resource,
        share of networks on designs whose bottleneck it is; "random_limits": device, limit, share
        of designs that keep it; "random_causes": device, workload, parameter, value, n, and medians
        of energy_mJ, latency_ms, tops_per_W of all designs with that value.
    """
    networks = WorkloadSet.load(NETWORKS)
    model = PhysicalEvaluator(device, networks, table=table)
    columns = sample(n, device, np.random.default_rng(SEED))
    metrics = model.in_full(columns)
    limits = pd.DataFrame(kept(metrics))
    feasible = limits.all(axis=1)
    strict = metrics.snr_adc_dB.min(axis=1) >= STRICT_SNR_ADC_DB
    limits["all of them"], limits["all of them, strict SNR"] = feasible, feasible & strict
    by_network = {
        name: quantities(metrics, float(model.macs[w]), w).assign(
            active_rows=columns["active_rows"]
        )
        for w, name in enumerate(networks.names)
    }
    designs = {"all": np.ones(n, bool), "feasible": feasible.to_numpy()}
    distribution = {
        (kind, name): percentiles(values[chosen & metrics.has_capacity[:, w]])
        for kind, chosen in designs.items()
        for w, (name, values) in enumerate(by_network.items())
    }
    bounds = {kind: _bottlenecks(metrics.bound_by[chosen]) for kind, chosen in designs.items()}
    causes = {
        (name, parameter): _by_value(columns[parameter], values)
        for name, values in by_network.items()
        for parameter in MOST_INFLUENTIAL
    }
    tables = {
        "random_designs": pd.concat(distribution, names=["designs", "workload", "quantity"]),
        "random_bounds": pd.concat(bounds, names=["designs", "resource"]),
        "random_limits": limits.mean().rename_axis("limit").to_frame("share"),
        "random_causes": pd.concat(causes, names=["workload", "parameter", "value"]),
    }
    return {
        name: pd.concat({device: table}, names=["device"]).reset_index()
        for name, table in tables.items()
    }


def _by_value(parameter: NDArray[Any], values: pd.DataFrame) -> pd.DataFrame:
    """Number of the designs that share a value of a parameter, and their medians."""
    grouped = values[["energy_mJ", "latency_ms", "tops_per_W"]].groupby(parameter)
    medians = grouped.median()
    medians.insert(0, "n", grouped["energy_mJ"].count())
    return medians


def _bottlenecks(bound_by: NDArray[Any]) -> pd.DataFrame:
    """Shares of networks on designs whose bottleneck is each resource."""
    causes = pd.Categorical.from_codes(bound_by[bound_by >= 0], pd.Index(CAUSES))
    return pd.Series(causes).value_counts(normalize=True, sort=False).to_frame("share")


def percentiles(values: pd.DataFrame) -> pd.DataFrame:
    """Count and percentiles, n and p5 to p95, of the values of each column that are not NaN."""
    # A conversion without loss has infinite SNR: no interpolation then.
    shares = [p / 100 for p in PERCENTILES]
    table = values.quantile(shares, interpolation="nearest").T
    table.columns = pd.Index([f"p{p}" for p in PERCENTILES])
    table.insert(0, "n", values.count())
    return table
