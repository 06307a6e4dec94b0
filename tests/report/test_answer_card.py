"""The answer card states the limits of the study beside what the chip reaches."""

import json
import re
from dataclasses import asdict
from types import SimpleNamespace

import pandas as pd
import pytest

from imcmoo import Run
from imcmoo.answers.cautions import PHYSICAL_BASIS
from imcmoo.answers.explanation import read_explanations
from imcmoo.answers.list_ends import OpenEnd
from imcmoo.api import Study
from imcmoo.cli.main import main
from imcmoo.display import labels, table, units
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.problem.limits import Limits
from imcmoo.problem.own_score import Exponents
from imcmoo.report import answer_card, card_lines
from imcmoo.report.answer_card import AnswerCard
from imcmoo.space.widening import ListEnd
from tests import ROOT
from tests.scenario.study_text import study_text

SPACE = """base = "sram_physical"
voltage_V = 0.9
rows = 128
cols = 128
active_rows = 128
weight_coding = "differential"
input_slice_bits = 1
input_coding = "levels"
adc_bits = [6, 7]
columns_per_adc = [4, 8]
sample_and_hold = 1
ping_pong = 0
tiles_per_group = 4
router_groups = 32
glb_KiB = 1024
dram = "x64"
buffer_words = 1
adc_noise = 10
"""
NETWORK = """[[networks]]
source = "mobilenet_v3_onnx"
"""


def answered(folder, capsys, *commands, scenario="", networks, **settings):
    """Rows of the cards that commands print, and the study file."""
    text = study_text(scenario, space=SPACE, networks=networks, baselines=False, **settings)
    path = folder / "two.toml"
    path.write_text(text, encoding="utf-8")
    cards = []
    for command in commands:
        capsys.readouterr()
        assert main([command, str(path), "--out", str(folder)]) == 0
        cards.append(
            dict(re.findall(r"^  (\S.*?)  +(.*(?:\n   .*)*)", capsys.readouterr().out, re.M))
        )
    return [{k: " ".join(v.split()) for k, v in card.items()} for card in cards]


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        ({"a": [4, 4], "b": [4, 4]}, "4-bit inputs and weights"),
        ({"a": [8, 4]}, "inputs of 8 bits and weights of 4 to 8 bits"),
        ({"a": [6, 4], "b": [6, 4]}, "inputs of 6 bits and weights of 4 bits"),
    ],
)
def test_a_chip_states_the_bits_of_its_operands(precision, text):
    config = {"model": "physical", "precision": precision, "workloads": ["a", "b"]}
    assert [*card_lines.operands(config)] == [text]
    assert not [*card_lines.operands(config | {"model": "mine"})]


def test_a_chip_has_the_label_of_its_device(monkeypatch):
    monkeypatch.setattr(memory_cell("sram"), "label", "charge SRAM")
    for device, label in (("sram", "charge SRAM"), ("dimc", "digital SRAM"), ("mine", "mine")):
        design = {"device": device, "rows": 64, "cols": 32}
        shown = card_lines.chip_lines(SimpleNamespace(design=design), {"model": "mine"})
        assert next(shown) == ("chip", f"{label}, macros of 64 × 32")


def test_run_enumeration_and_proof_state_the_same_costs_and_limits(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    limits = "min_fps = 10\nmax_latency_s = 1\n"
    commands = ("run", "enumerate", "certify")
    cards = answered(
        tmp_path, capsys, *commands, networks=NETWORK + limits,
        criterion="edap_max", area_limit_mm2=500,
    )  # fmt: skip
    (first, *others) = cards
    assert [*first][-1] == "caution"
    assert first["chip"].endswith(", 8-bit inputs and weights")
    design = json.loads((tmp_path / "two/seed-1/design.json").read_text())
    area, fps = (
        design["chip"]["area_mm2"],
        1 / design["workloads"]["mobilenet_v3_onnx"]["interval_s"],
    )
    assert first["area"].startswith(
        f"{area:.4g} mm² ({100 * area / 500:.3g} % of the 500 mm² allowed)"
    )
    assert f"while it runs alone ({fps / 10:.3g} times the 10 required)" in first["MobileNetV3"]
    assert "of the 1 s allowed)" in first["MobileNetV3"]
    assert first["proof"].startswith("not proven: the best of ")
    assert first["proof"].endswith(" designs evaluated, of 4 in the space")
    assert first["next"].startswith("imcmoo certify ")
    for card in others:
        assert card["proof"].startswith("proven: ")
        assert "4 designs" in card["proof"]
        differing = {key for key in first if card[key] != first[key]}
        assert differing <= {"proof", "next", "caution"}


def test_deadlines_and_power_of_a_scenario_are_on_the_card(tmp_path, capsys):
    networks = NETWORK + "rate_Hz = 30\n"
    (card,) = answered(tmp_path, capsys, "run", networks=networks, scenario='idle = "on"')
    explanation = read_explanations(tmp_path / "two/seed-1/explain.json")[0]
    (row,) = explanation.tables["scenario"].to_dict("records")
    used = 100 * row["response_s"] / row["deadline_s"]
    assert card["MobileNetV3"].startswith("30 requests/s, each answered within ")
    assert f"({used:.3g} % of the deadline, 33.3 ms)" in card["MobileNetV3"]
    assert card["load"] == f"serves up to {row['capacity']:.3g} times the requests"
    assert card["average power"].endswith("W, with DRAM")
    parts = explanation.tables["power"].set_index("part")["power_W"]
    assert parts.sum() == pytest.approx(explanation.chip["average_power_W"])
    share = 100 * parts["dram_rest"] / parts.sum()
    text = f"DRAM at rest {units.engineering(parts['dram_rest'], 'W')} ({share:.3g} %)"
    assert card["power by part"].startswith("networks ")
    assert text in card["power by part"]
    capsys.readouterr()
    assert main(["explain", str(tmp_path / "two/seed-1")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Average power: {card['power by part']}." in said


def test_a_limit_is_near_within_two_percent_and_its_margin_is_stated():
    rows = [("area_mm2", "", 0.911), ("max_latency_s", "vgg16", 0.985), ("snr", "vgg16", 0.5)]
    rows += [("max_average_power_W", "", 0.37)]  # excludes only a neighbour of a worse score
    limits = pd.DataFrame(rows, columns=["limit", "network", "used"])
    limits = limits.assign(excess=limits["used"] - 1, stops=[0, 3, 1, 1])
    neighbours = pd.DataFrame({"step": range(9), "score": [1.0] * 6 + [3.0, 3.0, None]})
    tables = {"limits": limits, "neighbours": neighbours}
    broken = [(0, "max_latency_s", "vgg16"), (8, "snr", "vgg16"), (7, "max_average_power_W", "")]
    tables["lacking"] = pd.DataFrame(broken, columns=["step", "limit", "network"])
    networks = pd.DataFrame({"network": ["vgg16"], "snr_adc_dB": [18.01]})
    one = SimpleNamespace(tables={**tables, "networks": networks}, score=2.0)
    (near,) = card_lines.near_limits(one)
    assert near.endswith(" of VGG16: 1.5 % to spare")
    of_latency, of_snr = card_lines.binding_limits(one)
    assert of_latency.endswith(
        " of VGG16 (1.5 % to spare, 3 of 9 designs one step away violate it)"
    )
    spare = "18.01 dB, 15 dB needed, 1 of 9 designs one step away violates it"
    assert of_snr == f"ADC SQNR of VGG16 ({spare})"


def test_a_limit_of_energy_over_latency_is_proven_by_enumeration(tmp_path, capsys):
    networks = NETWORK + "max_power_W = 500\n"
    (card,) = answered(tmp_path, capsys, "run", networks=networks, criterion="edap_max")
    assert card["next"].startswith("imcmoo enumerate ")
    assert "of the 500 W allowed)" in card["MobileNetV3"]


def test_the_card_of_a_stored_run_names_the_command_that_proves_it(tmp_path, capsys):
    (card,) = answered(tmp_path, capsys, "run", networks=NETWORK, criterion="edap_max")
    stored = dict(Run(tmp_path / "two/seed-1").card.rows)["next"]
    assert stored == "imcmoo certify two.toml"
    # The terminal may wrap a long path.
    assert card["next"].replace(" ", "") == f"imcmoocertify{tmp_path / 'two.toml'}"


def test_the_card_of_a_study_without_file_names_the_next_call_in_python(tmp_path):
    text = study_text("", space=SPACE, networks=NETWORK, baselines=False, criterion="edap_max")
    (tmp_path / "two.toml").write_text(text, encoding="utf-8")
    study = Study.load(tmp_path / "two.toml").replace(file=None)
    run = study.run(out=tmp_path)
    for card in (run.card, Run(run.folder).card):
        assert dict(card.rows)["next"] == "study.certify()"
    (proven,) = study.certify(out=tmp_path).values()
    then = dict(answer_card.card_of_certificate(study, proven).rows)["next"]
    assert then == "study.what_if([{'technology_nm': 22}])"
    named = Study.load(tmp_path / "two.toml")
    assert named.replace(budget=3).file == named.replace(name="two").file == named.file
    # The file is of another study.
    assert named.replace(name="other").file is None


def test_the_caution_comes_first_where_the_model_has_no_limit_of_power(tmp_path):
    study = Study(name="one", device="sram", networks=["resnet18"], baselines=False)
    headings = [heading for heading, _ in study.run(budget=20, out=tmp_path).card.rows]
    assert headings[:2] == ["caution", "chip"]


@pytest.mark.parametrize("n", [1, 3])
def test_a_single_heading_of_a_table_spans_all_columns(n):
    text = table._latex_table("l" * n, ["title"], [["x"] * n])
    assert rf"\multicolumn{{{n}}}{{l}}{{title}} \\" in text


def test_a_card_after_widening_names_only_ends_that_stay_open():
    named = "rows 64 (smallest listed): longer lists may hold a better chip"
    rows = (("chip", "one"), ("ends of lists", f"{named}, --widen tries them"), ("next", "go"))
    card = AnswerCard("edge", rows)
    assert card.after_widening([]).rows == (rows[0], rows[2])
    left = [OpenEnd(ListEnd("rows", 64, "smallest"), 32)]
    assert card.after_widening(left).rows == (rows[0], ("ends of lists", named), rows[2])


def test_a_card_is_a_table_of_latex_with_its_signs_escaped():
    card = AnswerCard("edge_two: one chip", (("area", "4 mm² (50 % of 8)"), ("next", "a_b")))
    latex = card.to_latex()
    assert r"edge\_two: one chip" in latex
    assert r"area & 4 mm$^2$ (50 \% of 8) \\" in latex
    assert r"next & a\_b \\" in latex
    assert r"\toprule" in latex


def test_signs_that_latex_reads_as_commands_are_escaped():
    assert table.latex("~10^12 – a<b") == (r"\textasciitilde{}10\textasciicircum{}12 -- a$<$b")


def test_a_pipelined_chip_has_the_speed_and_power_of_its_interval():
    row = pd.Series({"energy_J": 6e-3, "latency_s": 4e-3, "interval_s": 1e-3, "images": 2.0})
    assert card_lines.at_full_speed(row) == pytest.approx((2000.0, 6.0))
    assert card_lines.at_full_speed(row.drop("interval_s")) == pytest.approx((500.0, 1.5))
    texts = card_lines.network_costs(row, Limits(max_power_W=3.0), alone=True)
    assert [text for text in texts if text.endswith("W") or "allowed" in text] == [
        "power at full speed 6 W",
        "energy over latency 1.5 W (50 % of the 3 W allowed)",
    ]


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"images": 4.0}, "energy of 4 images 6 mJ"),
        ({"images": 4.0, units.TOKENS: 9.0}, "energy of 4 sequences 6 mJ"),
        ({"images": 1.0}, "energy 6 mJ"),
        ({}, "energy 6 mJ"),
    ],
)
def test_the_energy_of_a_batch_states_of_how_many_it_is(columns, text):
    row = pd.Series({"energy_J": 6e-3, "latency_s": 4e-3, **columns})
    assert text in [*card_lines.network_costs(row, Limits(), alone=True)]


def test_scores_have_the_unit_of_their_exponents():
    own = Exponents(energy=1, latency=2, area=1)
    for score in (own, asdict(own)):
        assert labels.criterion_unit("score", score) == "J·s²·mm²"
    assert labels.criterion_unit("score", "module:name") == labels.criterion_unit("score") == ""
    assert labels.criterion_unit("alone_resnet18_onnx") == "J·s·mm²"


def test_pages_are_cited_by_their_titles_where_their_files_are_missing(tmp_path, monkeypatch):
    assert card_lines.cited(PHYSICAL_BASIS) == PHYSICAL_BASIS
    titles = {ROOT.joinpath(page).read_text("utf-8").splitlines()[0] for page in card_lines.PAGES}
    assert titles == {f"# {title}" for title in card_lines.PAGES.values()}
    monkeypatch.setattr(card_lines, "PROJECT", tmp_path)
    cited = card_lines.cited(PHYSICAL_BASIS)
    assert "published macros (documentation: The physical model beside published chips)" in cited
    assert "docs/" not in cited
