"""The pages of accuracy state the numbers of its published tables."""

import pandas as pd

from experiments.edge_networks.page import NETWORKS, PAGE, ROOT, TABLES, page
from experiments.edge_networks.prediction import summary


def test_the_page_of_five_networks_is_made_of_the_tables():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_all_simulated_chips_with_zero_points_score_as_integers_do():
    executed = pd.read_csv(TABLES / "edge_five_executed.csv")
    quiet = executed[executed["chip"] == "edge_sram0"]
    assert set(quiet["network"]) == set(NETWORKS)
    assert (quiet["chips"] == 10).all()
    assert (quiet["chip_min"] == quiet["integer"]).all()


def test_the_sram_chip_for_nine_networks_runs_all_five_and_the_rram_chip_the_digits():
    executed = pd.read_csv(TABLES / "edge_five_executed.csv")
    kept = executed[executed["accuracy"] >= executed["integer"] - 0.01].groupby("chip")["network"]
    assert set(kept.get_group("nine_sram")) == set(NETWORKS)
    assert set(kept.get_group("nine_rram")) == {"digits"}


def test_cell_errors_by_level_decide_which_networks_an_rram_chip_runs():
    runs = pd.read_csv(TABLES / "cell_errors.csv").set_index(["cell_errors", "network"])
    lost = runs["integer"] - runs["accuracy"]
    assert lost.loc["wan2022_1s"].drop("recogniser").max() <= 0
    day = lost.loc["wan2022_1d"]
    assert set(day.index[day < 0.01]) == {"digits", "magika"}


def test_no_rram_chip_with_the_assumed_cell_errors_keeps_five_points():
    rram = pd.read_csv(TABLES / "edge_five_rram.csv")
    worst = rram[[f"drop_{name}" for name in NETWORKS]].max(axis=1)
    assert worst[rram["sigma"] == 0.043].min() > 0.05


def test_rram_chips_with_smaller_cell_errors_lose_nothing():
    rram = pd.read_csv(TABLES / "edge_five_rram.csv")
    worst = rram[[f"drop_{name}" for name in NETWORKS]].max(axis=1)
    assert (worst[rram["sigma"] == 0.011] < 0.0005).all()


def test_the_page_states_how_good_predictions_are():
    text_of_page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    prose = " ".join(text_of_page.split())
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
        assert f"| {' | '.join(map(str, cells))} |" in text_of_page
    text = predicted[(predicted["network"] == "recogniser") & (predicted["exact"] < 0.1)]
    linear, exact = (
        f"{text[how].min():.2f} to {text[how].max():.2f}" for how in ("linear", "exact")
    )
    assert f"`linear` predicts {linear} for five designs that read {exact}" in prose
    assert len(text) == 5
    assert text["exact_only"].all()
