"""The page's section on random designs."""

from __future__ import annotations

from experiments.paper.markdown import table as markdown_table
from experiments.silicon import prose
from experiments.silicon.figures import DISTRIBUTIONS, RESOURCES
from experiments.silicon.words import Inputs, figure, number, share

OTHERS = {"snr_dB": "SNR (dB)", "active_rows": "rows read at once"}


def section(inputs: Inputs) -> str:
    """The section as Markdown."""
    spread, limits = inputs.derived["random_designs"], inputs.derived["random_limits"]
    shown = spread[spread["workload"].isin([prose.NETWORK, ""])]
    lines = [
        [
            str(line["device"]).upper() if line["device"] != "published" else "published",
            line["designs"],
            DISTRIBUTIONS.get(line["quantity"], OTHERS.get(line["quantity"], line["quantity"])),
            f"{line['n']:.0f}",
            *(number(line[f"p{p}"]) for p in (5, 25, 50, 75, 95)),
        ]
        for _, line in shown.iterrows()
    ]
    header = ["device", "designs", "", "n", "5 %", "25 %", "50 %", "75 %", "95 %"]
    kept = limits.pivot(index="limit", columns="device", values="share")
    kept = kept.loc[list(dict.fromkeys(limits["limit"]))]
    shares = [
        [str(name), share(line["rram"]), share(line["sram"])] for name, line in kept.iterrows()
    ]
    bounds = inputs.derived["random_bounds"]
    binding = bounds.pivot(index="resource", columns=["device", "designs"], values="share")
    binding = binding.loc[list(dict.fromkeys(bounds["resource"]))]
    groups = [("rram", "all"), ("rram", "feasible"), ("sram", "all"), ("sram", "feasible")]
    binds = [
        [RESOURCES.get(str(n), str(n)), *(share(line[g]) for g in groups)]
        for n, line in binding.iterrows()
    ]
    caption = (
        "Random designs, ResNet18: 5th to 95th percentile, box: the middle half; grey: 5th to 95th "
        "percentile of the covered published macros at 8 × 8 bits, line: their median; signal to "
        "noise is cut at 60 dB. Last panel: what binds, of all networks."
    )
    return (
        f"## Random designs\n\n{prose.random_designs(inputs.derived)}\n"
        + markdown_table(["limit kept", "RRAM", "SRAM"], shares)
        + "\n"
        + figure(inputs, "random_designs", caption)
        + "\n"
        + markdown_table(header, lines)
        + "\n"
        + _causes(inputs)
        + "\n"
        + markdown_table(["what binds", *(f"{d.upper()}, {t}" for d, t in groups)], binds)
    )


def _causes(inputs: Inputs) -> str:
    """Medians of all designs by what moves them most."""
    frame = inputs.derived["random_causes"]
    frame = frame[frame["workload"] == prose.NETWORK]
    named = {"technology_nm": "node (nm)", "active_rows": OTHERS["active_rows"]}
    names = ("energy_mJ", "latency_ms", "tops_per_W")
    lines = [
        [
            str(line["device"]).upper(),
            named[line["parameter"]],
            str(line["value"]),
            str(line["n"]),
            *(number(line[name]) for name in names),
        ]
        for _, line in frame.iterrows()
    ]
    header = ["device", "by", "", "n", *(f"{DISTRIBUTIONS[name]}, median" for name in names)]
    return markdown_table(header, lines)
