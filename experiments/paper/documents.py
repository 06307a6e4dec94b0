"""The pages of the full study, written from its tables: claim by claim, all figures, all tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.paper import baseline_sections, claims, question_sections
from experiments.paper.aggregation import RECORDED
from experiments.paper.figure_catalogue import NARROW, PLATES, names
from experiments.paper.long_tables import PAGES
from experiments.paper.markdown import table
from experiments.paper.stored import FIGURES, rows, studies_with
from experiments.paper.summary import in_short
from imcmoo.report.labels import label

TITLE = """# The paper's claims, recomputed

Written by `python -m experiments.run paper` from the tables in `results/published/`: every number of
ours below stands in the CSV named beside it, as tests check.
"""

WORDS = """## Sources and words

Theirs: [A] Krestinskaya et al., arXiv 2603.03880; [B] the ISCAS version, arXiv 2410.16759. What is
said of their code and records was read in or computed from
github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC.

E is a network's energy (J), L its latency (s), A the chip's area (mm²). **EDAP** = E · L · A of one
network; "EDAP, max" is the largest EDAP of any network, "E·L·A, max" is max E · max L · A, where E and
L may be of different networks. *Exact*: the optimum over all designs of the space, not the best a
search happened to find. *Own best*: the least EDAP of a network on a chip of its own. *Regret*: score /
exact optimum - 1. *Largest network*: the one with the most weights, VGG16 of four and GPT-2 Medium of
nine. *Does not run*: the chip has too few cells (RRAM), or a layer does not map or fit its buffer.

Studies are named after networks and device. RRAM chips hold all weights of a network, one network at a
time; SRAM chips load them from LPDDR4. The area limit is 800 mm², but 1,600 mm² in nine_workload_rram:
no smaller RRAM chip holds GPT-2 Medium. The paper's nine-network search is of SRAM only.
"""

NETWORKS = """## The networks are not all what they are called

The numbers above are of the networks as the paper recorded them, and stay so:

- **"resnet50" is another network**: 62 layers, 48.0 M weights and 7.49 G multiplications where ResNet50
  has 54, 25.5 M and 4.09 G. It stands in the paper's repository only, not in CiMLoop's.
- **The attention products of the transformers lack a dimension**: ViT and GPT-2 Medium have about 100
  times, MobileBERT about 50 times too few multiplications there.
- The tables of the others are CiMLoop's (github.com/mit-emze/cimloop), which is discontinued in favour
  of AccelForge (github.com/Accelergy-Project/accelforge).

[All tables, layer by layer](../imcmoo/networks/tables/README.md).
"""

DEFECTS = """## What in the released code explains differences

- **A failed evaluation scores 0, the best value, and counts as feasible.** Objectives and constraints
  start as zeros; after a `RuntimeError` the loop goes on without setting them (`_evaluate` in
  `jointSearchUPDATED_hammingDist_4phaseAggregation.py`). In all six logs of whole searches in the
  notebooks (`HWC_02`, `HWC_03`, `HWC_04`) the least score is 0 from the second generation of each
  phase on, and from the fifth on so are the average score and violation: whole populations of failed
  designs. The designs shown at the end are the best of the archive of those that ran. Here what
  fails is infeasible. (Failures are not in the records: all {evaluated} designs in those of the RRAM
  search by products run all four networks, {designs} of them within the area limit;
  `four_workload_rram/largest.csv`.)
- **The capacity rule is applied to SRAM in some scripts and not in others.** Weights stream through
  an SRAM chip, so it need not hold them all. The scripts of the sequential SRAM baseline have the
  rule commented out; the released ones of whole searches apply it. In the three logs of these
  (`HWC_03`, one in each `HWC_04`) the later phases, which begin with the best designs that ran,
  begin with a least violation of more than a billion cells: what runs is infeasible, and failed
  designs, which violate nothing, take over. The designs shown at the end ignore the rule. (The script
  of the cost search, `HWC_02`, is not released, and its log shows no such violation.) Ours has no
  such rule for SRAM.
- **The sequential baseline goes on from chips above the area limit** where no choice of a level is
  within it; from the largest RRAM chip it ends there, too. Ours does the same, to compare.
- **Strides are not read.** Workload files write `HStride`, `problem_base.yaml` reads `Hstride`, whose
  default is 1. Kept, to compare.
- **Leakage of rows, columns and ADCs is multiplied by the cycle time twice**, shown by the energies
  of single-layer runs (`tests/reference/test_component_energies.py`). Kept; negligible.
- **SRAM loop orders are drawn at random**, which on small chips misses the best by far: nearly all
  recorded energies above ours by more than the print-out allows are met to the last digit by putting
  one to three layer shapes in a dearer order (`tests/reference/test_missed_orders.py`).
"""

LONG = 40
"""Rows from which on a table is for programs only."""


def documents(staged: Path, folder: Path, docs: Path) -> dict[str, str]:
    """`reproduction.md`, the pages of its long tables, and `gallery.md`, by path.

    Args:
        staged: where the tables are now.
        folder: where they will be.
        docs: where the documents will be.
    """
    to = os.path.relpath(folder, docs)
    long = {f"reproduction/{name}.md": page(staged) for name, page in PAGES.items()}
    return {"reproduction.md": reproduction(staged), "gallery.md": gallery(staged, to), **long}


def reproduction(folder: Path) -> str:
    """Claim by claim: theirs, ours, difference, reason."""
    (recorded,) = rows(folder, claims.FOUR_RRAM, "largest", data=RECORDED)
    sections = (
        baseline_sections.glance,
        baseline_sections.joint,
        baseline_sections.over_largest,
        baseline_sections.losses,
        question_sections.aggregations,
        question_sections.largest,
        question_sections.search,
        question_sections.parameters,
        question_sections.generality,
        question_sections.cost,
    )
    answers = (section(folder) for section in sections)
    parts = [TITLE, in_short(folder), WORDS, *answers, NETWORKS, DEFECTS.format(**recorded)]
    return "\n".join(parts)


def gallery(folder: Path, to: str) -> str:
    """All figures with what they show.

    Args:
        folder: has the tables.
        to: the way there from the document, for links.
    """
    parts = ["# Figures of the full study\n"]
    for name, (kind, studies) in names(folder).items():
        plate = PLATES[kind]
        shown = label(studies[0]) if len(studies) == 1 else "all studies"
        sources = ", ".join(f"`{study}/{plate.table}.csv`" for study in studies)
        stem = f"{to}/{FIGURES}/{name}"
        parts.append(
            f"## {shown}: {kind.replace('_', ' ')}\n\n{plate.caption}\n\n"
            f"[PDF]({stem}.pdf), for one column [PNG]({stem}{NARROW}.png) and "
            f"[PDF]({stem}{NARROW}.pdf), [data]({stem}.csv), from {sources}\n\n"
            f"![{name}]({stem}.png)\n"
        )
    return "\n".join(parts)


def tables(staged: Path, stated: Mapping[str, Any], folder: Path, docs: Path) -> dict[str, str]:
    """A `README.md` for the folder and one for each study with its shorter tables, by path.

    Args:
        staged: where the tables are now.
        stated: the command and the versions behind it.
        folder: where they will be.
        docs: where the documents will be.
    """
    found, listed = {}, []
    for study in studies_with(staged, "*"):
        paths = sorted((staged / study).glob("*.csv"))
        found[f"{study}/README.md"] = _study(study, paths)
        listed.append([f"[{study}]({study}/README.md)", ", ".join(p.stem for p in paths)])
    versions = ", ".join(f"{name} {number}" for name, number in stated["versions"].items())
    to = os.path.relpath(docs, folder)
    found["README.md"] = (
        "# The full study: tables and figures\n\n"
        f"Made by `{stated['command']}` with seed {stated['seed']} and {versions}; what they say is "
        f"in [reproduction.md]({to}/reproduction.md), the figures are in "
        f"[gallery.md]({to}/gallery.md). EDAP and scores are in J·s·mm² (`edap_product`: to the power "
        "of the number of networks), areas in mm²; shares and reductions are parts of 1. Empty: in "
        "costs, reductions and generality a network that does not run; in sensitivity a value with "
        "which no chip runs all networks; elsewhere what does not apply.\n\n"
        + table(["study", "tables"], listed)
        + "\n## claims\n\n"
        + _markdown(pd.read_csv(staged / "claims.csv"))
    )
    return found


def _study(name: str, paths: list[Path]) -> str:
    parts = [f"# {name}\n"]
    for path in paths:
        frame = pd.read_csv(path)
        shown = _markdown(frame) if len(frame) < LONG else f"{len(frame)} rows.\n"
        parts.append(f"## [{path.stem}]({path.name})\n\n{shown}")
    return "\n".join(parts)


def _markdown(frame: pd.DataFrame) -> str:
    lines = (
        ["" if pd.isna(v) else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row]
        for row in frame.itertuples(index=False)
    )
    return table(map(str, frame), lines)
