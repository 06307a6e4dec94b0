"""Figures show what they are given, and are the same bytes every time."""

import numpy as np
import pandas as pd
import pytest

from imcmoo.networks.workloads import SHIPPED
from imcmoo.report import figures, style
from imcmoo.report import front_figures as fronts
from imcmoo.report.front_figures import Points


def points(n, n_workloads, seed=0):
    rng = np.random.default_rng(seed)
    energy, latency = 1e-3 * 10 ** rng.random((2, n, n_workloads))
    return Points(energy, latency * 1e-3, 800e-6 * rng.random(n))


def none(n_workloads):
    return Points(np.empty((0, n_workloads)), np.empty((0, n_workloads)), np.empty(0))


def marked(n_workloads, *, baselines=True):
    alone = points(n_workloads, n_workloads, 3) if baselines else none(n_workloads)
    return {
        "front": points(40, n_workloads, 1),
        "selected": points(1, n_workloads, 2),
        "alone": alone,
    }


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


@pytest.fixture(autouse=True)
def _style():
    with style.paper_style():
        yield


@pytest.mark.parametrize("n_workloads", [1, 4, 9])
def test_trade_off_has_a_panel_per_workload(n_workloads):
    names = SHIPPED[:n_workloads]
    figure = fronts.trade_off(names, evaluated=points(100, n_workloads), **marked(n_workloads))
    panels = [ax for ax in figure.axes if ax.get_title()]
    assert len(panels) == n_workloads
    assert {ax.get_xlabel() for ax in panels} == {"latency (µs)"}
    assert {ax.get_ylabel() for ax in panels} == {"energy (mJ)"}
    assert len(legend(figure)) == n_workloads + 1


def test_without_baselines_only_the_selected_design_is_marked():
    figure = fronts.trade_off(SHIPPED[:4], evaluated=points(9, 4), **marked(4, baselines=False))
    assert legend(figure) == ["all workloads"]


def test_energies_and_latencies_are_drawn_in_the_units_of_the_axes():
    selected = Points(np.array([[2e-3]]), np.array([[3e-6]]), np.array([1e-6]))
    figure = fronts.trade_off(
        ["resnet18"], evaluated=points(9, 1), front=points(5, 1), selected=selected, alone=none(1)
    )
    star = figure.axes[0].collections[-1].get_offsets()
    assert star.tolist() == [[pytest.approx(3.0), pytest.approx(2.0)]]


def test_parallel_coordinates_scale_what_is_drawn_from_0_to_1():
    figure = fronts.parallel_coordinates(SHIPPED[:4], **marked(4))
    ax = figure.axes[0]
    front = [path.vertices[:, 1] for path in ax.collections[0].get_paths()]
    marks = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 9]
    drawn = np.array([*front, *marks])
    assert drawn.min(axis=0) == pytest.approx(np.zeros(9))
    assert drawn.max(axis=0) == pytest.approx(np.ones(9))
    assert len(ax.get_xticks()) == 9


def test_a_front_of_one_design_can_be_drawn(recwarn):
    one = points(1, 2)
    fronts.parallel_coordinates(SHIPPED[:2], front=one, selected=one, alone=none(2))
    fronts.trade_off(SHIPPED[:2], evaluated=one, front=one, selected=one, alone=none(2))
    assert not recwarn.list


def test_the_matrix_says_what_does_not_map_and_what_breaks_limits():
    relative = np.array([[1.0, 12.5], [np.nan, np.nan]])
    runs = np.array([[True, True], [False, True]])
    figure = figures.baseline_matrix(
        relative, runs, rows=["joint", "vgg16"], columns=["alexnet", "vgg16"]
    )
    texts = [text.get_text() for text in figure.axes[0].texts if text.get_text()]
    assert texts.count("does not\nmap") == 1
    assert texts.count("beyond\nits limits") == 1
    assert "12.50" in texts


def test_convergence_ends_at_the_final_design():
    best = pd.DataFrame({"evaluations": [2, 3, 4], "best": [4.0, 2.0, 2.0]})
    figure = figures.convergence({"edap_max": best}, {"vgg16": best})
    assert len(figure.axes) == 2
    for ax in figure.axes:
        assert ax.lines[0].get_xdata().tolist() == [2, 3, 4]
        assert ax.lines[0].get_ydata().tolist() == [100.0, 0.0, 0.0]


def test_breakdown_shares_add_up_to_100_percent():
    energy = np.array([[1e-3, 3e-3], [2e-3, 2e-3]])
    figure = figures.breakdown(
        ["vgg16", "alexnet"], ["adc", "cells"], energy_J=energy, area_m2=np.array([1e-6, 2e-6])
    )
    left = figure.axes[0]
    assert max(bar.get_x() + bar.get_width() for bar in left.patches) == pytest.approx(100)
    assert "4 mJ" in left.get_yticklabels()[0].get_text()


@pytest.mark.parametrize("n_workloads", [4, 9])
def test_no_legend_covers_an_axis(n_workloads):
    names = SHIPPED[:n_workloads]
    for figure in (
        fronts.trade_off(names, evaluated=points(50, n_workloads), **marked(n_workloads)),
        fronts.parallel_coordinates(names, **marked(n_workloads)),
        figures.breakdown(
            names,
            [f"component {i}" for i in range(9)],
            energy_J=np.ones((n_workloads, 9)),
            area_m2=np.ones(9),
        ),
    ):
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(ax.get_tightbbox()) for ax in figure.axes)


def test_saved_figures_are_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        figure = fronts.parallel_coordinates(SHIPPED[:4], **marked(4))
        style.save(figure, tmp_path, name)
    for suffix in ("png", "pdf"):
        one, other = (tmp_path / f"{name}.{suffix}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()
        assert len(one.read_bytes()) > 1000


def test_colours_leave_the_highlight_alone():
    highlight = tuple(int(style.HIGHLIGHT[i : i + 2], 16) / 255 for i in (1, 3, 5))
    assert highlight not in [tuple(c) for c in style.colours(9)]
    assert len(set(style.colours(9))) == 9


def test_a_baseline_that_is_the_selected_design_shows_around_it():
    """Both are drawn on the same point: the star in front, inside a hollow and larger mark."""
    one = points(1, 1)
    figure = fronts.trade_off(["vgg16"], evaluated=one, front=one, selected=one, alone=one)
    baseline, star = figure.axes[0].collections[-2:]
    assert baseline.get_offsets().tolist() == star.get_offsets().tolist()
    assert not len(baseline.get_facecolor())
    assert len(star.get_facecolor())
    assert baseline.get_sizes()[0] > 1.5 * star.get_sizes()[0]
    assert star.get_zorder() > baseline.get_zorder()
