"""`imcmoo reproduce guide`: recipes, and the two pages that sum up all publications."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import markdown
from experiments.compare.comparison import OURS, PRIMARY
from experiments.compare.page import DOCS, compared, median
from experiments.edge_networks.page import NETWORKS as EXECUTED
from experiments.edge_networks.page import RECOMMENDED, verdict_by_network
from experiments.generation import break_even
from experiments.publish import Draw, Publication, Result, dependence, read_tables
from imcmoo.ask.what_if import what_if
from imcmoo.cli.new_command import main as new
from imcmoo.report import style
from imcmoo.report.answer_card import AnswerCard, card_of_certificate
from imcmoo.report.card_lines import DRAMS
from imcmoo.solve.certify import certify
from imcmoo.study.catalogue import find_study
from imcmoo.study.study import Study
from imcmoo.study.vary import Change, vary

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

CAMERA = "camera.toml"
"""Study of the main pages, which `NEW_COMMAND` writes."""

NETWORKS = "resnet18_onnx", "mobilenet_v3_onnx"
FPS, AREA_MM2, DEVICE = 30, 10, "dimc"

NEW_COMMAND = (
    f"imcmoo new {' '.join(NETWORKS)} --fps {FPS} --area {AREA_MM2} --device {DEVICE} "
    f"--out {CAMERA}"
)

TOKENS = "examples/recipes/tokens.toml"
"""Study of the recipe on a language model."""

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


ON_RRAM = {"device": "rram", "deployment": "together", "area_limit_mm2": 800}

RECIPES = (
    Recipe("node", "How much power does another node take?", CAMERA,
           ({"technology_nm": 22}, {"technology_nm": 45})),
    Recipe("device", "Digital, analog or resistive?", CAMERA, ({"device": "sram"}, ON_RRAM)),
    Recipe("bits", "How much power do 4-bit inputs and weights save?", CAMERA,
           ({"precision": 4},)),
    Recipe("dram", "Which DRAM?", CAMERA, ({"dram": "x64"}, {"dram": "hbm2"})),
    Recipe("networks", "How much power does the second network take?", CAMERA, ({"networks": 1},)),
    Recipe("area", "How much power does a smaller chip cost?", CAMERA,
           ({"area_limit_mm2": 5}, {"area_limit_mm2": 20})),
    Recipe("frames", "How much power do twice as many frames take?", CAMERA, ({"rate_Hz": 60},)),
    Recipe("batch", "How much power do batches of eight save?", CAMERA,
           ({"batch": 8, "rate_Hz": 3.75},)),
    Recipe("voltage", "What if the supply voltage is fixed?", CAMERA, ({"voltage_V": 0.9},)),
    Recipe("adc_model", "How far does analog SRAM depend on the ADC model?", CAMERA,
           ({"device": "sram"}, {"device": "sram", "adc_energy_factor": 2},
            {"device": "sram", "adc_model": "neurosim_sar", "adc_noise": 10},
            {"device": "sram", "adc_model": "murmann", "adc_noise": 10})),
    Recipe("model", "Which device for a language model?", TOKENS,
           ({"device": "rram"}, {"weight_bits": 4})),
)  # fmt: skip

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
            studies = [study_of(TOKENS), new_study(Path(folder))]
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
        """`recipes.md`, `chips.md` and `trust.md`; the card on the first page and in the README."""
        tables, published = read_tables(folder), home.parent
        with_cards = {docs / "index.md": DOCS / "index.md", docs.parent / "README.md": README}
        return {
            **{page: with_card(text, tables[NEW]) for page, text in with_cards.items()},
            docs / "recipes.md": recipes_page(tables),
            docs / "chips.md": chips_page(published),
            docs / "trust.md": trust_page(published),
        }


@cache
def study_of(name: str) -> Study:
    """A study by its name, by its file in the checkout, or the one that `NEW_COMMAND` writes."""
    if name == CAMERA:
        with TemporaryDirectory() as folder:
            return new_study(Path(folder))
    study = find_study(str(ROOT / name) if name.endswith(".toml") else name)
    assert isinstance(study, Study)
    return study


def new_study(folder: Path) -> Study:
    """The study that `NEW_COMMAND` writes, in a file of a folder."""
    out = folder / CAMERA
    new(argparse.Namespace(networks=[*NETWORKS], fps=[FPS], power=None, area=AREA_MM2,
                           device=DEVICE, out=out, force=False, quiet=True))  # fmt: skip
    study = find_study(str(out))
    assert isinstance(study, Study)
    return study


def new_card() -> pd.DataFrame:
    """The answer card of the study that `NEW_COMMAND` writes: its title, with an empty heading, and
    heading and text of each line."""
    with TemporaryDirectory() as folder:
        study = new_study(Path(folder))
        (certificate,) = certify(study, study.score_name)
        card = card_of_certificate(study, certificate)
    lines = [(heading, text.replace(str(study.file), CAMERA)) for heading, text in card.rows]
    return pd.DataFrame([("", card.title), *lines], columns=["heading", "text"])


MARKED_CARD = re.compile(r"(<!-- card -->\n).*?(<!-- end -->)", re.DOTALL)

CARD_WIDTH = 100
"""Columns of the card on pages."""


def with_card(page: Path, lines: pd.DataFrame) -> str:
    """The text of a page with the card between its marks."""
    (_, title), *rows = lines.fillna("").itertuples(index=False, name=None)
    block = f"```text\n{AnswerCard(title, tuple(rows)).text(CARD_WIDTH)}\n```"
    text = page.read_text(encoding="utf-8")
    return MARKED_CARD.sub(lambda match: f"{match[1]}\n{block}\n\n{match[2]}", text)


def relative_scores(tables: Frames) -> pd.DataFrame:
    """Score of each recipe under each change over that of its study as it is; only feasible ones
    of the same criterion. In a batch EDAP counts the energy of one image and the latency of all."""
    rows = []
    for recipe in RECIPES:
        table = tables[recipe.name]
        first = table.iloc[0]
        for change, row in zip(recipe.changes, table.iloc[1:].to_dict("records"), strict=True):
            ratio = row["score"] / first["score"]
            (key, value), *others = change.items()
            words = ", ".join([f"{key} = {value}", *(str(other) for _, other in others)])
            words += SCORED.get(recipe.study, "")
            rows.append({"recipe": recipe.name, "change": words, "ratio": ratio})
    return pd.DataFrame(rows).dropna(ignore_index=True)


SCORED = {TOKENS: " (energy × latency)"}
"""Score of the recipes of a study, in the figure, where it is not power."""


def in_words(change: Change) -> str:
    """A change as a label."""
    return ", ".join(f"{key} = {value}" for key, value in change.items())


def draw(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the ratios of all changes, recipe by recipe."""
    figure = Figure(figsize=(width, 0.6 + 0.17 * len(frame)), layout="constrained")
    ax = figure.subplots()
    ax.axvline(1, color="0.6", linewidth=0.6, zorder=0)
    at = np.arange(len(frame))
    ax.hlines(at, np.minimum(frame["ratio"], 1), np.maximum(frame["ratio"], 1), linewidth=1)
    ax.plot(frame["ratio"], at, "o", ms=4)
    ax.set_yticks(at, [str(change) for change in frame["change"]])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(len(frame) - 0.5, -0.5))
    ax.set_xlabel("relative score")
    style.round_ticks(ax.xaxis, "{x:g}×")
    return figure


def recipes_page(tables: Frames) -> str:
    """Write the recipes."""
    return markdown.render(
        "guide/recipes.md",
        guide={r.name: r for r in RECIPES},
        tables=tables,
        DRAMS=DRAMS,
        new_command=NEW_COMMAND,
        in_words=in_words,
        percent_less=percent_less,
    )


def percent_less(value: float, than: float) -> str:
    """Say how much less or more a value is: "17 % less"."""
    share = value / than - 1
    return f"{abs(100 * share):.0f} % {'less' if share < 0 else 'more'}"


def chips_page(published: Path) -> str:
    """Write the page on which chip to build, from other publications' tables."""
    ranges = pd.read_csv(published / "devices" / "ranges.csv")
    generation = read_tables(published / "generation")
    return markdown.render(
        "guide/chips.md",
        ranges=ranges,
        ends=break_even(generation["sizes"]),
        streamed=markdown.row(generation["batches"], device="sram", weight_bits=8, batch=1),
        new_command=NEW_COMMAND,
    )


def trust_page(published: Path) -> str:
    """Write the page on costs, accuracy and search, from other publications' tables."""
    silicon, accuracy = (read_tables(published / name) for name in ("silicon", "accuracy"))
    physics, scenarios = (read_tables(published / name) for name in ("physics", "scenarios"))
    agreement = silicon["agreement"].query(
        "reading == 'default' and calibration == 'none' and state == 'clean'"
    )
    ratio = scenarios["search"].groupby(["scenario", "criterion"])["ratio"]
    return markdown.render(
        "guide/trust.md",
        agreement=agreement.set_index("quantity").to_dict("index"),
        works={
            chip: of_networks
            for chip in RECOMMENDED
            if (of_networks := verdict_by_network(accuracy["edge_six_verdicts"], chip))
        },
        names=EXECUTED,
        turning=markdown.select(physics["sensitivity"], changes="device")
        .dropna(subset="at")["factor"]
        .unique(),
        assumptions=physics["sensitivity"]["factor"].nunique(),
        searched=searched(),
        budget=PRIMARY,
        solved=ratio.agg(lambda r: int((r <= 1 + SOLVED).sum())),
        seeds=int(ratio.size().max()),
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
