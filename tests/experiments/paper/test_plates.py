"""The figures of the study show what their tables say, and can be read on a page."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from experiments.paper import figure_catalogue as plates
from experiments.paper import network_figures, parameter_figures
from experiments.paper.settings import STUDIES
from experiments.paper.stored import read
from imcmoo.report import style

WIDTHS = (style.WIDTH, style.COLUMN)

HARDEST = ("four_workload_rram", "nine_workload_sram", "technology_cost_sram")
"""Studies whose figures have the longest labels, the most series, gaps and a kind of their own."""


@pytest.fixture(autouse=True)
def _style():
    with style.paper_style():
        yield


def drawn(published, kind, studies, width):
    plate = plates.PLATES[kind]
    tables = pd.concat([read(published, study, plate.table) for study in studies])
    return plate.draw(plate.select(tables), width)


def labels(axis):
    """The labels of the ticks in view; a figure keeps others, too."""
    low, high = sorted(axis.get_view_interval())
    own = [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    return [label for label in own if label.get_text() and label.get_visible()]


def shown_texts(figure):
    axes = [axis for ax in figure.axes if ax.axison for axis in (ax.xaxis, ax.yaxis)]
    of_ticks = {
        t for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for t in axis.findobj(Text)
    }
    titles = [axis.label for axis in axes]
    others = [t for t in figure.findobj(Text) if t not in of_ticks] + titles
    return [t for t in others if t.get_text()] + [t for axis in axes for t in labels(axis)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", plates.PLATES)
def test_all_text_is_large_enough_and_on_the_page(published, kind, width):
    for own, studies in plates.names(published).values():
        if own != kind or (len(studies) == 1 and studies[0] not in HARDEST):
            continue
        figure = drawn(published, kind, studies, width)
        assert figure.get_figwidth() == width
        figure.draw_without_rendering()
        page = figure.bbox
        for text in shown_texts(figure):
            assert text.get_fontsize() >= style.LEAST_TEXT, text.get_text()
            box = text.get_window_extent()
            assert page.x0 <= box.x0, text.get_text()
            assert box.x1 <= page.x1, text.get_text()
            assert page.y0 <= box.y0, text.get_text()
            assert box.y1 <= page.y1, text.get_text()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", plates.PLATES)
def test_no_two_labels_of_an_axis_overlap(published, kind, width):
    for own, studies in plates.names(published).values():
        if own != kind or (len(studies) == 1 and studies[0] not in HARDEST):
            continue
        figure = drawn(published, kind, studies, width)
        figure.draw_without_rendering()
        for ax in figure.axes:
            for axis in (ax.xaxis, ax.yaxis):
                upright = [t for t in labels(axis) if t.get_rotation() in (0, 90)]
                boxes = [t.get_window_extent() for t in upright]
                told = [t.get_text() for t in upright]
                assert not any(a.overlaps(b) for a, b in pairwise(boxes)), told


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
    table = plates.PLATES["reductions"].select(frame)
    assert table["baseline"].tolist() == ["b", "a", "c"]
    assert table["ela_max_over_joint"].tolist() == [
        pytest.approx(10),
        2.0,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert table["edap_vgg16_over_joint"].tolist() == [1.0, 2.0, 0.5]
    assert "edap_max_over_joint" not in table
    figure = network_figures.reductions(table, style.WIDTH)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["b †", "a", "c"]
    cells = [t.get_text() for t in figure.axes[0].texts if t.get_text()]
    assert cells == ["10×", "1.0×", "2.0×", "2.0×", "0.50×", "—"]


@pytest.mark.parametrize(
    ("value", "written"), [(97.3, "97×"), (9.96, "10×"), (3.14, "3.1×"), (0.1, "0.10×")]
)
def test_ratios_are_written_with_two_digits(value, written):
    assert network_figures.ratio(value) == written


def test_absolute_costs_are_those_of_the_two_designs(published):
    plate = plates.PLATES["absolute"]
    for study in STUDIES:
        joint = read(published, study, "joint")
        own = joint[joint["criterion"] == "ela_max"].set_index("design")
        table = plate.select(joint).set_index(["network", "design"])
        assert len(table) == 2 * sum(c.startswith("latency_") for c in joint)
        for (network, design), row in table.iterrows():
            costs = own.loc["joint, exact" if design == "joint" else f"alone: {network}"]
            assert row["energy_J"] == costs[f"energy_{network}_J"]
            assert row["latency_s"] == costs[f"latency_{network}_s"]
            edap = row["energy_J"] * row["latency_s"] * row["area_mm2"]
            assert row["edap_J_s_mm2"] == pytest.approx(edap)
            assert costs[f"edap_{network}_J_s_mm2"] == row["edap_J_s_mm2"]


def test_absolute_costs_are_drawn_in_the_units_of_the_axes():
    costs = {"energy_J": [2e-3, 1e-3], "latency_s": [3e-6, 4e-6]}
    frame = pd.DataFrame(
        {
            "network": "vgg16",
            "design": ["joint", "alone"],
            **costs,
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
    figure = parameter_figures.sensitivity(frame, style.WIDTH)
    assert [ax.get_title() for ax in figure.axes] == ["rows"]
    said = figure.get_suptitle()
    assert "whatever it is: columns\n" in said
    assert "one value runs all networks: bits per cell" in said


def test_effects_are_of_the_parameters_that_matter_most(published):
    for study in STUDIES:
        full = read(published, study, "effects")
        table = parameter_figures.asked(full)
        kept = set(table["parameter"])
        assert len(kept) == parameter_figures.MOST
        assert list(dict.fromkeys(table["quantity"])) == [
            "edap_max", "ela_max", "energy", "latency", "area"
        ]  # fmt: skip
        energy = (
            full[full["quantity"].str.startswith("energy_")]
            .groupby("parameter")
            .mean(numeric_only=True)
        )
        own = table[table["quantity"] == "energy"].set_index("parameter")
        assert np.allclose(own["share_alone"], energy.loc[own.index, "share_alone"])
        few = full[full["quantity"].isin(["edap_max", "ela_max", "area"])]
        largest = few.groupby("parameter")[["share_alone", "share_total"]].max().max(axis=1)
        assert largest.idxmax() in kept


def test_what_is_left_out_is_one_ratio_and_what_does_not_run_is_hollow():
    frame = pd.DataFrame(
        {
            "study": ["four_workload_rram", "four_workload_rram", "four_workload_sram"],
            "left_out": ["vgg16", "alexnet", "alexnet"],
            "unknown_over_known": [np.nan, 1.5, 3.0],
        }
    )
    ax = network_figures.left_out(frame, style.WIDTH).axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["VGG16", "AlexNet"]
    marks = {
        tuple(line.get_xdata()): line.get_markerfacecolor()
        for line in ax.lines
        if line.get_marker() in style.MARKERS
    }
    assert marks.pop((0.97,)) == "none"
    assert set(marks) == {(1.5,), (3.0,)}


def test_bars_of_nine_series_differ_in_more_than_colour(published):
    figure = drawn(published, "aggregations", ["nine_workload_sram"], style.WIDTH)
    marked = [line for line in figure.axes[0].lines if line.get_marker() in style.MARKERS]
    assert len({line.get_marker() for line in marked}) == 9
    figure = drawn(published, "breakdown", ["nine_workload_sram"], style.WIDTH)
    bars = figure.axes[0].containers
    looks = [(bar[0].get_hatch(), bar[0].get_facecolor()) for bar in bars]
    assert len(set(looks)) == len(looks)
    assert all(a[0] != b[0] for a, b in pairwise(looks))
