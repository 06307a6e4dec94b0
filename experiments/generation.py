"""`imcmoo reproduce generation`: best chips for language models, and when their weights stay."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import markdown
from experiments.agreement import of_a_model
from experiments.devices.chips import TITLES
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.exact.branch_and_bound import prove
from imcmoo.io.units import MM2_PER_M2
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.networks.published_models import CONFIGS, GENERATED, PROMPT, generation
from imcmoo.networks.workloads import Workload, WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.report import style
from imcmoo.study.study import Study

SMALL = "smollm"
"""The model of all batches and precisions, and whose blocks models of other sizes have."""

DEVICES = TITLES | {"rram_snr": "RRAM, SNR as on SRAM"}
"""Devices by name: the last keeps the limit of compute SNR of SRAM, with cells in parallel."""

REDUNDANCY = (1, 2, 4)
"""Cells in parallel that the last of `DEVICES` chooses from."""

BITS = 4, 8
BATCHES = 1, 2, 4, 8, 16, 32, 64, 128
SIZES = tuple(2**n * 1_000_000 for n in range(2, 11))
"""Weights of models of other sizes, from 4 to 1,024 million."""

KINDS_OF_SIZES = ((8, 1), (4, 1), (8, 16))
"""Weight bits and batch of models of other sizes."""

KINDS = ("batches", "models", "prefill")
"""Tables of a device besides that of sizes."""

CLOSE = 1.03
"""Largest ratio between a model whose weights stay and the next larger one whose do not."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A network on the chips of a device.

    Args:
        device: one of `DEVICES`.
        model: one of `CONFIGS`.
        weight_count: weights of a model of another size; see `published_models.generation`.
        weight_bits: precision of the weights; inputs, keys and values have 8 bits.
        batch: sequences.
        phase: `prefill` or `decode`.
    """

    device: str
    model: str = SMALL
    weight_count: int | None = None
    weight_bits: int = 8
    batch: int = 1
    phase: str = "decode"

    @property
    def network(self) -> Workload:
        """The table of the phase."""
        made = generation(self.model, batch=self.batch, weight_count=self.weight_count)
        return made.prefill if self.phase == "prefill" else made.step

    def problem(self) -> AcceleratorProblem:
        """The design problem: least energy × latency of the network, within 800 mm²."""
        device, _, with_limit = self.device.partition("_")
        space: dict[str, Any] = {"base": f"{device}_generation"}
        settings: dict[str, Any] = {}
        if with_limit:
            space["redundancy"] = list(REDUNDANCY)
            settings["compute_snr_limit_dB"] = memory_cell("sram").snr_limit_dB
        table = self.network
        study = Study(
            name="generation",
            model="physical",
            device=device,
            space=space,
            score={"energy": 1, "latency": 1},
            networks=[{"source": table.name, "weight_bits": self.weight_bits}],
            **settings,
        )
        return study.problem(study.cost_model(WorkloadSet((table,))))

    def best(self) -> Row:
        """The proven best chip: what it costs, and if weights stay; only `feasible` without one."""
        began = time.process_time()
        problem = self.problem()
        proof = prove(problem, "score")
        row = {**asdict(self), "weight_count": self.network.weights}
        row["feasible"] = proof.levels is not None
        row["cpu_s"] = round(time.process_time() - began, 2)
        if proof.levels is None:
            return row
        return row | {"value": proof.value, "bound": proof.bound} | chip(problem, proof.levels)


def chip(problem: AcceleratorProblem, levels: Any) -> Row:
    """Costs and parameters of the chip of a proof, for a problem of one network.

    Returns:
        stays (no weights are streamed), energy_J and latency_s of an inference, token_energy_J (of
        one sequence), dram_share of the energy, floor_share of the latency (least time of DRAM),
        area_mm2, bound_by, snr_dB, and the parameters.
    """
    design = np.atleast_2d(levels)[:1]
    metrics, costs = problem.model.evaluate(design), problem.model.breakdown(design)
    assert costs is not None, "the physical model has a breakdown"
    energy, latency = metrics.energy_J[0, 0], metrics.latency_s[0, 0]
    of_dram = np.nansum(costs.energy_J[0], axis=0)[costs.components.index("dram")]
    details = {name: values[0, 0] for name, values in costs.details.items()}
    (batch,) = problem.model.images
    (parameters,) = problem.space.designs(design)
    return {
        "stays": details["streamed"] == "no",
        "energy_J": energy,
        "latency_s": latency,
        "token_energy_J": energy / batch,
        "dram_share": of_dram / energy,
        "floor_share": details["dram_floor_s"] / latency,
        "area_mm2": metrics.area_m2[0] * MM2_PER_M2,
        "bound_by": details["bound_by"],
        "snr_dB": details["snr_dB"],
        **{name: parameters[name] for name in problem.space.names},
    }


def sizes(case: Case) -> Iterator[Row]:
    """Best chips for models of all `SIZES`, and of those around the largest whose weights stay."""
    rows = [one.best() for one in of_sizes(case)]
    stay = [bool(row.get("stays")) for row in rows]
    if stay[0] and not all(stay):
        at = stay.index(False)
        low, high = SIZES[at - 1], SIZES[at]
        while high > CLOSE * low:
            middle = round((low * high) ** 0.5)
            rows.append(replace(case, weight_count=middle).best())
            low, high = (middle, high) if rows[-1].get("stays") else (low, middle)
    yield from sorted(rows, key=lambda row: row["weight_count"])


def of_sizes(case: Case) -> Iterator[Case]:
    """The case with models of all `SIZES`."""
    return (replace(case, weight_count=size) for size in SIZES)


def cases(kind: str, device: str) -> Iterator[Case]:
    """Cases of a table of a device: `batches`, `models` or `prefill`."""
    if kind == "batches":
        for bits in BITS:
            for batch in BATCHES:
                yield Case(device, weight_bits=bits, batch=batch)
    else:
        phase = "prefill" if kind == "prefill" else "decode"
        for model in CONFIGS:
            yield Case(device, model, phase=phase)


def all_cases() -> Iterator[Case]:
    """Cases that are known before any is solved, in a fixed order."""
    for device in DEVICES:
        for bits, batch in KINDS_OF_SIZES:
            yield from of_sizes(Case(device, weight_bits=bits, batch=batch))
        for kind in KINDS:
            yield from cases(kind, device)


class GenerationChips(Publication):
    """Proven best chips for prefill and step of language models of several sizes."""

    name = path = "generation"
    tasks = (
        *(("sizes", d, *how) for d in DEVICES for how in KINDS_OF_SIZES),
        *((kind, d) for d in DEVICES for kind in KINDS),
    )
    float_format = "%.10g"

    @property
    def depends_on(self) -> str:
        """The problems of all cases, but models between those of `SIZES`."""
        smallest = (Case(device).problem() for device in DEVICES)
        return dependence(smallest, stamped=(case.problem() for case in all_cases()))

    def run_task(self, task: tuple[Any, ...]) -> Result:
        """Prove the best chips of a table on one device."""
        kind, device, *how = task
        if kind == "sizes":
            bits, batch = how
            return {kind: pd.DataFrame(sizes(Case(device, weight_bits=bits, batch=batch)))}
        return {kind: pd.DataFrame([case.best() for case in cases(kind, device)])}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """Energy of a token by size of the model."""
        columns = ["device", "weight_bits", "batch", "weight_count", "stays", "token_energy_J"]
        tables = read_tables(folder)
        shown = tables["sizes"][tables["sizes"]["feasible"]]
        return {"sizes": (shown[columns].reset_index(drop=True), draw_sizes)}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`generation.md`."""
        return {docs / "generation.md": page(read_tables(folder))}


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Write the page."""
    sizes = of_all_devices(tables["sizes"])
    return markdown.render(
        "generation.md",
        sizes=sizes,
        less=where_rram_takes_less(sizes),
        each_pJ=energy_of_weights(tables["sizes"]),
        **{name: tables[name] for name in KINDS},
        **{"DEVICES": DEVICES, "BATCHES": BATCHES, "SMALL": SMALL, "CONFIGS": CONFIGS},
        **{"PROMPT": PROMPT, "GENERATED": GENERATED, "CLOSE": CLOSE},
        ends=break_even(tables["sizes"]),
        wins=first_wins(tables["batches"]),
        cpu_s=sum(table["cpu_s"].sum() for table in tables.values()),
        snr_dB=memory_cell("sram").snr_limit_dB,
        model=of_a_model(),
    )


def break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Find the largest model whose weights stay, by device, weight bits and batch.

    Returns:
        Columns of the three; weight_count, token_energy_J and latency_s of the largest model whose
        weights stay (NaN if of none), and the same with `_beyond` of the smallest larger one.
    """
    keys = ["device", "weight_bits", "batch"]
    figures = ["weight_count", "token_energy_J", "latency_s"]
    rows = []
    for key, group in table.groupby(keys, sort=False):
        ordered = group.sort_values("weight_count")
        stays = ordered["stays"].fillna(value=False).astype(bool)
        kept = ordered[stays].tail(1)
        largest = kept["weight_count"].max() if len(kept) else 0
        beyond = ordered[ordered["weight_count"] > largest].head(1)
        row = dict(zip(keys, key, strict=True))
        for suffix, one in (("", kept), ("_beyond", beyond)):
            row |= {f"{n}{suffix}": one[n].iloc[0] if len(one) else np.nan for n in figures}
        rows.append(row)
    return pd.DataFrame(rows)


def of_all_devices(table: pd.DataFrame) -> pd.DataFrame:
    """Select rows of 8 bits and one sequence whose size of the model all devices have."""
    one = markdown.select(table, weight_bits=8, batch=1)
    of_each = one.groupby("weight_count")["device"].nunique()
    return one[one["weight_count"].isin(of_each.index[of_each == len(DEVICES)])]


def where_rram_takes_less(sizes: pd.DataFrame) -> dict[str, list[float]]:
    """Sizes of models for which RRAM beats digital SRAM, by energy of a token (`energy`) and by its
    product with the time of a step (`product`)."""
    rram, dimc = (
        markdown.select(sizes, device=device).set_index("weight_count")
        for device in ("rram", "dimc")
    )
    columns = {"energy": "token_energy_J", "product": "value"}
    return {
        name: rram.index[(rram[column] < dimc[column].reindex(rram.index))].tolist()
        for name, column in columns.items()
    }


def energy_of_weights(table: pd.DataFrame) -> dict[bool, list[float]]:
    """Energy of a token for each weight, pJ, on SRAM chips of 8 bits and one sequence, by whether
    weights stay."""
    one = markdown.select(table, weight_bits=8, batch=1)
    one = one[one["device"].isin(["sram", "dimc"])]
    each_pJ = 1e12 * one["token_energy_J"] / one["weight_count"]
    return {stays: each_pJ[one["stays"] == stays].tolist() for stays in (True, False)}


def first_wins(table: pd.DataFrame) -> pd.DataFrame:
    """Smallest batch at which digital SRAM beats RRAM, by device of RRAM and weight bits.

    Returns:
        Columns device, weight_bits, energy (by energy of a token) and product (by its product with
        the time of a step); NaN if RRAM is better at all batches, or has no chip.
    """
    rivals = table[table["device"] == "dimc"].set_index(["weight_bits", "batch"])
    rows = []
    for key, group in table[table["device"].str.startswith("rram")].groupby(
        ["device", "weight_bits"], sort=False
    ):
        mine = group.set_index(["weight_bits", "batch"])
        theirs = rivals.loc[mine.index]
        row = dict(zip(("device", "weight_bits"), key, strict=True))
        for name, column in (("energy", "token_energy_J"), ("product", "value")):
            loses = (mine[column] > theirs[column]).to_numpy()
            batches = mine.index.get_level_values("batch").to_numpy()
            row[name] = float(batches[loses].min()) if loses.any() else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def draw_sizes(frame: pd.DataFrame, width: float) -> Figure:
    """Draw energy of a token for each weight over the size of the model, by precision and batch."""
    kinds = list(dict.fromkeys(zip(frame["weight_bits"], frame["batch"], strict=True)))
    is_wide = width > style.COLUMN
    rows = 1 if is_wide else len(kinds)
    figure = Figure(figsize=(width, 0.7 + 1.7 * rows), layout="constrained")
    panels = figure.subplots(rows, len(kinds) // rows, sharex=True, sharey=True, squeeze=False)
    for ax, (bits, batch) in zip(panels.ravel(), kinds, strict=True):
        _sizes(ax, frame[(frame["weight_bits"] == bits) & (frame["batch"] == batch)])
        ax.set_title(f"weights of {bits} bits, batch {batch}")
    for ax in panels[-1]:
        ax.set_xlabel("weights of the model (millions)")
    for ax in panels[:, 0]:
        ax.set_ylabel("pJ a token and weight")
    style.legend_below(figure, panels.ravel()[0], title="filled: weights stay; hollow: they stream")
    return figure


def _sizes(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw a line for each device in one panel."""
    styles = style.workload_styles(list(DEVICES))
    for (device, name), (colour, marker) in zip(DEVICES.items(), styles, strict=False):
        rows = frame[frame["device"] == device].sort_values("weight_count")
        millions = rows["weight_count"] / 1e6
        energy = 1e12 * rows["token_energy_J"] / rows["weight_count"]
        ax.plot(millions, energy, color=colour, lw=0.8, marker=marker, ms=3.5, mew=0.7, label=name)
        streams = ~rows["stays"].astype(bool)
        ax.plot(millions[streams], energy[streams], marker, color=colour, mfc="white", ms=3.5,
                mew=0.7)  # fmt: skip
    ax.set(xscale="log", yscale="log")
    style.round_ticks(ax.xaxis, "{x:g}")
    style.round_ticks(ax.yaxis, "{x:g}")
    style.open_sides(ax)
