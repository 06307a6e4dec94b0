"""The figures of the study show what their tables say."""

import numpy as np
import pandas as pd
import pytest

from experiments.paper import figures, network_figures
from experiments.paper.figure_specs import SPECS
from experiments.paper.tables import STUDIES, Tables
from imcmoo.report import style


def test_reductions_are_ratios_sorted_by_the_score():
    frame = pd.DataFrame(
        {
            "study": "s",
            "criterion": "ela_max",
            "joint": "joint, exact",
            "baseline": ["a", "b", "c"],
            "too_large": [False, True, False],
            "edap_vgg16": [0.5, 0.0, -1.0],
            "edap_max": [0.1, 0.1, 0.1],
            "ela_max": [0.5, 0.9, np.nan],
        }
    )
    table = SPECS["reductions"].select(frame)
    assert table["baseline"].tolist() == ["b", "a", "c"]
    expected = [pytest.approx(10), 2.0, pytest.approx(np.nan, nan_ok=True)]
    assert table["ela_max_over_joint"].tolist() == expected
    assert table["edap_vgg16_over_joint"].tolist() == [1.0, 2.0, 0.5]
    assert "edap_max_over_joint" not in table
    figure = network_figures.reductions(table, style.WIDTH)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["b †", "a", "c"]
    cells = [t.get_text() for t in figure.axes[0].texts if t.get_text()]
    assert cells == ["10×", "1.0×", "2.0×", "2.0×", "0.50×", "—"]


def test_absolute_costs_are_those_of_the_two_designs(published):
    for study in STUDIES:
        joint = Tables(published).read(study, "joint")
        designs = joint[joint["criterion"] == "ela_max"].set_index("design")
        table = SPECS["absolute"].select(joint).set_index(["network", "design"])
        assert len(table) == 2 * sum(c.startswith("latency_") for c in joint)
        for (network, design), row in table.iterrows():
            costs = designs.loc["joint, exact" if design == "joint" else f"alone: {network}"]
            assert row["energy_J"] == costs[f"energy_{network}_J"]
            assert row["latency_s"] == costs[f"latency_{network}_s"]
            edap = row["energy_J"] * row["latency_s"] * row["area_mm2"]
            assert row["edap_J_s_mm2"] == pytest.approx(edap)
            assert costs[f"edap_{network}_J_s_mm2"] == row["edap_J_s_mm2"]


def test_absolute_costs_are_drawn_in_the_units_of_the_axes():
    frame = pd.DataFrame(
        {
            "network": "vgg16",
            "design": ["joint", "alone"],
            "energy_J": [2e-3, 1e-3],
            "latency_s": [3e-6, 4e-6],
            "area_mm2": [5.0, 6.0],
            "edap_J_s_mm2": [3e-8, 2.4e-8],
        }
    )
    figure = network_figures.absolute(frame, style.COLUMN)
    titles = [ax.get_xlabel() for ax in figure.axes]
    assert titles == ["energy (mJ)", "latency (µs)", "area (mm²)", "EDAP (J·s·mm²)"]
    for ax, alone, joint in zip(figure.axes, (1, 4, 6, 2.4e-8), (2, 3, 5, 3e-8), strict=True):
        circle, star = (line.get_xdata() for line in ax.lines)
        assert (circle[0], star[0]) == (pytest.approx(alone), pytest.approx(joint))


def test_parameters_that_cost_nothing_have_no_panel_and_are_named():
    frame = pd.DataFrame(
        {
            "parameter": ["rows"] * 2 + ["cols"] * 2 + ["bits_per_cell"] * 2,
            "value": [1, 2] * 3,
            "ela_max_over_best": [1.0, 1.5, 1.0, 1.05, 1.0, np.nan],
        }
    )
    figure = figures.sensitivity(frame, style.WIDTH)
    assert [ax.get_title() for ax in figure.axes] == ["rows"]
    title = figure.get_suptitle()
    assert "whatever it is: columns\n" in title
    assert "one value runs all networks: bits per cell" in title


def test_effects_are_of_the_parameters_that_matter_most(published):
    for study in STUDIES:
        full = Tables(published).read(study, "effects")
        table = figures.shown_effects(full)
        kept = set(table["parameter"])
        assert len(kept) == figures.MOST
        of_energy = full[full["quantity"].str.startswith("energy_")]
        energy = of_energy.groupby("parameter").mean(numeric_only=True)
        means = table[table["quantity"] == "energy"].set_index("parameter")
        assert np.allclose(means["share_alone"], energy.loc[means.index, "share_alone"])
        others = full[full["quantity"].isin(["edap_max", "ela_max", "area"])]
        largest = others.groupby("parameter")[["share_alone", "share_total"]].max().max(axis=1)
        assert largest.idxmax() in kept
