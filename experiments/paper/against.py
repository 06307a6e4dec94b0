"""Sections 1 to 3 of `docs/reproduction.md`: the joint design against baselines, and what it loses.
Each is a function from tables to Markdown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.labels import label, networks_in
from experiments.paper.baselines import BASELINES, EXACT, JOINT, LARGEST_ONLY, SEARCHED
from experiments.paper.claims import FOUR_RRAM, HEADLINES, LOSS, OURS, OVER_LARGEST, A
from experiments.paper.markdown import area, by, number, percent, rows, table


def joint(folder: Path) -> str:
    """Section 1: the joint design against every baseline."""
    lines = []
    for theirs, studies in HEADLINES.items():
        for study in studies:
            lines += [[study, *line, f"{100 * theirs:g} %"] for line in _against(folder, study)]
    return (
        "## 1. The joint design against every baseline [A]\n\n"
        "The paper's score is max E · max L · A, energy and latency aggregated each by itself: so "
        "the equation in [B], `objectiveMAX` in its code, and every score its notebooks print. It "
        f"is called {label('ela_max')} here. EDAP (max), the EDAP of the worst network, is another "
        "one where one network takes the most energy and another the most time, as in RRAM. Its "
        f"nine-network search used the means instead ({label('ela_mean')}).\n\n"
        "Reduction of each score by the exact joint design selected by it; where the design that our "
        "search finds in 3,300 designs differs in the digits shown, its figure follows in brackets. "
        f"Best network: the largest reduction of one network's EDAP by the design for {label(OURS)} "
        "(`<study>/reductions.csv`, which has all networks, scores and designs for one network). Paper's GA and random search: one run of 3,300 designs each, seed 1. "
        "Their sequential: the designs in the outputs of their notebooks, energies and latencies as "
        "printed there. †: larger than the area limit.\n\n"
        + table(["study", "baseline", *map(label, JOINT), "best network", "theirs, up to"], lines)
        + f"\n{_closest(folder)}\n\n{_sequential(folder)}"
    )


def _against(folder: Path, study: str) -> list[list[str]]:
    frame = {
        (row["joint"], row["criterion"], row["baseline"]): row
        for row in rows(folder, study, "reductions")
    }
    lines = []
    for baseline in BASELINES:
        if (EXACT, OURS, baseline) not in frame:
            continue
        own: list[str] = []
        for criterion in JOINT:
            exact, found = (frame[joint, criterion, baseline] for joint in (EXACT, SEARCHED))
            dagger = " †" if exact["too_large"] else ""
            shown = percent(exact[criterion])
            if percent(found[criterion]) != shown:
                shown += f" (search: {percent(found[criterion])})"
            own.append(shown + dagger)
        best = frame[EXACT, OURS, baseline]
        networks = [best[f"edap_{n}"] for n in networks_in(best, "edap_")]
        lines.append([baseline, *own, percent(max(v for v in networks if pd.notna(v)))])
    return lines


def _closest(folder: Path) -> str:
    sentences = []
    for row in rows(folder, ".", "claims", source=A):
        large = ", a chip larger than the area limit" if row["too_large"] is True else ""
        sentences.append(
            f"closest to {100 * row['theirs']:g} % comes {percent(row['exact'])}: "
            f'{row["quantity"]} over "{row["baseline"]}", {row["study"]}{large}, of '
            f"{row['among']:.0f} figures"
        )
    return (
        f"Which baseline the headline means: {'; '.join(sentences)}. A sequential baseline depends on "
        "where it starts, and from a poor start any reduction can be shown; against a search with "
        "the same budget there is little to gain, and against the paper's own method, where it "
        "finds the optimum, nothing."
    )


def _sequential(folder: Path) -> str:
    lines = []
    for study in HEADLINES[0.762]:
        joint = by("design", rows(folder, study, "joint", criterion=OURS))
        for start in ("largest", "middle"):
            own, theirs = (joint[f"{whose}sequential from the {start}"] for whose in ("", "their "))
            score = f"{OURS}_J_s_mm2"
            figures = [number(own[score]), area(own["area_mm2"])]
            figures += [number(theirs[score]), area(theirs["area_mm2"])]
            lines.append([study, start, *figures])
    header = ["study", "start", "ours (J·s·mm²)", "area", "theirs (J·s·mm²)", "area"]
    return (
        f"Where sequential optimisation ends by {label(OURS)}, ours with the best choice at each "
        "level, theirs with a small GA (`<study>/joint.csv`). From the largest RRAM chip both decide "
        "the same crossbars, tiles and macros; in their last notebook cell the buffer is set back "
        "to its largest size by hand. Their SRAM space has larger crossbars and smaller buffers.\n\n"
        + table(header, lines)
    )


def over_largest(folder: Path) -> str:
    """Section 2: against optimising for the largest network alone."""
    found = {
        row["criterion"]: row
        for row in rows(folder, FOUR_RRAM, "reductions", joint=EXACT, baseline=LARGEST_ONLY)
    }
    lines = [
        [label(name), *(percent(found[c][f"edap_{name}"]) for c in JOINT), f"{100 * theirs:g} %"]
        for name, theirs in OVER_LARGEST.items()
    ]
    lines.append(["the score itself", *(percent(found[c][c]) for c in JOINT), ""])
    return (
        "## 2. Better than optimising for the largest network? [B]\n\n"
        "RRAM, four networks, by how much the exact joint design of each score reduces EDAP over the "
        "exact design for VGG16 alone (`four_workload_rram/reductions.csv`):\n\n"
        + table(["network", *map(label, JOINT), "theirs"], lines)
        + "\nThe best design for VGG16 cannot be beaten on VGG16: a gain there, as in [B], says that "
        "the search for VGG16 alone had not found it. By EDAP (max) the exact joint design *is* the "
        "one for VGG16 alone. By the paper's score it is another, since MobileNetV3 takes the most "
        "time: that network gains what the three others pay.\n"
    )


def losses(folder: Path) -> str:
    """Section 3: what one design for all costs each network."""
    lines = []
    for study in (s for studies in HEADLINES.values() for s in studies):
        over = by("criterion", rows(folder, study, "aggregations"))
        for criterion in (OURS, "edap_max", "regret_minimax"):
            own = over[criterion]
            loss = {n: own[f"loss_{n}"] for n in networks_in(own, "loss_")}
            worst = max(loss, key=lambda n: loss[n])
            shown = percent(min(loss.values())), percent(loss[worst]), label(worst)
            lines.append([study, label(criterion), *shown])
    return (
        "## 3. Loss against designs made for one network [B]\n\n"
        f"Theirs: {100 * LOSS[0]:g} to {100 * LOSS[1]:g} %. Ours, 1 - own best / generalized, exact "
        "(`<study>/aggregations.csv`):\n\n"
        + table(["study", "criterion", "least", "most", "of network"], lines)
    )
