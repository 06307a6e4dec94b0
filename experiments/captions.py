"""`docs/gallery.md`: the figures of the full study, and what they show."""

from __future__ import annotations

from pathlib import Path

CAPTIONS = {
    "joint": "By how much the exact joint design reduces EDAP over each baseline, per network.",
    "aggregations": "EDAP of the design each criterion selects, over each network's own best.",
    "sensitivity": "The best EDAP (max) left when one parameter is fixed; the star is the optimum. "
    "Where there is no point, no chip with that value runs all networks.",
    "generality": "EDAP on a network the design did not know, by EDAP (geometric mean): left out "
    "alone (left), and as the set of known networks grows (right).",
    "cost_front": "EDAP against cost by technology node, and the front of all.",
}
"""What each kind of figure shows, by the end of its name."""

TABLES = {"generality": ("leave_one_out", "growing_sets")}
"""What a figure is drawn from, where that is not one table of its own name."""


def gallery(folder: Path) -> str:
    """All figures of a study in a folder with what they show, as Markdown."""
    parts = ["# Figures of the full study\n"]
    for path in sorted((folder / "figures").glob("*.png")):
        kind = next(kind for kind in CAPTIONS if path.stem.endswith(f"_{kind}"))
        study, name = path.stem.removesuffix(f"_{kind}"), kind.replace("_", " ")
        tables = (f"`results/published/{study}/{t}.csv`" for t in TABLES.get(kind, (kind,)))
        parts.append(
            f"## {study}: {name}\n\n{CAPTIONS[kind]}\nTable: {', '.join(tables)}\n\n"
            f"![{name}](../results/published/figures/{path.name})\n"
        )
    return "\n".join(parts)
