"""The pages of accuracy state the numbers of their published tables."""

import pandas as pd
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from experiments.edge_networks.limit_verdicts import summary as summary_of_limit
from experiments.edge_networks.page import (
    NETWORKS,
    PAGE,
    RECOMMENDED,
    ROOT,
    TABLES,
    executed,
    page,
    verdict,
    verdict_by_network,
)
from experiments.edge_networks.prediction import DESIGNS, summary
from experiments.edge_networks.unseen import shown
from experiments.publish import read_tables

PACKAGED = {
    "line_direction": "PP-OCR line direction",
    "minilm": "MiniLM-L3",
    "recogniser": "PP-OCR recogniser",
}
SNR_FROM = ("generic operands", "measured moments", "measured columns")
NETWORK_DESIGNS = (0, 2, 3, 4, 5)
"""Designs of the table of real networks."""


TABLE = read_tables(TABLES)


@pytest.fixture(scope="module")
def text_of_page():
    names = ("accuracy.md", "accuracy_methods.md")
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def prose(text_of_page):
    return " ".join(text_of_page.split())


def test_the_page_of_real_networks_is_made_of_the_tables():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_verdict_is_that_of_the_worse_noise_with_the_losses_at_the_larger_one():
    loss = {"mean_loss": 0.004, "worst_loss": 0.02, "standard_error": 0.003}
    run = {"chip": "sram", "network": "digits", **loss}
    runs = pd.DataFrame(
        [run | {"verdict": "works"}, run | {"verdict": "fails", "worst_loss": 0.031}]
    )
    assert verdict(runs, "sram", "digits") == "fails: 0.4 ± 0.30, 3.1"
    assert verdict(runs, "rram", "digits") == "not executed"
    assert verdict_by_network(runs, "sram") == {"digits": "fails"}
    assert (
        executed(pd.DataFrame([{"chip": "rram", "verdict": "no chip", "network": None}]), "rram")
        == []
    )


def test_every_recommended_chip_was_executed_on_every_network():
    verdicts = TABLE["edge_six_verdicts"]
    assert {"sram", "dimc"} <= set(verdicts["chip"]) <= {*RECOMMENDED}
    for chip in set(verdicts["chip"]):
        runs = verdicts[verdicts["chip"] == chip]
        if not executed(verdicts, chip):
            assert (runs["verdict"] == "no chip").all()
            continue
        assert set(runs["network"]) == {*NETWORKS}
        fails = runs["verdict"] == "fails"
        fewest = runs["network"].map({"recogniser": 2}).fillna(10)
        assert (fails | (runs["chips"] >= fewest) | (runs["device"] == "dimc")).all()


def test_cell_errors_by_level_decide_which_networks_an_rram_chip_runs():
    runs = TABLE["cell_errors"].set_index(["cell_errors", "network"])
    lost = runs["integer"] - runs["accuracy"]
    second = lost.loc["wan2022_1s"]
    assert second.drop(["recogniser", "magika"]).max() <= 0
    assert second.max() < 0.01
    day = lost.loc["wan2022_1d"]
    assert set(day.index[day < 0.01]) == {"digits"}


def test_the_page_states_how_good_predictions_are(text_of_page, prose):
    titles = {"digits": "digits (two layers)", "digits_cnn": "digits (convolutional)"} | PACKAGED
    predicted = TABLE["prediction"]
    for r in summary(predicted).itertuples():
        linear = f"{r.linear_mean:.3f}, {r.linear_worst:.3f}; {r.linear_spearman:.2f}"
        cells = (titles[r.network], r.designs, r.samples, f"{r.standard_error:.3f}", linear)
        assert f"| {' | '.join(map(str, cells))} |" in text_of_page
    text = predicted[(predicted["network"] == "recogniser") & (predicted["exact"] < 0.1)]
    linear, exact = (
        f"{text[how].min():.2f} to {text[how].max():.2f}" for how in ("linear", "exact")
    )
    stated = f"three of them marked, read {exact}, and `linear` predicts {linear} for them"
    assert stated in prose
    assert (len(text), text["exact_only"].sum()) == (5, 3)
    marked = predicted[predicted["exact_only"]].groupby("network").size()
    assert marked.to_dict() == {"digits_cnn": 1, "minilm": 2, "recogniser": 5}
    others = predicted[(predicted["network"] == "recogniser") & (predicted["exact"] >= 0.1)]
    within = (others["linear"] - others["exact"]).abs().max()
    assert f"The other three, two of them marked, are within {within:.2f}" in prose
    assert others["exact_only"].sum() == 2


def test_the_page_states_how_good_predictions_are_where_little_is_lost(prose):
    predicted = TABLE["prediction"]
    little = predicted[predicted["float"] - predicted["exact"] < 0.1]
    error = (little["linear"] - little["exact"]).abs().groupby(little["network"])
    means, designs = error.mean(), error.size()
    names = {"digits": "digits", "digits_cnn": "the convolutional network"}
    names |= {"line_direction": "line direction"}
    names |= {"minilm": "MiniLM", "recogniser": "the recogniser"}
    for name, title in names.items():
        counted = f"({designs[name]} designs)" if name == "digits" else f"({designs[name]})"
        stated = prose.split("Where a design loses less than 10 points")[1]
        in_the_mean = " in the mean" if name == "digits" else ""
        assert f"{means[name]:.3f}{in_the_mean} on {title} {counted}" in stated


def test_the_page_states_where_predictions_of_the_digits_are_wrong(prose):
    predicted = TABLE["prediction"].query("network == 'digits'")
    wrong = predicted[(predicted["linear"] - predicted["exact"]).abs() > 0.05].set_index("design")
    assert set(wrong.index) == {17, 24}
    assert "Of the designs of the digits (two layers) 2 are off by more than 0.05" in prose
    coarse, noisy = wrong.loc[17], wrong.loc[24]
    assert (DESIGNS[17].adc_bits, DESIGNS[17].differential, DESIGNS[24].sigma) == (2, False, 1.0)
    above = noisy["exact_nsr_dB"] - noisy["linear_nsr_dB"]
    assert f"noise at the logits is {above:.1f} dB above the sum" in prose
    assert abs(coarse["exact_nsr_dB"] - coarse["linear_nsr_dB"]) < 0.1
    predicted = TABLE["prediction"].query("network == 'digits_cnn'").set_index("design")
    error = (predicted["linear"] - predicted["exact"]).abs()
    assert set(error.index[error > 0.05]) == {17, 8}
    above = predicted["exact_nsr_dB"] - predicted["linear_nsr_dB"]
    assert [(DESIGNS[at].adc_bits, DESIGNS[at].differential) for at in (17, 8)] == [(2, 0), (2, 1)]
    off = f"off by {error[17]:.2f} (offset weights, design 17) and {error[8]:.2f} (differential"
    assert off in prose
    assert f"is {above[17]:.1f} and {above[8]:.1f} dB above the sum" in prose


def test_the_page_states_that_noise_at_the_logits_does_not_decide_what_is_read(prose):
    predicted = TABLE["prediction"].query("network == 'recogniser'")
    less, more = (predicted.set_index("design").loc[design] for design in (6, 3))
    for noise in ("linear_nsr_dB", "exact_nsr_dB"):
        assert less[noise] < more[noise]
    noise = f"{less['exact_nsr_dB']:.1f} and {more['exact_nsr_dB']:.1f} dB over the signal"
    assert f"{noise}, but reads {less['exact']:.2f} and design 3 reads {more['exact']:.2f}" in prose
    assert f"is off by {(more['exact'] - less['exact']) / 2:.2f} or more" in prose


def test_the_page_states_the_scores_of_real_networks(text_of_page, prose):
    predicted = TABLE["prediction"].set_index(["network", "design"])
    scored = {"digits": "digits, images", "line_direction": f"{PACKAGED['line_direction']}, lines"}
    scored |= {"recogniser": f"{PACKAGED['recogniser']}, characters"}
    scored |= {"minilm": f"{PACKAGED['minilm']}, retrieved sentences"}
    for name, title in scored.items():
        runs = predicted.loc[name]
        scores = [runs.loc[0, "float"], runs.loc[0, "integer"]]
        scores += [runs.loc[design, "exact"] for design in NETWORK_DESIGNS]
        assert f"| {title} | {' | '.join(f'{s:.2f}' for s in scores)} |" in text_of_page
    of_sentences = predicted.loc["minilm", "exact"]
    assert f"in {of_sentences[5]:.0%} of cases with 7-bit ADCs".replace("%", " %") in prose
    assert f"it does in {of_sentences[4]:.0%}.".replace("%", " %") in prose
    text = predicted.loc["recogniser"]
    lost = {d: 100 * (text.loc[d, "integer"] - text.loc[d, "exact"]) for d in (2, 3)}
    assert f"loses {lost[2]:.0f} points on text recognition" in prose
    sentences = predicted.loc["minilm"].loc[3]
    less = 100 * (sentences["integer"] - sentences["exact"])
    assert f"loses {lost[3]:.0f} points on text and {less:.0f} on sentence retrieval" in prose
    lines = predicted.loc["line_direction"]
    lossless = lines["exact"] == lines["integer"]
    assert lossless.sum() == 4
    assert "Four of eight designs lose nothing on line direction" in prose
    broken = lines["exact"] - (lines.index == lossless.idxmax()) / lines["samples"]
    correlation = broken.corr(lines["exact"], method="spearman")
    assert f"One line of {lines['samples'].max()} that breaks such a tie" in prose
    assert f"lowers a rank correlation of 1 to {correlation:.2f}" in prose
    seconds = predicted.loc["minilm", "linear_s"]
    assert f"{seconds.min():.1f} to {seconds.max():.1f} s for a new circuit of MiniLM" in prose
    circuits = [(DESIGNS[at].adc_bits, DESIGNS[at].differential) for at in NETWORK_DESIGNS]
    assert circuits == [(8, True), (6, True), (7, True), (6, False), (7, False)]


def test_the_page_states_how_good_the_closed_form_is(prose):
    rule = TABLE["noise_rule"].query("network == 'all'").set_index(["floor_dB", "noise"])
    adc, total = (rule.loc[40, part] for part in ("adc", "total"))
    assumed, high = total["assumed_median_abs_dB"], total["assumed_p95_abs_dB"]
    assert f"{assumed:.1f} dB off in the median, and in 5 % of the cases by {high:.0f} dB" in prose
    assert f"In the median it is {total['assumed_median_dB']:.1f} dB too high" in prose
    median, high = total["median_abs_dB"], total["p95_abs_dB"]
    assert f"{median:.1f} dB off in the median, and in 5 % by {high:.1f} dB or more" in prose
    model = (ROOT / "docs" / "physical_model.md").read_text(encoding="utf-8")
    prose = " ".join(model.split())
    quiet = rule.loc[(60, "total"), "p95_abs_dB"]
    assert f"With −60 dB instead, the 95th percentile with measured columns is {quiet:.1f}" in prose
    shown = f"{adc['median_abs_dB']:.1f} dB and the 95th percentile {adc['p95_abs_dB']:.1f} dB"
    assert f"For the noise of ADCs alone (−40 dB) the median is {shown}" in prose


def test_the_page_states_what_a_gain_of_each_column_would_give(prose):
    least, most = TABLE["column_gain"]["median_dB"].agg(["min", "max"])
    assert f"another {least:.1f} to {most:.1f} dB off the noise of the median layer" in prose


def test_the_page_states_whether_noise_of_layers_adds_up(text_of_page, prose):
    table = TABLE["added_noise"]
    noise = table.pivot(index="network", columns=["noise", "layer_snr_dB"], values="over_sum_dB")
    columns = [(kind, snr) for kind in ("white", "static") for snr in (16, 20, 30)]
    titles = {"digits": "digits", "digits_cnn": "digits (convolutional)"}
    titles |= {n: PACKAGED[n] for n in ("line_direction", "recogniser")}
    for name, title in (titles | {"minilm": PACKAGED["minilm"]}).items():
        cells = " | ".join(f"{round(noise.loc[name, column], 1) + 0.0:.1f}" for column in columns)
        assert f"| {title} | {cells} |" in text_of_page
    white = table[table["noise"] == "white"].set_index(["network", "layer_snr_dB"])
    line, text = white.loc["line_direction", 16], white.loc["recogniser", "share_alike"]
    assert f"16 dB that is {100 * line['share_alike']:.0f} % of the error power" in prose
    assert f"shrink to {line['scale']:.2f} of their size" in prose
    assert f"it is {100 * text.min():.0f} to {100 * text.max():.0f} % of white noise" in prose


def test_the_page_states_the_published_times(text_of_page):
    for r in TABLE["times"].itertuples():
        value = f"{r.value:g} {r.unit}" if r.unit == "s" else f"{r.value}"
        (shown,) = [row for row in text_of_page.splitlines() if r.case in row]
        assert shown.endswith(f"| {value} |")


def test_the_page_states_what_training_with_noise_brings(text_of_page, prose):
    table = TABLE["noise_training"]
    for r in table.itertuples():
        cells = [f"{100 * r.cell_error:.3g} %"]
        for name in ("plain", "clipped", "noisy"):
            mean, worst = (getattr(r, column) for column in (name, f"{name}_worst"))
            cells.append(f"{mean:.3f}, {worst:.3f}")
        assert f"| {' | '.join(cells)} |" in text_of_page
    least = table.iloc[0]
    assert abs(least["noisy"] - least["plain"]) < 0.005
    of_20 = table.set_index("cell_error").loc[0.2]
    gained, clipped = (100 * (of_20[name] - of_20["plain"]) for name in ("noisy", "clipped"))
    assert f"At 20 % training with noise brings {gained:.1f} points" in prose
    assert f"clipping alone {clipped:.1f} of them" in prose


def test_the_page_states_the_verdicts_on_networks_that_took_no_part(text_of_page):
    assert shown(TABLE["unseen"]) in text_of_page


def test_the_page_counts_verdicts_of_the_limit(text_of_page, prose):
    table = TABLE["limit_verdicts"]
    of_all = summary_of_limit(table)[lambda each: each["network"] == "all"]
    for r, title in zip(of_all.itertuples(index=False), SNR_FROM, strict=True):
        assert f"| {title} | {' | '.join(map(str, r[2:]))} |" in text_of_page
    assert f"There are {len(table)} cases" in prose
    says, works = table["own_columns"] >= 15, table["loss"] <= 0.01 + 1e-6
    wrong = table[says & ~works]
    assert f"it is wrong in two of {says.sum()} such verdicts" in prose
    assert [*wrong["network"]] == ["pitch", "pitch"]
    low, high = sorted(100 * wrong["loss"])
    assert f"it loses {low:.0f} and {high:.0f} points" in prose
