"""What the model says of random chips: distributions, what binds, what is feasible."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.limits import (
    DEFAULT_AREA_M2,
    DEFAULT_IR_DROP,
    DEFAULT_LEVEL_SIGMAS,
    DEFAULT_SNR_ADC_DB,
)
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import DRAM, SCHEDULES, WEIGHT_CODINGS, space_voltages
from imcmoo.model.physical.timing import CAUSES
from imcmoo.networks.workloads import WorkloadSet

Columns = dict[str, NDArray[Any]]
Bools = NDArray[np.bool_]
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
"""Signal to noise of conversion that hard tasks need; a small network's knee is the default."""

PERCENTILES = (5, 25, 50, 75, 95)


def sample(n: int, device: str, table: PhysicalTable, rng: np.random.Generator) -> Columns:
    """Random designs of the extended space, every parameter evenly over its levels.

    Args:
        n: how many.
        device: "rram" or "sram".
        table: has the thresholds that bound the supplies.
        rng: of the run.
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


def kept(found: PhysicalMetrics) -> dict[str, Bools]:
    """Which designs keep each of a study's default limits, for all networks."""
    return {
        "all networks run": found.runs.all(axis=1),
        "area": found.area_m2 <= DEFAULT_AREA_M2,
        "SNR of conversion": found.snr_adc_dB.min(axis=1) >= DEFAULT_SNR_ADC_DB,
        "levels told apart": found.level_sigmas >= DEFAULT_LEVEL_SIGMAS,
        "loss along wires": found.ir_drop <= DEFAULT_IR_DROP,
    }


def quantities(found: PhysicalMetrics, macs: float, network: int) -> dict[str, NDArray[Any]]:
    """What is told of a network on every design, arrays of shape (n,); the unit is in the name."""
    energy, interval = found.energy_J[:, network], found.interval_s[:, network]
    area = found.area_m2
    return {
        "energy_mJ": energy * 1e3,
        "latency_ms": found.latency_s[:, network] * 1e3,
        "area_mm2": area * 1e6,
        "power_W_per_mm2": found.power_W[:, network] / area * 1e-6,
        "tops_per_W": 2 * macs / energy * 1e-12,
        "tops_per_mm2": 2 * macs / interval / area * 1e-18,
        "snr_adc_dB": found.snr_adc_dB[:, network],
        "snr_dB": found.snr_dB[:, network],
    }


def distributions(table: PhysicalTable, n: int = DESIGNS) -> dict[str, pd.DataFrame]:
    """Evaluate random designs of both devices.

    Returns:
        "random_designs": columns device, designs (those that run a network, or keep all limits),
        workload, quantity, n and percentiles p5 to p95;
        "random_bounds": device, designs, resource, share of networks on designs it binds;
        "random_limits": device, limit, share of designs that keep it;
        "random_causes": device, workload, parameter, value, n, and medians of energy_mJ,
        latency_ms, tops_per_W of all designs with that value.
    """
    networks = WorkloadSet.load(NETWORKS)
    spread: list[Line] = []
    bounds: list[Line] = []
    shares: list[Line] = []
    causes: list[Line] = []
    for device in DEVICES:
        model = PhysicalModel(networks, device=device, table=table)
        columns = sample(n, device, table, np.random.default_rng(SEED))
        found = model.evaluate(columns)
        limits = kept(found)
        feasible = np.logical_and.reduce(list(limits.values()))
        strict = feasible & (found.snr_adc_dB.min(axis=1) >= STRICT_SNR_ADC_DB)
        told_of = limits | {"all of them": feasible, "all of them, strict SNR": strict}
        shares += [
            {"device": device, "limit": name, "share": float(np.mean(keep))}
            for name, keep in told_of.items()
        ]
        for told, chosen in (("all", np.ones(n, bool)), ("feasible", feasible)):
            here: Line = {"device": device, "designs": told}
            for index, workload in enumerate(networks.names):
                runs = chosen & found.runs[:, index]
                values = quantities(found, float(model.macs[index]), index)
                values["active_rows"] = columns["active_rows"]
                spread += [
                    here | {"workload": workload, "quantity": name} | percentiles(v[runs])
                    for name, v in values.items()
                ]
                if told == "all":
                    causes += _by_parameter(device, workload, columns, values, runs)
            bound = found.bound_by[chosen]
            bound = bound[bound >= 0]
            bounds += [
                here | {"resource": cause, "share": _share(bound == index)}
                for index, cause in enumerate(CAUSES)
            ]
    return {
        "random_designs": pd.DataFrame(spread),
        "random_bounds": pd.DataFrame(bounds),
        "random_limits": pd.DataFrame(shares),
        "random_causes": pd.DataFrame(causes),
    }


def _by_parameter(
    device: str, workload: str, columns: Columns, values: Columns, runs: Bools
) -> list[Line]:
    """Medians of the designs that share a parameter's value, of those that move most."""
    lines: list[Line] = []
    for parameter in ("technology_nm", "active_rows"):
        for level in np.unique(columns[parameter]):
            here = runs & (columns[parameter] == level)
            medians = {
                name: float(np.median(values[name][here])) if here.any() else float("nan")
                for name in ("energy_mJ", "latency_ms", "tops_per_W")
            }
            lines.append(
                {
                    "device": device,
                    "workload": workload,
                    "parameter": parameter,
                    "value": int(level),
                    "n": int(here.sum()),
                }
                | medians
            )
    return lines


def percentiles(values: NDArray[Any]) -> Line:
    """Number and percentiles of values that are there."""
    # A conversion that loses nothing has infinite signal to noise: no interpolation then.
    told = values[~np.isnan(values)]
    nothing = [np.nan] * len(PERCENTILES)
    at = np.percentile(told, PERCENTILES, method="nearest") if len(told) else nothing
    return {"n": len(told)} | {f"p{p}": float(v) for p, v in zip(PERCENTILES, at, strict=True)}


def _share(binds: Bools) -> float:
    return float(np.mean(binds)) if len(binds) else float("nan")
