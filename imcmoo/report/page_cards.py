"""The full cards of the page: what `explain.json` tells of a design."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from imcmoo.report.explanation_tables import explained
from imcmoo.report.html_table import html_of
from imcmoo.report.labels import distinct_labels, label, on_screen
from imcmoo.report.page_designs import rounded
from imcmoo.report.scenario_tables import ROOMY
from imcmoo.report.style import component_style
from imcmoo.study.explanation import Explanation

TOLD_LAYERS = 5
"""Layers of each network in the table; all that are stored are drawn."""

MOST_LAYERS = 2000
"""Layers of a design that are drawn: those that take most energy."""


MOST_CHARACTERS = 3_000_000
"""Of all cards together: some hundred kilobytes when packed."""


def cards(explanations: Iterable[Explanation]) -> list[dict[str, Any]]:
    """The cards of the first designs, as many as there is room for.

    Args:
        explanations: as shown, the selected design first.
    """
    contents: list[dict[str, Any]] = []
    left = MOST_CHARACTERS
    for explanation in explanations:
        contents.append(card(explanation))
        left -= len(json.dumps(contents[-1]))
        if left < 0:
            return contents[:-1]
    return contents


def card(explanation: Explanation) -> dict[str, Any]:
    """One design: its tables as HTML, and where energy, area and time go.

    Args:
        explanation: as shown.
    """
    tables = explanation.tables
    heading, *parts = explained(explanation, width=2 * ROOMY, layers=TOLD_LAYERS)
    return {
        "html": html_of(heading) + "".join(f"<section>{html_of(p)}</section>" for p in parts),
        "components": _components(tables["components"], tables["areas"]),
        "layers": _layers(tables["layers"]),
    }


def _components(energy: pd.DataFrame, areas: pd.DataFrame) -> dict[str, Any]:
    """Area of each component, and its energy by network."""
    names = areas["component"].tolist()
    by_network = energy.pivot(index="network", columns="component", values="energy_J")
    networks = list(dict.fromkeys(energy["network"]))
    return {
        "labels": [label(name) for name in names],
        "colours": [component_style(name)[0] for name in names],
        "networks": distinct_labels(networks),
        "area": rounded(areas["area_mm2"]),
        "energy": [
            rounded(on_screen("J")[0] * by_network.loc[name].reindex(names)) for name in networks
        ],
    }


def _layers(layers: pd.DataFrame) -> list[dict[str, Any]]:
    """By network: energy and time of its layers, and which component takes most."""
    heaviest = layers["energy_J"].astype(float).nlargest(MOST_LAYERS).index
    kept = layers.loc[heaviest.sort_values()]
    networks = list(dict.fromkeys(kept["network"]))
    called = dict(zip(networks, distinct_labels(networks), strict=True))
    return [
        {
            "network": called[network],
            "names": rows["layer"].astype(str).tolist(),
            "mostly": [label(name) if name else "" for name in rows["component"]],
            "energy": rounded(on_screen("J")[0] * rows["energy_J"]),
            "latency": rounded(on_screen("s")[0] * rows["latency_s"])
            if "latency_s" in rows
            else None,
        }
        for network, rows in kept.groupby("network", sort=False)
    ]
