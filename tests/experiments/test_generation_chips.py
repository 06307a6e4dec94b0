"""Chips for language models: when weights stay, and which device takes less energy."""

import numpy as np
import pandas as pd
import pytest

from experiments import generation as chips
from experiments.generation import (
    BATCHES,
    CLOSE,
    DEVICES,
    Case,
    break_even,
    draw_sizes,
    first_wins,
)
from experiments.publish import read_tables
from imcmoo.networks.published_models import generation
from imcmoo.report import style
from tests import ROOT

PUBLISHED = ROOT / "results" / "published" / "generation"


@pytest.fixture(scope="module")
def tables():
    return read_tables(PUBLISHED)


def sizes(*rows):
    names = ["device", "weight_count", "stays", "token_energy_J", "latency_s"]
    return pd.DataFrame(rows, columns=names).assign(weight_bits=8, batch=1)


def test_the_break_even_is_between_the_last_that_stays_and_the_next():
    table = sizes(
        ("sram", 8, False, 9.0, 0.9),
        ("sram", 4, True, 1.0, 0.1),
        ("sram", 5, True, 2.0, 0.2),
        ("rram", 4, True, 1.0, 0.5),
        ("rram", 8, np.nan, np.nan, np.nan),
        ("dimc", 4, False, 3.0, 0.3),
    )
    found = break_even(table).set_index("device")
    assert found["weight_count"].to_dict() == pytest.approx(
        {"sram": 5, "rram": 4, "dimc": np.nan}, nan_ok=True
    )
    assert found.loc["sram", ["token_energy_J", "token_energy_J_beyond"]].tolist() == [2, 9]
    assert found.loc["rram", "weight_count_beyond"] == 8
    assert np.isnan(found.loc["rram", "latency_s_beyond"])
    assert found.loc["dimc", "latency_s_beyond"] == 0.3


def test_digital_sram_wins_from_the_first_batch_at_which_it_takes_less():
    batches = pd.DataFrame(
        {
            "device": ["dimc"] * 3 + ["rram"] * 3,
            "weight_bits": 8,
            "batch": [1, 2, 4] * 2,
            "token_energy_J": [5.0, 3.0, 2.0, 1.0, 1.0, 1.0],
            "value": [5.0, 3.0, 2.0, 4.0, 4.0, 4.0],
        }
    )
    (row,) = first_wins(batches).to_dict("records")
    assert (row["device"], row["weight_bits"], row["product"]) == ("rram", 8, 2)
    assert np.isnan(row["energy"])


def test_models_of_other_sizes_have_the_asked_number_of_weights():
    for count in (4_000_000, 25_767_360, 1_024_000_000):
        made = generation("smollm", weight_count=count)
        assert 0 <= count - made.model.weights < made.model.width
        assert made.step.weights == made.model.weights
    as_it_is = generation("smollm")
    assert generation("smollm", weight_count=as_it_is.model.weights).model == as_it_is.model


def test_all_published_chips_are_proven_and_sizes_close_in_on_the_break_even(tables):
    for table in tables.values():
        feasible = table["feasible"].astype(bool)
        assert (table["value"] == table["bound"])[feasible].all()
        assert table.loc[~feasible, "value"].isna().all()
        assert {*table["device"]} == {*DEVICES}
    ends = break_even(tables["sizes"]).dropna(subset=["weight_count"])
    assert len(ends)
    assert (ends["weight_count_beyond"] <= 1.001 * CLOSE * ends["weight_count"]).all()


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
def test_sizes_have_a_panel_for_each_precision_and_batch(tables, width):
    shown = tables["sizes"][tables["sizes"]["feasible"]]
    kinds = len(shown[["weight_bits", "batch"]].drop_duplicates())
    with style.paper_style():
        figure = draw_sizes(shown, width)
    assert len(figure.axes) == kinds


@pytest.mark.slow
@pytest.mark.parametrize("device", DEVICES)
def test_a_published_chip_is_proven_again(tables, device):
    (stored,) = (
        tables["batches"]
        .query(f"device == '{device}' and weight_bits == 8 and batch == {BATCHES[0]}")
        .to_dict("records")
    )
    assert Case(device).best()["value"] == pytest.approx(stored["value"], rel=1e-9)


def test_checkpoints_of_other_models_precisions_and_batches_are_void(monkeypatch):
    monkeypatch.setattr(Case, "problem", lambda case: case)
    monkeypatch.setattr(chips, "dependence", lambda problems, stamped: [*stamped])
    covered = set(chips.GenerationChips().depends_on)
    assert {Case("sram", model) for model in ("gpt2", "qwen2.5-0.5b")} < covered
    assert {Case("rram", weight_bits=4, batch=batch) for batch in BATCHES} < covered
    assert Case("dimc", weight_count=chips.SIZES[0], weight_bits=4) in covered
    assert Case("dimc", "gpt2", phase="prefill") in covered
