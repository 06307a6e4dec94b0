"""Figures show what they are given, and are the same bytes every time."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.results import Results
from imcmoo.networks.workloads import SHIPPED
from imcmoo.report import figures, front_figures, network_figures, style


def points(n, n_workloads, seed=0):
    """Designs with random costs of shipped networks."""
    rng = np.random.default_rng(seed)
    names = SHIPPED[:n_workloads]
    columns = [f"{q}_{n}_{u}" for n in names for q, u in (("energy", "J"), ("latency", "s"))]
    costs = pd.DataFrame(1e-6 * 10 ** rng.random((n, len(columns))), columns=columns)
    return costs.assign(area_mm2=800 * rng.random(n))


def marked(n_workloads):
    return {
        "front": points(40, n_workloads, 1),
        "selected": points(1, n_workloads, 2),
        "baselines": points(n_workloads, n_workloads, 3),
    }


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


@pytest.fixture(autouse=True)
def _style():
    with style.paper_style():
        yield


@pytest.mark.parametrize("n_workloads", [1, 9])
def test_trade_off_has_a_panel_per_workload(n_workloads):
    names = SHIPPED[:n_workloads]
    figure = front_figures.trade_off(names, points(100, n_workloads), **marked(n_workloads))
    panels = [ax for ax in figure.axes if ax.get_title()]
    assert len(panels) == n_workloads
    assert len(legend(figure)) == n_workloads + 3  # designs, front and joint chip


def test_a_front_of_one_design_can_be_drawn(recwarn):
    one = points(1, 2)
    front_figures.trade_off(SHIPPED[:2], one, one, one, points(0, 2))
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


def test_saved_figures_are_the_same_bytes_every_time(tmp_path):
    for name in ("a", "b"):
        figure = front_figures.trade_off(SHIPPED[:4], points(50, 4), **marked(4))
        style.save(figure, tmp_path, name, ("png", "pdf", "svg"))
    for suffix in ("png", "pdf", "svg"):
        one, other = (tmp_path / f"{name}.{suffix}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()
        assert len(one.read_bytes()) > 1000


HOSTILE = {
    "font.size": 30,
    "font.family": "monospace",
    "axes.grid": True,
    "axes.facecolor": "red",
    "figure.dpi": 37,
    "savefig.dpi": 11,
    "savefig.bbox": "tight",
    "legend.frameon": True,
    "image.cmap": "jet",
    "pdf.fonttype": 3,
}
"""What a user's matplotlibrc may say."""


def test_settings_of_a_user_change_nothing(tmp_path):
    for name, settings in (("a", {}), ("b", HOSTILE)):
        with mpl.rc_context(settings), style.paper_style():
            figure = front_figures.trade_off(SHIPPED[:2], points(50, 2), **marked(2))
        with mpl.rc_context(settings):
            style.save(figure, tmp_path, name)
    for suffix in ("png", "pdf"):
        one, other = (tmp_path / f"{name}.{suffix}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()


STEPS = pd.DataFrame(
    {
        "network": np.repeat(["small_decode", "large_decode"], 3),
        "step": ["first", "mean", "last"] * 2,
        "keys": [11, 15, 20] * 2,
        "time_per_token_s": [1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3],
        "dram_floor_s": [5e-4, 1e-3, 2e-3, 1e-3, 2e-3, 3e-3],
        "token_energy_J": 1e-3,
    }
)


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
@pytest.mark.parametrize("n_networks", [1, 2])
def test_generation_shows_each_step_over_its_floor_and_energy_of_a_token(width, n_networks):
    steps = STEPS.iloc[: 3 * n_networks]
    networks = list(dict.fromkeys(steps["network"]))
    breakdown = pd.DataFrame({"component": ["dram", "cells", "links", "writes"]})
    for network in networks:
        breakdown[f"energy_{network}_J"] = np.array([9.9, 4.0, 0.05, 0.05]) * 1e-3
    of_run = pd.DataFrame({"network": ["prompt", *networks], "phase": "step", "batch": 2})
    of_run.loc[0, "phase"] = "prefill"
    energy = network_figures.energy_per_token(breakdown, of_run)
    figure = network_figures.generation(steps, energy, width)
    times, energies = figure.axes
    over, floors = ([bar.get_width() for bar in bars] for bars in times.containers)
    assert over == pytest.approx(1e3 * steps["time_per_token_s"])
    assert floors == pytest.approx(1e3 * steps["dram_floor_s"])
    rows = [text.get_text() for text in times.get_yticklabels()]
    assert rows[0] == ("first: 11 keys" if n_networks == 1 else "small decode, first: 11 keys")
    assert legend(figure) == ["DRAM", "cells", "others"]
    ends = [bar.get_x() + bar.get_width() for bar in energies.containers[-1]]
    assert ends == pytest.approx([7.0] * n_networks)  # mJ of one of the two sequences


def test_no_figure_of_each_network_is_drawn_of_many(run_of, monkeypatch):
    results = Results.read(run_of("four_workload_rram"))
    assert {"convergence", "trade_off"} <= set(figures._drawn(results))
    monkeypatch.setattr(figures, "MAX_NETWORKS", len(results.workloads) - 1)
    assert set(figures._drawn(results)) == {"convergence"}


def test_figures_for_papers_have_two_widths_and_two_formats_of_300_dpi(tmp_path, monkeypatch):
    monkeypatch.setattr(
        figures, "_drawn", lambda _, width: {"one": mpl.figure.Figure(figsize=(width, 0.1))}
    )
    figures.draw_paper_figures(None, tmp_path)
    names = ("one.pdf", "one.png", "one_narrow.pdf", "one_narrow.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == [*names]
    shapes = [mpl.image.imread(tmp_path / name).shape[:2] for name in names[1::2]]
    assert shapes == [(30, 2148), (30, 1050)]


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
def test_every_mark_of_the_trade_off_is_in_its_legend(width):
    names = list(SHIPPED[:4])
    figure = front_figures.trade_off(names, points(50, 4), **marked(4), width=width)
    texts = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"evaluated design", "Pareto front", "all networks"} <= texts
    assert len(texts) == 3 + len(names)
    assert figure.get_figwidth() == width


@pytest.mark.parametrize("n", [2, 9])
def test_panels_and_legend_of_a_wide_trade_off_do_not_overlap(n):
    figure = front_figures.trade_off(SHIPPED[:n], points(50, n), **marked(n))
    figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in figure.axes] + [figure.legends[0].get_window_extent()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1 for box in boxes)


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
def test_sequential_bars_are_of_chips_of_other_networks(width):
    relative = np.array([[1.5, 1.4, 1.2], [1.0, 3.0, np.nan], [2.0, 1.0, np.nan], [4.0, 9.0, 1.0]])
    figure = figures.joint_and_sequential(relative, list(SHIPPED[:3]), width)
    joint, least, most = ([bar.get_height() for bar in bars] for bars in figure.axes[0].containers)
    assert joint == [1.5, 1.4, 1.2]
    assert least[:2] == [2.0, 3.0]
    assert most[:2] == [4.0, 9.0]
    assert np.isnan(least[2])  # no chip of another network runs the third


def test_texts_of_narrow_figures_have_at_least_6_points():
    with style.paper_style():
        figure = front_figures.trade_off(
            list(SHIPPED[:4]), points(50, 4), **marked(4), width=style.COLUMN
        )
        figure.draw_without_rendering()
        sizes = [t.get_size() for t in figure.findobj(lambda o: hasattr(o, "get_fontsize"))]
    assert min(sizes) >= 6


def test_legends_of_a_narrow_convergence_leave_the_curves_free():
    names = [*"abcdefgh", *"ijkl"]
    search = ["joint"] * 8 + ["i", "j", "k", "l"]
    rows = [
        {"search": s, "criterion": name, "evaluations": n, "best": -float(n)}
        for s, name in zip(search, names, strict=True)
        for n in (1, 2, 3)
    ]
    figure = figures.convergence(pd.DataFrame(rows), style.COLUMN)
    figure.draw_without_rendering()
    boxes = [ax.get_window_extent() for ax in figure.axes]
    legends = [ax.get_legend().get_window_extent() for ax in figure.axes]
    assert not any(box.overlaps(legend) for box in boxes for legend in legends)
    assert all(figure.bbox.y0 <= legend.y0 and legend.x1 <= figure.bbox.x1 for legend in legends)
