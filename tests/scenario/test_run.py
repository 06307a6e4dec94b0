"""A run under requests: its files, its explanation and its report."""

import base64
import json

import numpy as np
import pandas as pd
import pytest

from imcmoo.__main__ import main
from imcmoo.report.scenario_table import verdict
from tests.scenario.study_text import study_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory, _figures):
    root = tmp_path_factory.mktemp("two")
    text = study_text('interrupt = "layer"\nmargin = 0.2', budget=100)
    (root / "two.toml").write_text(text, encoding="utf-8")
    assert main(["run", str(root / "two.toml"), "--out", str(root), "--quiet"]) == 0
    return root / "two" / "seed-1"


def test_the_selected_chip_meets_all_deadlines_with_the_margin(folder):
    rows = pd.read_csv(folder / "scenario.csv")
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    assert rows["network"].tolist() == ["resnet18_onnx", "alexnet_onnx"]
    assert (rows["capacity"] >= 1.2 * (1 - 1e-9)).all()
    assert (rows["slack_s"] > 0).all()
    assert (rows["simulated_s"] <= rows["response_s"] * (1 + 1e-9)).all()
    assert rows["xrbench"].between(0, 1).all()
    scenario = design["scenario"]
    assert scenario["capacity"] == pytest.approx(rows["capacity"].min())
    assert scenario["least_capacity"] == rows["network"][rows["capacity"].argmin()]
    power = scenario["average_power_W"]
    assert power["total"] == pytest.approx(design["chip"]["average_power_W"])
    assert power["total"] == pytest.approx(sum(v for k, v in power.items() if k != "total"))
    assert rows["average_power_W"].sum() == pytest.approx(
        power["resnet18_onnx"] + power["alexnet_onnx"]
    )


def test_scores_by_area_are_in_the_unit_of_the_column_of_areas(folder):
    front = pd.read_csv(folder / "front.csv")
    np.testing.assert_allclose(front["score_area"], front["area_mm2"], rtol=1e-12)
    design = json.loads((folder / "design.json").read_text())
    assert design["scores"]["area"] == pytest.approx(design["chip"]["area_mm2"])


def test_the_timeline_has_its_figure_and_shows_every_request_served(folder):
    pieces = pd.read_csv(folder / "timeline.csv")
    rows = pd.read_csv(folder / "scenario.csv").set_index("network")
    assert (folder / "figures" / "timeline.png").stat().st_size > 1000
    assert (folder / "figures" / "power_area.png").stat().st_size > 1000
    last = pieces.groupby(["network", "request"])["end_s"].max()
    released = pieces.groupby(["network", "request"])["released_s"].first()
    worst = (last - released).groupby("network").max()
    assert worst.to_numpy() == pytest.approx(rows["simulated_s"][worst.index].to_numpy())


def test_an_explanation_names_the_network_that_misses_first(folder, capfd):
    assert main(["explain", str(folder)]) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "misses its deadline first, at" in shown
    assert main(["explain", str(folder), "--csv", str(folder / "tables")]) == 0
    assert len(pd.read_csv(folder / "tables" / "scenario.csv")) == 2


def test_the_report_shows_the_requests(folder):
    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text("utf-8")
    assert "Requests: response bound and its parts" in page
    drawn = base64.b64encode((folder / "figures" / "timeline.png").read_bytes()).decode()
    assert f"src='data:image/png;base64,{drawn}'" in page
    assert "img-src data:" in page


def test_a_response_without_bound_is_said_to_have_none(folder):
    rows = pd.read_csv(folder / "scenario.csv").assign(response_s=np.inf)
    assert verdict(rows).endswith("its response is not bounded.")
