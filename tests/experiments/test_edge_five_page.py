"""The pages of accuracy state the numbers of its published tables."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.edge_networks.prediction import summary

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "results" / "published" / "accuracy"
NETWORKS = {
    "digits": "digits",
    "line_direction": "line direction",
    "magika": "file type",
    "minilm": "sentences",
    "recogniser": "text",
}
CHIPS = ("edge_sram0", "edge_sram", "nine_sram", "nine_rram")


def chip_rows(chips: pd.DataFrame) -> list[str]:
    """Rows of the table of SRAM chips."""
    least = chips["edap_Jsmm2"].min()
    drops = chips[[f"drop_{name}" for name in NETWORKS]]
    return [
        f"| {100 * chip.allowed_drop:.0f} | {chip.active_rows} of {chip.rows} "
        f"| {chip.input_slice_bits} | {chip.adc_bits} | {1e6 * chip.energy_J:.1f} "
        f"| {1e6 * chip.latency_s:.0f} | {chip.area_mm2:.1f} | {chip.edap_Jsmm2 / least:.2f} "
        f"| {max(100 * drops.loc[at].max(), 0):.1f} |"
        for at, chip in enumerate(chips.itertuples())
    ]


def executed_rows(executed: pd.DataFrame) -> list[str]:
    """Rows of the table of executed networks."""
    runs = executed.set_index(["network", "chip"])
    rows = []
    for name, title in NETWORKS.items():
        cells = [title]
        for chip in CHIPS:
            if (name, chip) not in runs.index:
                cells.append("not executed")
                continue
            run = runs.loc[name, chip]
            score = f"{run['accuracy']:.2f} of {run['integer']:.2f}"
            cells.append(f"{score}, {run['chip_min']:.2f} ({run['chips']} × {run['samples']})")
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def read(name: str) -> str:
    """A page of the documentation."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page():
    return read("edge_five.md")


@pytest.fixture(scope="module")
def prose(page):
    return " ".join(page.split())


def test_the_page_states_the_chips_and_scores_of_the_tables(page):
    rows = chip_rows(pd.read_csv(TABLES / "edge_five_sram.csv"))
    rows += executed_rows(pd.read_csv(TABLES / "edge_five_executed.csv"))
    assert len(rows) == 8
    assert [row for row in rows if row not in page] == []


def test_cell_errors_by_level_decide_which_networks_an_rram_chip_runs(prose):
    runs = pd.read_csv(TABLES / "cell_errors.csv").set_index(["cell_errors", "network"])
    lost = 100 * (runs["integer"] - runs["accuracy"])
    fresh = lost.loc["wan2022_1s"]
    assert fresh.drop("recogniser").max() <= 0
    assert (
        f"loses nothing in four networks and {fresh['recogniser']:.1f} points of text a second "
        "after programming. After a day it runs only digits and file type."
    ) in prose
    assert set(lost.loc["wan2022_1d"].index[lost.loc["wan2022_1d"] < 1]) == {"digits", "magika"}


def test_the_page_states_what_accuracy_costs_on_the_fronts(page):
    fronts = pd.read_csv(TABLES / "figures" / "fronts.csv").set_index("network")
    lines = fronts.loc["line_direction"].sort_values("energy_J")
    assert lines["drop"].iloc[0] > 0.48
    assert lines["adc_bits"].iloc[0] == 5
    kept = lines[lines["drop"] == 0].iloc[0]
    assert kept["adc_bits"] == 6
    assert f"for {kept['energy_J'] / lines['energy_J'].iloc[0] - 1:.0%}".replace("%", " %") in page
    assert fronts.loc["digits", "drop"].max() < 0.002


def test_every_executed_chip_without_noise_scores_as_integers_do():
    executed = pd.read_csv(TABLES / "edge_five_executed.csv")
    quiet = executed[executed["chip"] == "edge_sram0"]
    assert len(quiet) > 0
    assert (quiet["chip_min"] == quiet["integer"]).all()


def test_no_rram_chip_with_the_assumed_cell_errors_keeps_five_points():
    rram = pd.read_csv(TABLES / "edge_five_rram.csv")
    worst = rram[[f"drop_{name}" for name in NETWORKS]].max(axis=1)
    assert worst[rram["sigma"] == 0.043].min() > 0.05


def test_an_rram_chip_with_smaller_cell_errors_computes_as_integers_do():
    rram = pd.read_csv(TABLES / "edge_five_rram.csv")
    worst = rram[[f"drop_{name}" for name in NETWORKS]].max(axis=1)
    least = worst[rram["sigma"] == 0.011].idxmin()
    sram = pd.read_csv(TABLES / "edge_five_sram.csv").set_index("allowed_drop")
    assert worst[least] < 0.0005
    assert rram.loc[least, "edap_Jsmm2"] / sram.loc[0, "edap_Jsmm2"] == pytest.approx(46, abs=0.5)


def test_the_page_states_how_good_predictions_are():
    page = read("accuracy.md")
    prose = " ".join(page.split())
    titles = {
        "digits": "digits (two layers)",
        "line_direction": "PP-OCR line direction",
        "minilm": "MiniLM-L3",
        "recogniser": "PP-OCR recogniser",
    }
    predicted = pd.read_csv(TABLES / "prediction.csv")
    for r in summary(predicted).itertuples():
        fast = f"{r.fast_mean:.3f}, {r.fast_worst:.3f}; {r.fast_spearman:.2f}"
        linear = f"{r.linear_mean:.3f}, {r.linear_worst:.3f}; {r.linear_spearman:.2f}"
        cells = (titles[r.network], r.designs, r.samples, f"{r.standard_error:.3f}", fast, linear)
        assert f"| {' | '.join(map(str, cells))} |" in page
    text = predicted[(predicted["network"] == "recogniser") & (predicted["exact"] < 0.1)]
    linear, exact = (
        f"{text[how].min():.2f} to {text[how].max():.2f}" for how in ("linear", "exact")
    )
    assert f"`linear` predicts {linear} for five designs that read {exact}" in prose
    assert len(text) == 5
    assert text["exact_only"].all()


def test_the_page_states_what_accuracy_costs(prose):
    chips = pd.read_csv(TABLES / "edge_five_sram.csv").set_index("allowed_drop")
    energy, edap = (100 * chips[c] / chips.loc[0.05, c] - 100 for c in ("energy_J", "edap_Jsmm2"))
    assert f"{energy[0]:.0f} % more energy and {edap[0]:.0f} % more EDAP" in prose
    step = 100 * chips.loc[0, "edap_Jsmm2"] / chips.loc[0.01, "edap_Jsmm2"] - 100
    assert f"going from 1 to 0 points costs {step:.0f} %" in prose
    fronts = pd.read_csv(TABLES / "figures" / "fronts.csv").groupby("network")
    lines, digits = fronts.get_group("line_direction"), fronts.get_group("digits")
    cheapest = lines.loc[lines["energy_J"].idxmin()]
    kept = lines[lines["drop"] < 0.005].sort_values("energy_J").iloc[0]
    assert 1 - cheapest["drop"] == pytest.approx(0.5, abs=0.02)  # no better than a coin
    assert kept["adc_bits"] == cheapest["adc_bits"] + 1
    more = 100 * kept["energy_J"] / cheapest["energy_J"] - 100
    assert f"one more ADC bit, for {more:.0f} % more energy, loses nothing" in prose
    assert digits["drop"].max() < 0.002
    assert "The digits lose at most 0.2 points" in prose


def test_the_page_states_what_cell_errors_cost_on_rram(prose):
    rram = pd.read_csv(TABLES / "edge_five_rram.csv")
    assumed = rram[rram["sigma"] == 0.043]
    best = assumed.loc[assumed["nsr_dB_line_direction"].idxmin()]
    lost = {name: round(100 * best[f"drop_{name}"]) for name in NETWORKS}
    assert (
        f"lose {lost['minilm']} points of sentences, {lost['line_direction']} of line direction, "
        f"{lost['magika']} of file type, {lost['recogniser']} of text and none of digits"
    ) in prose
    assert lost["digits"] <= 0
