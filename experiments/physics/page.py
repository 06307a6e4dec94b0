"""`docs/physical.md`: what the physical studies answer, every number from the published tables.

Studies can be asked with each converter model. The default one's tables are in `physics` and its
page is `physical.md`, which also says what changes with the others; theirs are in `physics_NAME`
and `physical_NAME.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.paper.markdown import area, number, percent, table, times
from experiments.physics import answers
from experiments.physics.converters import with_others
from experiments.physics.optima import CRITERIA
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.report.labels import label

DEFAULT_ADC = "zigzag"
CONFIG = "config.json"
"""Written last: where it stands, all tables beside it are of one state of the code."""

PUBLISHED_ADC_SHARES = "16 to 61 %"
"""Of published chips, as docs/silicon.md and its sources have it."""

HEAD = """# What one chip should look like, by the physical model

Written by `{command}`; every number is in a table of
[results/published/{folder}](../results/published/{folder}). What the model is:
[physical_model.md](physical_model.md); how far to trust it: [silicon.md](silicon.md). All at 32 nm,
with the converter model `{adc_model}`, within 800 mm², 16 dB of signal to noise of conversion,
levels 6 σ apart, 5 % of the read voltage lost at the most, and 1 W/mm².
"""


def folder_of(adc_model: str) -> str:
    """Name of the folder of the tables that rest on a converter model."""
    return "physics" if adc_model == DEFAULT_ADC else f"physics_{adc_model}"


def name_of(adc_model: str) -> str:
    """Name of its page."""
    return "physical.md" if adc_model == DEFAULT_ADC else f"physical_{adc_model}.md"


def asked(published: Path) -> list[str]:
    """The converter models all of whose tables are published."""
    return [m for m in ADC_MODELS if (published / folder_of(m) / CONFIG).is_file()]


def page(published: Path, adc_model: str) -> str:
    """The page of a converter model.

    Args:
        published: has the folders of tables.
        adc_model: the converter model.
    """
    every = {
        model: _tables(published / folder_of(model))
        for model in asked(published)
        if adc_model in (model, DEFAULT_ADC)
    }
    frames = every.pop(adc_model)
    parts = [_head(adc_model), _body(frames)]
    if every:
        parts.append(with_others(adc_model, frames, every))
    return "\n".join(parts)


def _tables(folder: Path) -> answers.Frames:
    """By name."""
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def _head(adc_model: str) -> str:
    option = "" if adc_model == DEFAULT_ADC else f" --adc {adc_model}"
    command = f"python -m experiments.run physics{option}"
    return HEAD.format(adc_model=adc_model, folder=folder_of(adc_model), command=command)


def _body(frames: answers.Frames) -> str:
    varied = (answers.survives, answers.rules) if "variations" in frames else ()
    sections = (
        answers.baselines, answers.sacrifices, answers.generality, answers.parameters,
        answers.contrasts,
    )  # fmt: skip
    return "\n".join(
        [
            in_short(frames["optima"], frames["aggregations"]),
            *(section(frames) for section in varied[:1]),
            _optima(frames["optima"]),
            *(section(frames) for section in (*sections, *varied[1:])),
            _ends(frames["ends"]),
            _searches(frames["searches"]),
        ]
    )


def in_short(optima: pd.DataFrame, aggregations: pd.DataFrame) -> str:
    """One chip for all networks of the last study of each device, in sentences."""
    said = []
    own = optima[optima["criterion"] == "regret_minimax"]
    for study in dict.fromkeys(
        s for s in own["study"] if "nine" in s or own["study"].nunique() == 1
    ):
        chip = own[own["study"] == study]
        first = chip.iloc[0]
        over = aggregations[
            (aggregations["study"] == study) & (aggregations["criterion"] == "regret_minimax")
        ].iloc[0]
        paid = {n: over[f"over_own_best_{n}"] for n in chip["workload"]}
        least, most = min(paid, key=lambda n: paid[n]), max(paid, key=lambda n: paid[n])
        array = f"{first['rows']:.0f} × {first['cols']:.0f} arrays ({first['active_rows']:.0f} rows"
        said.append(
            f"**{answers.study_label(study)}**: {area(first['area_mm2'])} of {array} at once), "
            f"a {first['adc_bits']:.0f}-bit converter for every {first['columns_per_adc']:.0f} "
            f"columns, {first['glb_KiB']:.0f} KiB of buffer, {first['dram']} memory, "
            f"{first['voltage_V']:g} V. It runs at {number(chip['tops_per_W'].min())} to "
            f"{number(chip['tops_per_W'].max())} TOPS/W and costs each network "
            f"{times(paid[least])} ({label(least)}) to {times(paid[most])} ({label(most)}) the "
            "EDAP of the best chip for it alone.\n"
        )
    return (
        "## In short\n\nOne chip by minimax regret, that is, the one on which the network that "
        "loses most against a chip of its own loses least:\n\n" + "\n".join(said)
    )


def _optima(optima: pd.DataFrame) -> str:
    """The exact optima, and what they cost each network."""
    sections = ["## The best chips\n"]
    for study, own in optima.groupby("study", sort=False):
        sections.append(f"### {answers.study_label(study)}\n")
        columns = list(own.columns)
        parameters = columns[columns.index("criterion") + 1 : columns.index("workload")]
        first = own.drop_duplicates("criterion").set_index("criterion").loc[list(CRITERIA)]
        shown = [p for p in parameters if first[p].notna().all()]
        lines = [[p, *(str(_plain(v)) for v in first[p])] for p in shown]
        lines.append(["area", *map(area, first["area_mm2"])])
        sections.append(table(["", *map(label, CRITERIA)], lines))
        one = own[own["criterion"] == "edap_geomean"]
        sections.append("By geometric mean, network by network:\n")
        sections.append(
            table(
                ["", "mJ", "ms", "W", "TOPS", "TOPS/W", "TOPS/mm²", "dB", "ADC share", "bound by"],
                (
                    [
                        label(r.workload),
                        number(1e3 * r.energy_J),
                        number(1e3 * r.latency_s),
                        number(r.power_W),
                        number(r.tops),
                        number(r.tops_per_W),
                        number(r.tops_per_mm2),
                        number(r.snr_adc_dB),
                        percent(r.adc_share),
                        r.bound_by,
                    ]
                    for r in _rows(one)
                ),
            )
        )
    shares = optima["adc_share"]
    sections.append(
        f"Converters take {percent(shares.min())} to {percent(shares.max())} of the macros' energy "
        f"(published chips: {PUBLISHED_ADC_SHARES}); the densest chip draws "
        f"{number(optima['W_per_mm2'].max())} W/mm². TOPS count two operations a "
        "multiply-accumulate and the interval between images, TOPS/W the DRAM's energy, too.\n"
    )
    return "\n".join(sections)


def _ends(ends: pd.DataFrame) -> str:
    """What lies beyond the ends of the lists."""
    lines = [
        [
            answers.study_label(r.study),
            label(str(r.criterion)),
            f"`{r.parameter}`",
            f"{_plain(r.value)} → {_plain(r.extended)}",
            "none feasible" if pd.isna(r.gain) else percent(r.gain),
            str(r.reason),
        ]
        for r in _rows(ends)
    ]
    head = ["study", "by", "parameter", "one further", "gain", "why"]
    return (
        "## Beyond the ends of the lists\n\nWhere an optimum is at the end of a list, and for what "
        "the spaces hold fixed: one value more, the rest fitted again in up to two parameters. "
        "Negative: worse.\n\n" + table(head, lines)
    )


def _searches(searches: pd.DataFrame) -> str:
    """How the search does."""
    lines = []
    for study, own in searches.groupby("study", sort=False):
        solved = own.groupby("seed")["solved"].all()
        worst = next(_rows(own.nlargest(1, "regret")))
        lines.append(
            [
                answers.study_label(study),
                f"{solved.sum()} of {len(solved)}",
                f"{percent(worst.regret)} ({label(worst.criterion)})",
                number(own.groupby("seed")["found_after"].max().median()),
            ]
        )
    head = ["study", "seeds at every optimum", "largest regret", "designs until then, median"]
    return "## The search\n\n3,300 designs a search.\n\n" + table(head, lines)


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Rows whose columns are attributes."""
    yield from frame.itertuples()


def _plain(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value
