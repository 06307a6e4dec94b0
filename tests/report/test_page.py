"""The page of a run holds what the run's files hold, whatever they are called, and is small."""

import base64
import gzip
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from imcmoo.report import page_cards, page_designs
from imcmoo.report.page import page
from imcmoo.report.results import Results
from imcmoo.study.explanation_file import read_explanations
from tests.report.conftest import HOSTILE

pytest.importorskip("plotly")

LARGEST = 6_000_000


def made(folder):
    path = folder / "explain.json"
    return page(Results.read(folder), read_explanations(path) if path.exists() else [])


def data_of(text):
    (packed,) = re.findall(r'<script id="data"[^>]*>([^<]*)</script>', text)
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.mark.parametrize("study", ["four_workload_rram", "toy"])
def test_the_page_holds_every_feasible_design_once_and_its_figures(study, run_of):
    folder = run_of(study)
    text = made(folder)
    assert len(text.encode()) < LARGEST
    data = data_of(text)
    evaluated = pd.read_csv(folder / "evaluations.csv")
    rows = [row for row, line in enumerate(data["line"]) if line is not None]
    assert [data["line"][row] - 2 for row in rows] == evaluated.index[
        evaluated["feasible"]
    ].tolist()
    quantity = data["quantities"][-1]
    name = {"four_workload_rram": "latency_mobilenet_v3_s", "toy": "accuracy_alexnet_dB"}[study]
    factor = 1e6 if name.endswith("_s") else 1.0
    shown = np.array(quantity["values"][-1], dtype=float)[rows]
    np.testing.assert_allclose(shown, factor * evaluated[name][evaluated["feasible"]], rtol=1e-5)
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    values = [p["levels"][p["values"][data["selected"]]] for p in data["parameters"]]
    told = [design["design"][p] for p in Results.read(folder).parameters]
    assert [str(v) for v in values] == [v if isinstance(v, str) else f"{v:g}" for v in told]
    assert "selected" in data["names"][data["selected"]]
    front = sum(name.startswith("front_") for names in data["names"] for name in names)
    assert front == sum(data["front"]) == len(pd.read_csv(folder / "front.csv"))
    assert data["cards"][data["card"][data["selected"]]]["html"]


def test_baselines_are_designs_too(run_of):
    folder = run_of("four_workload_rram")
    data = data_of(made(folder))
    alone = pd.read_csv(folder / "baselines.csv").iloc[1:]
    assert len(data["baselines"]) == len(alone)
    area = data["quantities"][0]["values"][0]
    shown = [area[b["row"]] for b in data["baselines"]]
    np.testing.assert_allclose(shown, alone["area_mm2"], rtol=1e-5)


def test_a_run_without_explanations_or_baselines_has_a_page(run_of, tmp_path):
    folder = tmp_path / "older"
    shutil.copytree(run_of("four_workload_rram"), folder)
    for name in ("explain.json", "baselines.csv", "breakdown.csv"):
        (folder / name).unlink()
    data = data_of(made(folder))
    assert data["cards"] == data["baselines"] == []


def test_many_designs_are_thinned_out_but_for_those_with_a_name(run_of, monkeypatch):
    whole = data_of(made(run_of("four_workload_rram")))
    monkeypatch.setattr(page_designs, "MOST_VALUES", 18 * 60)
    thin = data_of(made(run_of("four_workload_rram")))
    assert len(thin["line"]) < len(whole["line"])
    assert [names for names in thin["names"] if names] == [n for n in whole["names"] if n]
    assert thin["evaluated"] == whole["evaluated"]


def test_cards_beyond_the_room_for_them_are_left_out(run_of, monkeypatch):
    whole = data_of(made(run_of("four_workload_rram")))
    room = sum(len(card["html"]) for card in whole["cards"]) - 1
    monkeypatch.setattr(page_cards, "MOST_CHARACTERS", room)
    few = data_of(made(run_of("four_workload_rram")))
    n = len(few["cards"])
    assert 0 < n < len(whole["cards"])
    assert few["cards"] == whole["cards"][:n]
    assert few["card"] == [c if c is not None and c < n else None for c in whole["card"]]


def test_networks_and_levels_that_look_alike_are_told_apart(run_of):
    data = data_of(made(run_of("many")))
    assert len(set(data["networks"])) == len(data["networks"]) == 18
    assert data["parameters"][1]["levels"] == ["NA", "01", "<b>"]


def test_names_of_networks_are_shown_and_nothing_more(hostile_run):
    text = made(hostile_run)
    assert HOSTILE in data_of(text)["networks"]
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &#x27;é" in text
