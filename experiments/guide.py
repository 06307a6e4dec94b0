"""`imcmoo reproduce guide`: recipes, and the two pages that sum up all publications."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import markdown
from experiments.compare.comparison import OURS, PRIMARY
from experiments.compare.page import DOCS, compared, median
from experiments.devices import chips
from experiments.devices.study import ASKED, best_device
from experiments.edge_networks.page import NETWORKS as EXECUTED
from experiments.edge_networks.page import RECOMMENDED, verdict_by_network
from experiments.generation import DEVICES as GENERATING
from experiments.generation import break_even, first_wins
from experiments.physics.devices import EXTREMES
from experiments.physics.page import area_limit, chip_of, device_ratio, reversing
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.ask.what_if import AS_IT_IS, what_if
from imcmoo.cli.new_command import main as new
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import MACROS
from imcmoo.report import style
from imcmoo.report.answer_card import DRAMS, card_of_certificate
from imcmoo.report.labels import label
from imcmoo.solve.certify import certify
from imcmoo.study.catalogue import find_study
from imcmoo.study.study import Study
from imcmoo.study.vary import Change, vary

ROOT = Path(__file__).parents[1]

CAMERAS = "examples/cameras.toml"
PAIR, TOKENS = "examples/recipes/pair.toml", "examples/recipes/tokens.toml"
"""Studies of the recipes."""

TIME_LIMIT_S = 3600.0
"""Time limit of a proof; none of these takes a hundredth of it."""


@dataclass(frozen=True)
class Recipe:
    """A question about a study that is changed.

    Args:
        name: of its table.
        question: heading on the page.
        study: a file of the checkout, or a name.
        changes: each answered beside the study as it is.
    """

    name: str
    question: str
    study: str
    changes: tuple[Change, ...]

    @property
    def command(self) -> str:
        """The command line that asks it."""
        options = (
            "--set " + ",".join(f"{key}={value}" for key, value in change.items())
            for change in self.changes
        )
        return " ".join(["imcmoo what-if", self.study, *options])


FRAMES = {f"{n}_onnx.rate_Hz": 2 * rate for n, rate in
          {"resnet18": 60, "vgg16": 30, "alexnet": 60, "mobilenet_v3": 30}.items()}  # fmt: skip

RECIPES = (
    Recipe("node", "How much power does a smaller node save?", CAMERAS,
           ({"technology_nm": 22}, {"technology_nm": 7})),
    Recipe("adc_model", "Does the least power depend on the ADC model?", CAMERAS,
           ({"adc_model": "neurosim_sar", "adc_noise": 10},
            {"adc_model": "murmann", "adc_noise": 10})),
    Recipe("adc_energy", "How much does the energy of ADCs change the power?", CAMERAS,
           ({"adc_energy_factor": 0.5}, {"adc_energy_factor": 2})),
    Recipe("bits", "How much power do 4-bit inputs and weights save?", CAMERAS,
           ({"precision": 4},)),
    Recipe("device", "Analog, digital or resistive: which has the least EDAP?", PAIR,
           ({"device": "dimc"}, {"device": "rram"})),
    Recipe("dram", "LPDDR4 or HBM2: which takes less power?", CAMERAS,
           ({"dram": "x16"}, {"dram": "hbm2"})),
    Recipe("networks", "How much power does each further network take?", CAMERAS,
           ({"networks": 1}, {"networks": 2}, {"networks": 3})),
    Recipe("area", "How much power does a smaller chip cost?", CAMERAS,
           ({"area_limit_mm2": 30}, {"area_limit_mm2": 15})),
    Recipe("frames", "How much power do twice as many frames take?", CAMERAS, (FRAMES,)),
    Recipe("batch", "What does a batch of eight change in energy and EDAP?", PAIR, ({"batch": 8},)),
    Recipe("model", "SmolLM: which device has the least energy × latency?", TOKENS,
           ({"device": "rram"}, {"weight_bits": 4})),
)  # fmt: skip

NETWORKS = "resnet18_onnx", "mobilenet_v3_onnx"
FPS, POWER_W = 30, 2
"""Networks and limits of the first recipe, whose study `imcmoo new` writes."""

NEW = "new"

Frames = Mapping[str, pd.DataFrame]


class Guide(Publication):
    """Answers of the recipes; pages that also state numbers of other publications."""

    name = path = "guide"
    tasks = (NEW, *(recipe.name for recipe in RECIPES))
    float_format = "%.10g"

    @property
    def depends_on(self) -> str:
        """The problems of all studies, as they are and under each change."""
        with TemporaryDirectory() as folder:
            studies = [*map(study_of, (CAMERAS, PAIR, TOKENS)), new_study(Path(folder))]
        under = (one for r in RECIPES for one in vary(study_of(r.study), r.changes))
        return dependence(
            (study.problem() for study in studies),
            stamped=(one.problem() for one in under),
        )

    def run_task(self, task: str) -> Result:
        """Answer a recipe."""
        if task == NEW:
            return {NEW: new_card()}
        (recipe,) = (r for r in RECIPES if r.name == task)
        study = study_of(recipe.study)
        return {task: what_if(study, recipe.changes, time_limit_s=TIME_LIMIT_S)}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """The score of each recipe under its changes."""
        return {"recipes": (relative_scores(read_tables(folder)), draw)}

    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """`recipes.md`, `chips.md` and `trust.md`."""
        tables, published = read_tables(folder), home.parent
        return {
            docs / "recipes.md": recipes_page(tables),
            docs / "chips.md": chips_page(published),
            docs / "trust.md": trust_page(published),
        }


def study_of(name: str) -> Study:
    """A study by its name, or by its file in the checkout."""
    study = find_study(str(ROOT / name) if name.endswith(".toml") else name)
    assert isinstance(study, Study)
    return study


def new_study(folder: Path) -> Study:
    """The study that `imcmoo new` writes, in a file of a folder."""
    out = folder / "frames.toml"
    new(argparse.Namespace(networks=[*NETWORKS], fps=[FPS], power=POWER_W, area=None,
                           device="sram", out=out, force=False, quiet=True))  # fmt: skip
    return study_of(str(out))


def new_card() -> pd.DataFrame:
    """The answer card of the study that `imcmoo new` writes: heading and text of each line, but for
    the next command, which names a temporary file."""
    with TemporaryDirectory() as folder:
        study = new_study(Path(folder))
        (certificate,) = certify(study, study.score_name)
        card = card_of_certificate(study, certificate)
    rows = [row for row in card.rows if row[0] != "next"]
    return pd.DataFrame(rows, columns=["heading", "text"])


def relative_scores(tables: Frames) -> pd.DataFrame:
    """Score of each recipe under each change over that of its study as it is; only feasible ones
    of the same criterion. In a batch EDAP counts the energy of one image and the latency of all."""
    rows = []
    for recipe in RECIPES:
        table = tables[recipe.name]
        first = table.iloc[0]
        for change, row in zip(recipe.changes, table.iloc[1:].to_dict("records"), strict=True):
            ratio = row["score"] / first["score"]
            words = in_words(change) + SCORED.get(recipe.study, "")
            rows.append({"recipe": recipe.name, "change": words, "ratio": ratio})
    return pd.DataFrame(rows).dropna(ignore_index=True)


SCORED = {PAIR: " (EDAP)", TOKENS: " (token: energy × latency)"}
"""Score of the recipes of a study, in the figure, where it is not power."""


def in_words(change: Change) -> str:
    """A change as a label; many keys of one kind become one."""
    if change is FRAMES:
        return "twice the rates"
    return ", ".join(f"{key} = {value}" for key, value in change.items())


def draw(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the ratios of all changes, best recipe by recipe."""
    figure = Figure(figsize=(width, 0.6 + 0.17 * len(frame)), layout="constrained")
    ax = figure.subplots()
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    at = np.arange(len(frame))
    ax.hlines(at, np.minimum(frame["ratio"], 1), np.maximum(frame["ratio"], 1), linewidth=1)
    ax.plot(frame["ratio"], at, "o", ms=4)
    ax.set_yticks(at, [str(change) for change in frame["change"]])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(frame) - 0.5, -0.5))
    ax.set_xlabel("relative score (< 1×: better)")
    style.round_ticks(ax.xaxis, "{x:g}×")
    return figure


def recipes_page(tables: Frames) -> str:
    """Write the recipes."""
    return markdown.render(
        "guide/recipes.md",
        guide={r.name: r for r in RECIPES},
        tables=tables,
        card=markdown.rows(tables[NEW]),
        AS_IT_IS=AS_IT_IS,
        DRAMS=DRAMS,
        nm=study_of(CAMERAS).space.fixed["technology_nm"],
        networks=NETWORKS,
        **{"fps": FPS, "power_W": POWER_W, "in_words": in_words, "percent_less": percent_less},
    )


def percent_less(value: float, than: float) -> str:
    """Say how much less or more a value is: "17 % less"."""
    share = value / than - 1
    return f"{abs(100 * share):.0f} % {'less' if share < 0 else 'more'}"


def chips_page(published: Path) -> str:
    """Write the page on which chip to build, from other publications' tables."""
    devices, scenarios = (read_tables(published / name) for name in ("devices", "scenarios"))
    physics, generation = (read_tables(published / name) for name in ("physics", "generation"))
    assumed = {d: markdown.select(devices["ranges"], device=d).set_index("question")["assumed"]
               for d in ("dimc", "rram")}  # fmt: skip
    usual = scenarios["optima"].query("adc_model == 'sar_noise' and dram_idle")
    return markdown.render(
        "guide/chips.md",
        asked=ASKED,
        titles=chips.TITLES,
        proven=devices["chips"],
        ranges=devices["ranges"],
        DRAMS=DRAMS,
        macros=macros,
        snr_dB=memory_cell("sram").snr_limit_dB,
        settled=[
            title
            for question, title in ASKED.items()
            if best_device(markdown.select(devices["ranges"], question=question))
        ],
        reversed=markdown.rows(reversing(physics["sensitivity"], EXTREMES[0])),
        SHARES=SHARES,
        dimc_ahead=(assumed["rram"] / assumed["dimc"]).to_dict(),
        by_interval={n: device_ratio(physics["devices"], n, EXTREMES[1]) for n in ("four", "nine")},
        nm=study_of("four_workload_sram_physical").space.fixed["technology_nm"],
        frames=frames_of(study_of(CAMERAS)),
        nine=chip_of(physics["optima"], "nine_workload_sram_physical"),
        ends=break_even(generation["sizes"]),
        batches=generation["batches"],
        models=generation["models"],
        generated=[
            (model, device, f"{title}, {name}")
            for model, name in {"smollm": "SmolLM", "gpt2": "GPT-2"}.items()
            for device, title in chips.TITLES.items()
        ],
        wins=markdown.row(first_wins(generation["batches"]), device="rram", weight_bits=8),
        generating=GENERATING,
        served=usual,
        limit_mm2={n: area_limit(n, "rram") for n in ("four", "nine")},
    )


SHARES = {
    "sram_mismatch": "mismatch of a cell's capacitor (standard deviation)",
    "sram_read_sigma": "noise of a read (standard deviation, of the range of a cell)",
    "sram_stuck_share": "stuck cells (of all cells)",
}
"""Assumptions on errors of SRAM cells in words; all are shares."""


def macros(chip: Mapping[str, Any], question: str) -> int:
    """Number of macros of a chip; tables leave out parameters that its space does not vary."""
    design = dict(chips.study_of(question, str(chip["device"])).space.fixed) | dict(chip)
    return math.prod(int(design[name]) for name in MACROS)


def frames_of(study: Study) -> dict[float | None, list[str]]:
    """Networks by frames per second."""
    frames: dict[float | None, list[str]] = {}
    for network in study.networks:
        frames.setdefault(network.rate_Hz, []).append(label(network.name))
    return frames


def trust_page(published: Path) -> str:
    """Write the page on costs, accuracy and search, from other publications' tables."""
    silicon, accuracy = (read_tables(published / name) for name in ("silicon", "accuracy"))
    physics, scenarios = (read_tables(published / name) for name in ("physics", "scenarios"))
    certified = read_tables(published / "certified")
    agreement = silicon["agreement"].query(
        "reading == 'default' and calibration == 'none' and state == 'clean'"
    )
    ratio = scenarios["search"].groupby(["scenario", "criterion"])["ratio"]
    return markdown.render(
        "guide/trust.md",
        agreement=agreement.set_index("quantity").to_dict("index"),
        calibrated=silicon["calibrated_macros"],
        works={
            chip: of_networks
            for chip in RECOMMENDED
            if (of_networks := verdict_by_network(accuracy["edge_six_verdicts"], chip))
        },
        chips=RECOMMENDED,
        names=EXECUTED,
        turning=markdown.select(physics["sensitivity"], changes="device")
        .dropna(subset="at")["factor"]
        .unique(),
        macros=markdown.select(silicon["compared"], state="clean", quantity="t_core_ns")
        .groupby("device")
        .size(),
        assumptions=physics["sensitivity"]["factor"].nunique(),
        searched=searched(),
        budget=PRIMARY,
        solved=ratio.agg(lambda r: int((r <= 1 + SOLVED).sum())),
        beyond=ratio.median().max() - 1,
        digital=markdown.row(
            pd.read_csv(published / "devices" / "ranges.csv"), question="nine", device="dimc"
        ),
        seeds=int(ratio.size().max()),
        proofs=certified["proofs"],
    )


SOLVED = 1e-9
"""Share above the optimum up to which a search has found it."""


def searched() -> dict[str, float]:
    """Median over seeds of the largest regret of the search in each enumerated study."""
    medians = {}
    for study in compared(DOCS / "search"):
        table = pd.read_csv(DOCS / "search" / "compare" / study / "summary.csv")
        table = markdown.select(table, counted="designs")
        if PRIMARY in set(table["budget"]):
            medians[study] = median(table, OURS, PRIMARY, "largest_regret")
    return medians
