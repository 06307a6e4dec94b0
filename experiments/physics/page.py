"""The page `physical.md`: answers of the physical studies, every number from the stored tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from inspect import isfunction
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.markdown import area, groups, number, percent, render, rows
from experiments.physics import baselines, summary
from experiments.physics.best_found import OWN_BUDGET, SAMPLED
from experiments.physics.optima import CRITERIA, FITTED_PERIPHERY
from experiments.physics.robustness import EXCLUDED
from experiments.physics.summary import GEOMEAN
from experiments.physics.variations import (
    ALONE,
    ASSUMPTION,
    CONVERTER,
    DEFAULT,
    LIMIT,
    WITHOUT,
)
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.problem.criteria import MINIMAX
from problems import RRAM_PHYSICAL

DEFAULT_ADC = "zigzag"

MODELS = ("reference", *ADC_MODELS)

LIMIT_MM2 = 800.0

NAMED = 6
"""Exceptions that are named in a cell; further ones are counted."""

MOST = 4
"""Parameters and assumptions that are shown of each study."""

DISCREPANCIES = {
    "placement": 1, "pulses": 2, "voltage_slows": 3, "bandwidth": 4, "shared_converters": 5,
    "few_levels": 6, "unsigned_inputs": 7, "strides": 8, "wide_sums": 9, "wires": 10,
    "idle_leakage": 11, "activation_dram": 12, "diagonal_groups": 15,
}  # fmt: skip
"""Row of the model discrepancies that each rule of the physical model corrects."""

ADC_OF_COLUMN = {"0.85 V": (1.79, 9.7), "1.2 V": (3.56, 20.4)}
"""Energy of an ADC and of a column with it, in pJ, by supply voltage.

Source: Jia et al., JSSC 2020, as in CiMLoop's arch/1_macro/jia_jssc_2020.
"""

HBM2_MM2 = Assumptions().hbm2_interface_m2.value * 1e6

PRODUCT = "edap_product"

SAME_MODEL = 1e-3
"""Relative difference of scores up to which two tables are of one model."""

Frames = Mapping[str, pd.DataFrame]
Row = Mapping[str, Any]


def stored(folder: Path) -> dict[str, pd.DataFrame]:
    """Read all tables of a folder, by name."""
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def page(frames: Frames, others: Mapping[str, Frames], published: Path) -> str:
    """Write the page.

    Args:
        frames: tables of the studies with the default ADC model, by name.
        others: tables with other ADC models.
        published: has the folder `silicon`, of published macros.
    """
    macros = published / "silicon" / "random_designs.csv"
    recommended, earlier = (
        pd.read_csv(path) if (path := published / "accuracy" / name).is_file() else None
        for name in ("recommended.csv", "earlier_recommendations.csv")
    )
    helpers = (
        *(plain, by_network, design_table, held, verdict),
        *(ablation, order_shift, boundary_groups, searched),
    )
    return render(
        "physics/physical.md",
        **{name: frames.get(name) for name in ("variations", "survival")},
        **{n: f for n, f in frames.items() if n not in ("variations", "survival")},
        others=others,
        other_optima={name: other["optima"] for name, other in others.items()},
        macros=pd.read_csv(macros) if macros.is_file() else None,
        proven=recommended,
        earlier=earlier,
        stale=recommended is not None and _stale(frames, recommended),
        **{function.__name__: function for function in helpers},
        **{n: f for n, f in vars(summary).items() if isfunction(f)},
        **{"CRITERIA": CRITERIA, "MINIMAX": MINIMAX, "GEOMEAN": GEOMEAN, "MODELS": MODELS},
        **{"DEFAULT_ADC": DEFAULT_ADC, "EXCLUDED": EXCLUDED, "PERIPHERY": FITTED_PERIPHERY},
        **{"LIMIT_MM2": LIMIT_MM2, "OWN_BUDGET": OWN_BUDGET, "SAMPLED": SAMPLED, "MOST": MOST},
        **{"BASELINES": (baselines.LARGEST, baselines.FROM_LARGEST, baselines.FROM_MIDDLE)},
        **{
            "ADC_OF_COLUMN": ADC_OF_COLUMN,
            "VOLTAGES": RRAM_PHYSICAL.values_of("voltage_V"),
            "HBM2_MM2": HBM2_MM2,
        },
        snr_adc_dB=DEFAULT_SNR_ADC_DB,
        adc_shares=[adc / column for adc, column in ADC_OF_COLUMN.values()],
    )


def _stale(frames: Frames, recommended: pd.DataFrame) -> bool:
    """True if the published studies are of another model than the proven best chips."""
    tables = [recommended, frames.get("variations", recommended)]
    proven, published = (
        t[t["variation"] == DEFAULT].set_index("study")["edap_geomean"] for t in tables
    )
    return bool((published / proven - 1).abs().max() > SAME_MODEL)


def plain(value: object) -> str:
    """Format the value of a parameter."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def by_network(chips: Sequence[pd.DataFrame], column: str) -> list[tuple[float, ...]]:
    """Values of a column of several chips, grouped by network."""
    return list(zip(*(chip[column] for chip in chips), strict=True))


def design_table(optima: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Rows of the table of a study's optima, parameter by parameter, and their sizes."""
    columns = list(optima.columns)
    parameters = columns[columns.index("criterion") + 1 : columns.index("workload")]
    first = optima.drop_duplicates("criterion").set_index("criterion").loc[list(CRITERIA)]
    for name in (p for p in parameters if first[p].notna().all()):
        yield name, [plain(value) for value in first[name]]
    yield "macros", [f"{v:,.0f}" for v in first["macros"]]
    yield "area", [area(v) for v in first["area_mm2"]]
    yield "area, periphery 2.5", [area(v) for v in first["area_periphery_mm2"]]


def held(row: Row, model: str) -> str:
    """Format a number and whether a conclusion holds with it."""
    if model in _names(row["no_chip"]):
        return "no chip within the limits –"
    value = row[model]
    if pd.isna(value):
        return "—"
    text = percent(value) if row["percent"] else number(value)
    return f"{text} {'✓' if row[f'{model}_holds'] else '–'}"


def verdict(row: Row) -> str:
    """Format the verdict on a conclusion and its exceptions."""
    if row["verdict"] == EXCLUDED:
        return EXCLUDED
    parts = [str(row["verdict"])]
    exceptions, no_chip = ([f"`{n}`" for n in _names(row[k])] for k in ("exceptions", "no_chip"))
    if exceptions:
        more = f" and {len(exceptions) - NAMED} more" if len(exceptions) > NAMED else ""
        parts.append(f"otherwise with {', '.join(exceptions[:NAMED])}{more}")
    if no_chip:
        parts.append(f"no chip within the limits with {', '.join(no_chip)}")
    return "; ".join(parts)


def _names(joined: Any) -> list[str]:
    return [] if pd.isna(joined) else str(joined).split()


def ablation(
    variations: pd.DataFrame, optima: pd.DataFrame
) -> Iterator[tuple[str, str, str, list[str]]]:
    """Rows of the table of rules: row of the discrepancies, rule, note, and a cell for each τ and
    cost, of studies of four networks."""
    table = variations[variations["study"].str.startswith("four_")]
    few_bits = optima["bits_per_cell"].max() <= 2
    for rule, of_rule in groups(table[table["kind"].isin((WITHOUT, ALONE))], "variation"):
        cells = []
        for device in ("rram", "sram"):
            for kind in (WITHOUT, ALONE):
                of_kind = of_rule["kind"] == kind
                lines = of_rule[of_kind & of_rule["study"].str.contains(f"_{device}_")]
                cells += _order_and_cost(rows(lines)[0]) if len(lines) else ["—", "—"]
        note = " (changes nothing by construction)" if rule == "few_levels" and few_bits else ""
        yield str(DISCREPANCIES.get(rule, "")), rule, note, cells


def _order_and_cost(row: Row) -> list[str]:
    """Format τ and the cost of trusting a model with one rule changed."""
    tau = f"{row['tau']:.2f}"
    if row["kind"] == ALONE:
        return [tau, percent(row["sample_regret"])]
    if not bool(row["feasible"]):
        return [tau, "no chip"]
    cost = row["regret_by_default"]
    return [tau, "infeasible" if pd.isna(cost) else percent(cost)]


def order_shift(variations: pd.DataFrame) -> Iterator[Row]:
    """Rows of ADC models, of the assumptions that change the order most, and of limits."""
    table = variations[variations["study"].str.startswith("four_")]
    for _, of_study in groups(table, "study"):
        by_kind = {kind: of_study[of_study["kind"] == kind] for kind in (CONVERTER, LIMIT)}
        most = of_study[of_study["kind"] == ASSUMPTION].nsmallest(MOST, "tau")
        yield from rows(pd.concat([by_kind[CONVERTER], most, by_kind[LIMIT]]))


def boundary_groups(table: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Group extended lists by their outcome: title, heading of the outcome, rows."""
    gain = table["gain"]
    return [
        ("The list ends too early", "gain", table[gain > 0]),
        ("One value more is no better", "loss", table[gain <= 0]),
        ("No such chip, or none that keeps the limits", "missed", table[gain.isna()]),
    ]


def searched(searches: pd.DataFrame, optima: pd.DataFrame) -> Iterator[Row]:
    """Rows of the table of searches: success rates, largest regret, designs until then."""
    networks = optima.groupby("study")["workload"].nunique()
    for study, of_study in groups(searches, "study"):
        seeds = of_study.groupby("seed")
        recommended = of_study.loc[of_study["criterion"] == MINIMAX, "solved"]
        is_product = of_study["criterion"] == PRODUCT
        # The regret of a product grows with the power of the number of networks.
        by_network = (1 + of_study["regret"]) ** (1 / networks[study]) - 1
        regret = of_study["regret"].mask(is_product, by_network)
        criterion = of_study.assign(regret=regret).nlargest(1, "regret").iloc[0]["criterion"]
        yield {
            "study": study,
            "recommended": recommended.sum(),
            "solved": seeds["solved"].all().sum(),
            "seeds": seeds.ngroups,
            "regret": regret.max(),
            "criterion": criterion,
            "note": ", by network" if criterion == PRODUCT else "",
            "found_after": seeds["found_after"].max().median(),
        }
