"""The page of a run holds what the run's files hold, whatever they are called, and is small."""

import base64
import dataclasses
import gzip
import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.explanation import read_explanations
from imcmoo.answers.results import Results
from imcmoo.api import Study
from imcmoo.display.columns import measured
from imcmoo.display.labels import label
from imcmoo.display.units import number
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Quantity
from imcmoo.report import page_designs
from imcmoo.report.answer_card import card_of_run
from imcmoo.report.page import page
from imcmoo.report.terminal_tables import selection_table
from tests.report.conftest import HOSTILE

ROOT = Path(__file__).parents[2]

LARGEST = 3_000_000
"""Bytes."""


def made(folder):
    path = folder / "explain.json"
    return page([(Results.read(folder), read_explanations(path) if path.exists() else [])])


def data_of(text):
    (packed,) = re.findall(r'<script id="data"[^>]*>([^<]*)</script>', text)
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def column(data, kind, label=None):
    """Values of the columns of a kind, or of those with a label."""
    return [
        c["values"] for c in data["columns"] if c["kind"] == kind and label in (None, c["label"])
    ]


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
    name = {"four_workload_rram": "latency_mobilenet_v3_s", "toy": "accuracy_alexnet_dB"}[study]
    factor = 1e6 if name.endswith("_s") else 1.0
    shown = np.array(column(data, "network")[-1], dtype=float)[rows]
    np.testing.assert_allclose(shown, factor * evaluated[name][evaluated["feasible"]], rtol=1e-5)
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    (run,) = data["runs"]
    values = [values[run["selected"]] for values in column(data, "parameter")]
    assert values == pytest.approx([design["design"][p] for p in Results.read(folder).parameters])
    assert "selected" in data["names"][run["selected"]]
    front = sum(name.startswith("front_") for names in data["names"] for name in names)
    assert front == sum(data["front"]) == len(pd.read_csv(folder / "front.csv"))
    assert data["cards"][data["card"][run["selected"]]]["html"]


def test_the_first_screen_is_the_design_its_costs_and_what_sharing_costs(run_of):
    folder = run_of("four_workload_rram_physical")
    text = made(folder)
    first = text[text.index('<section id="answer">') : text.index('<section id="compare">')]
    design = json.loads((folder / "design.json").read_text(encoding="utf-8"))
    baselines = pd.read_csv(folder / "baselines.csv").iloc[0]
    explained = read_explanations(folder / "explain.json")[0].tables["networks"]
    assert f"{design['chip']['area_mm2']:.4g}" in first
    assert (explained["interval_s"] < explained["latency_s"]).any()  # a pipelined chip
    for (name, costs), bottleneck, interval in zip(
        design["workloads"].items(), explained["bound_by"], explained["interval_s"], strict=True
    ):
        energy, latency = costs["energy_J"], costs["latency_s"]
        shown = (1 / interval, 1e6 * latency, 1e3 * energy, energy / interval)
        cells = [f"<td class='number'>{number(value)}</td>" for value in shown]
        assert "".join([f"<td>{label(name)}</td>", *cells]) in first
        assert f"{baselines[f'relative_edap_{name}']:.3f} ×" in first
        assert f"<td>{label(bottleneck)}</td>" in first
    assert ("stream from DRAM" in first) == (explained["streamed"] == "yes").any()
    assert json.loads((folder / "design.json").read_text())["caution"].partition(". ")[0] in first


def test_networks_with_limits_have_a_line_each_with_their_margins(run_of):
    folder = run_of("four_workload_rram_physical")
    results, explanations = Results.read(folder), read_explanations(folder / "explain.json")
    network = results.workloads[0]
    limits = {network: {"min_fps": 1.0}}
    limited = dataclasses.replace(results, config={**results.config, "limits": limits})
    text = page([(limited, explanations)])
    assert "while it runs alone, at full speed" not in text
    assert re.search(rf"<dt>{label(network)}</dt><dd>\s*<span>[^<]* times the 1 required", text)
    assert "while it runs alone, at full speed" in page([(results, explanations)])


def test_columns_of_a_run_with_requests_have_different_names(tmp_path, monkeypatch):
    run = Study.load(ROOT / "examples" / "cameras.toml").run(budget=40, out=tmp_path)
    data = data_of(made(run.folder))
    names = [c["label"] for c in data["columns"] if c["kind"] in ("chip", "score")]
    assert len(set(names)) == len(names)
    assert data["runs"][0]["criterion"] in names
    assert "EDAP, max (J·s·mm²)" in names


def test_lines_of_networks_are_found_by_their_place(run_of):
    folder = run_of("four_workload_rram_physical")
    results, explanations = Results.read(folder), read_explanations(folder / "explain.json")
    card = card_of_run(results, explanations[0])
    assert [card.rows[at][0] for at in card.networks] == [*map(label, results.workloads)]
    hidden = dataclasses.replace(card, rows=tuple(("area", text) for _, text in card.rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.report.page.card_of_run", lambda *_: hidden)
        text = page([(results, explanations)])
    assert text.count("while it runs alone, at full speed") == 1
    assert text.count("<dt>area</dt>") == len(card.rows) - len(card.networks)


def test_a_smaller_chip_that_is_nearly_as_good_is_named(run_of):
    results = Results.read(run_of("four_workload_rram_physical"))
    (score,), (area,) = results.selected["score"], results.selected["area_mm2"]
    front = results.front  # read once
    other = int((front["score_regret_minimax"] > 1.2 * score).to_numpy().nonzero()[0][0])
    for regret, smaller, named in ((1.04, 0.8, True), (1.04, 0.95, False), (1.06, 0.8, False)):
        front.loc[front.index[other], "area_mm2"] = smaller * area
        front.loc[front.index[other], "score_regret_minimax"] = regret * (1 + score) - 1
        text = page([(results, [])])
        found = re.search(r"data-design='(\w+)' .*> is smaller, ([\d.]+)\xa0mm²", text)
        expected = (f"front_{other + 1}", f"{smaller * area:.4g}")
        assert (found is not None and found.groups() == expected) == named


def test_the_objectives_of_the_front_are_named(run_of):
    text = made(run_of("four_workload_rram_physical"))
    named = "energy (mJ), latency (µs) of each network; area (mm²) of the chip"
    assert f"The Pareto front has 9 objectives: {named}." in text
    text = made(run_of("toy"))
    assert re.search(r"The Pareto front has \d+ objectives?: [^<]+\.", text)


def test_the_policy_allows_this_script_and_style_only(run_of):
    text = made(run_of("toy"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)[0]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_rows_of_several_runs_follow_one_another(run_of):
    runs = [(Results.read(run_of(name)), []) for name in ("toy", "four_workload_rram", "toy")]
    data = data_of(page(runs))
    assert data["run"] == sorted(data["run"])
    assert {len(c["values"]) for c in data["columns"]} == {len(data["run"])}
    for at, run in enumerate(data["runs"]):
        assert data["run"][run["selected"]] == at
        assert "selected" in data["names"][run["selected"]]
    assert len({run["label"] for run in data["runs"][:2]}) == 2


def test_baselines_are_designs_too(run_of):
    folder = run_of("four_workload_rram")
    data = data_of(made(folder))
    alone = pd.read_csv(folder / "baselines.csv").iloc[1:]
    (run,) = data["runs"]
    assert len(run["baselines"]) == len(alone)
    (area,) = column(data, "chip")
    shown = [area[row] for _, row in run["baselines"]]
    np.testing.assert_allclose(shown, alone["area_mm2"], rtol=1e-5)


def test_a_run_without_explanations_or_baselines_has_a_page(run_of, tmp_path):
    folder = tmp_path / "older"
    shutil.copytree(run_of("four_workload_rram"), folder)
    for name in ("explain.json", "baselines.csv", "breakdown.csv"):
        (folder / name).unlink()
    data = data_of(made(folder))
    assert data["cards"] == data["runs"][0]["baselines"] == []


def test_a_run_whose_curve_has_an_empty_cell_is_refused(run_of, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run_of("toy"), folder)
    curve = pd.read_csv(folder / "convergence.csv")
    curve["evaluations"] = curve["evaluations"].astype(object)
    curve.loc[0, "evaluations"] = ""
    before = hashlib.sha256((folder / "convergence.csv").read_bytes()).hexdigest()
    curve.to_csv(folder / "convergence.csv", index=False)
    after = hashlib.sha256((folder / "convergence.csv").read_bytes()).hexdigest()
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(before, after))
    with pytest.raises(InputError, match="its files are damaged or do not fit together"):
        made(folder)


def test_many_designs_are_thinned_out_but_for_those_with_a_name(run_of, monkeypatch):
    whole = data_of(made(run_of("four_workload_rram")))
    monkeypatch.setattr(page_designs, "MAX_VALUES", 18 * 60)
    thin = data_of(made(run_of("four_workload_rram")))
    assert len(thin["line"]) < len(whole["line"])
    assert [names for names in thin["names"] if names] == [n for n in whole["names"] if n]


def test_cards_beyond_the_room_for_them_are_left_out(run_of, monkeypatch):
    whole = data_of(made(run_of("four_workload_rram")))
    room = sum(len(card["html"]) for card in whole["cards"]) - 1
    monkeypatch.setattr("imcmoo.report.page.MAX_CHARACTERS", room)
    few = data_of(made(run_of("four_workload_rram")))
    n = len(few["cards"])
    assert 0 < n < len(whole["cards"])
    assert few["cards"] == whole["cards"][:n]
    assert few["card"] == [c if c is not None and c < n else None for c in whole["card"]]


def test_networks_and_levels_that_look_alike_are_told_apart(run_of):
    data = data_of(made(run_of("many")))
    networks = data["runs"][0]["networks"]
    assert len(set(networks)) == len(networks) == 18
    assert set(column(data, "parameter", "kind")[0]) == {"NA", "01", "<b>"}


def test_names_of_networks_are_shown_and_nothing_more(hostile_run):
    text = made(hostile_run)
    assert HOSTILE in data_of(text)["runs"][0]["networks"]
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; &#39;é" in text


@pytest.mark.parametrize(
    "workloads", [["net", "net_a", "a"], ["a", "energy"], ["a_J"], ["resnet18", "s"]]
)
def test_every_quantity_is_found_again(workloads):
    quantities = [
        Quantity("area", "mm2", per_workload=False),
        Quantity("energy", "J"),
        Quantity("hit_rate", ""),
        Quantity("accuracy", "dB"),
        Quantity("cost", "", per_workload=False),
    ]
    columns = [c for q in quantities for c in q.columns(workloads)]
    result = measured(columns, workloads)
    assert [c for m in result for c in m.columns] == columns
    assert [(m.name, m.unit) for m in result if m.per_workload] == [
        (q.name, q.unit) for q in quantities if q.per_workload
    ]


def test_units_are_those_people_read():
    area, energy = measured(["area_mm2", "energy_a_J", "energy_b_J"], ["a", "b"])
    assert (area.heading, area.factor) == ("area (mm²)", 1.0)
    assert (energy.heading, energy.factor) == ("energy (mJ)", 1e3)


def test_parameters_in_which_selected_designs_differ_come_first(run_of):
    results = Results.read(run_of("four_workload_rram_physical"))
    names, *designs = (list(c.cells) for c in selection_table(results).columns)
    rows = dict(zip(names, zip(*designs, strict=True), strict=True))
    differ = [len(set(rows[name])) > 1 for name in names if name in results.parameters]
    assert differ == sorted(differ, reverse=True)
    assert len(set(differ)) == 2
    assert sorted(names[: len(differ)]) == sorted(results.parameters)
