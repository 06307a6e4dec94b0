"""Random chips by the physical model: distributions, bottlenecks, and which are feasible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Bools
from imcmoo.model.physical.constraints import (
    DEFAULT_AREA_M2,
    DEFAULT_IR_DROP,
    DEFAULT_LEVEL_SIGMAS,
    DEFAULT_SNR_ADC_DB,
)
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import DRAM, SCHEDULES, WEIGHT_CODINGS, space_voltages
from imcmoo.networks.workloads import WorkloadSet

Columns = dict[str, NDArray[Any]]
Line = dict[str, Any]

DESIGNS = 2_000
SEED = 0
DEVICES: tuple[Literal["rram", "sram"], ...] = ("rram", "sram")
NETWORKS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
FIGURE_NETWORK = NETWORKS[0]
NODES_NM = (7, 14, 22, 32, 45)
INPUTS = (
    *((bits, "levels") for bits in (1, 2, 4)),
    *((bits, "pulses") for bits in (1, 2, 4, 8)),
)
STRICT_SNR_ADC_DB = 25.0
"""ADC SQNR that hard tasks need; the default limit is the knee of a small network."""

PERCENTILES = (5, 25, 50, 75, 95)


def sample(n: int, device: str, table: PhysicalTable, rng: np.random.Generator) -> Columns:
    """Sample designs of the extended space, every parameter uniformly over its values.

    Args:
        n: how many.
        device: "rram" or "sram".
        table: has the thresholds that bound the supply voltages.
        rng: random generator.
    """

    def power(low: int, high: int) -> NDArray[Any]:
        return 2 ** rng.integers(low, high + 1, n)

    rows, inputs, node = power(5, 10), rng.integers(0, len(INPUTS), n), rng.choice(NODES_NM, n)
    supplies = {
        nm: space_voltages(float(table.look_up("technology", node_nm=nm)["threshold_V"]))
        for nm in NODES_NM
    }
    of_node = np.array([supplies[nm] for nm in node.tolist()]).reshape(n, -1)
    sram = device == "sram"
    return {
        "technology_nm": node,
        "voltage_V": of_node[np.arange(n), rng.integers(0, of_node.shape[1], n)],
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
        "all networks run": metrics.runs.all(axis=1),
        "area": metrics.area_m2 <= DEFAULT_AREA_M2,
        "SNR of conversion": metrics.snr_adc_dB.min(axis=1) >= DEFAULT_SNR_ADC_DB,
        "levels told apart": metrics.level_sigmas >= DEFAULT_LEVEL_SIGMAS,
        "loss along wires": metrics.ir_drop <= DEFAULT_IR_DROP,
    }


def quantities(metrics: PhysicalMetrics, macs: float, network: int) -> Columns:
    """Return the reported quantities of a network, shape (n,); the unit is in the name."""
    energy, interval = metrics.energy_J[:, network], metrics.interval_s[:, network]
    area = metrics.area_m2
    return {
        "energy_mJ": energy * 1e3,
        "latency_ms": metrics.latency_s[:, network] * 1e3,
        "area_mm2": area * 1e6,
        "power_W_per_mm2": metrics.power_W[:, network] / area * 1e-6,
        "tops_per_W": 2 * macs / energy * 1e-12,
        "tops_per_mm2": 2 * macs / interval / area * 1e-18,
        "snr_adc_dB": metrics.snr_adc_dB[:, network],
        "snr_dB": metrics.snr_dB[:, network],
    }


def distributions(table: PhysicalTable, n: int = DESIGNS) -> dict[str, pd.DataFrame]:
    """Evaluate random designs of both devices.

    Returns:
        "random_designs": columns device, designs (those that run a network, or keep all limits),
        workload, quantity, n and percentiles p5 to p95;
        "random_bounds": device, designs, resource, share of networks on designs whose bottleneck
        it is;
        "random_limits": device, limit, share of designs that keep it;
        "random_causes": device, workload, parameter, value, n, and medians of energy_mJ,
        latency_ms, tops_per_W of all designs with that value.
    """
    names = ("random_designs", "random_bounds", "random_limits", "random_causes")
    lines: dict[str, list[Line]] = {name: [] for name in names}
    networks = WorkloadSet.load(NETWORKS)
    for device in DEVICES:
        model = PhysicalModel(networks, device=device, table=table)
        columns = sample(n, device, table, np.random.default_rng(SEED))
        metrics = model.evaluate(columns)
        limits = kept(metrics)
        feasible = np.logical_and.reduce(list(limits.values()))
        strict = feasible & (metrics.snr_adc_dB.min(axis=1) >= STRICT_SNR_ADC_DB)
        limits |= {"all of them": feasible, "all of them, strict SNR": strict}
        lines["random_limits"] += [
            {"device": device, "limit": name, "share": float(np.mean(keep))}
            for name, keep in limits.items()
        ]
        for designs, chosen in (("all", np.ones(n, bool)), ("feasible", feasible)):
            keys: Line = {"device": device, "designs": designs}
            for w, workload in enumerate(networks.names):
                runs = chosen & metrics.runs[:, w]
                values = quantities(metrics, float(model.macs[w]), w)
                values["active_rows"] = columns["active_rows"]
                lines["random_designs"] += [
                    keys | {"workload": workload, "quantity": name} | percentiles(v[runs])
                    for name, v in values.items()
                ]
                if designs == "all":
                    of_network: Line = {"device": device, "workload": workload}
                    lines["random_causes"] += _by_parameter(of_network, columns, values, runs)
            lines["random_bounds"] += _bottlenecks(keys, metrics.bound_by[chosen])
    return {name: pd.DataFrame(of_table) for name, of_table in lines.items()}


def _by_parameter(keys: Line, columns: Columns, values: Columns, runs: Bools) -> Iterator[Line]:
    """Medians of the designs that share the value of a parameter, of the most influential ones."""
    for parameter in ("technology_nm", "active_rows"):
        for level in np.unique(columns[parameter]):
            at = runs & (columns[parameter] == level)
            medians = {
                name: float(np.median(values[name][at])) if at.any() else float("nan")
                for name in ("energy_mJ", "latency_ms", "tops_per_W")
            }
            yield keys | {"parameter": parameter, "value": int(level), "n": int(at.sum())} | medians


def _bottlenecks(keys: Line, bound_by: NDArray[Any]) -> Iterator[Line]:
    """Shares of networks on designs whose bottleneck is each resource."""
    causes = bound_by[bound_by >= 0]
    for index, cause in enumerate(CAUSES):
        share = float(np.mean(causes == index)) if len(causes) else float("nan")
        yield keys | {"resource": cause, "share": share}


def percentiles(values: NDArray[Any]) -> Line:
    """Count and percentiles of the values that are not NaN."""
    # A conversion without loss has infinite SNR: no interpolation then.
    numbers = values[~np.isnan(values)]
    nothing = [np.nan] * len(PERCENTILES)
    at = np.percentile(numbers, PERCENTILES, method="nearest") if len(numbers) else nothing
    return {"n": len(numbers)} | {f"p{p}": float(v) for p, v in zip(PERCENTILES, at, strict=True)}
