"""The page of proofs is made of its published tables."""

import pandas as pd
import pytest

from experiments import certified
from experiments.certified import (
    BOUNDS,
    PROOFS,
    STUDIES,
    TECHNOLOGY_STUDY,
    designs,
    page,
    proofs,
    tightness,
)
from tests.experiments.conftest import ROOT

TABLES = ROOT / "results" / "published" / "certified"


def test_the_page_is_made_of_the_tables():
    assert page(TABLES) == (ROOT / "docs" / "certified.md").read_text(encoding="utf-8")


def test_another_folder_gets_the_page_beside_its_tables(tmp_path, monkeypatch):
    measured, bounds = pd.read_csv(TABLES / PROOFS), pd.read_csv(TABLES / BOUNDS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(certified, "proofs", lambda *asked: measured.set_index(
        ["study", "criterion"], drop=False).loc[asked].to_dict())  # fmt: skip
    monkeypatch.setattr(
        certified, "tightness", lambda study: bounds[bounds["study"] == study].to_dict("records")
    )
    certified.main(["--out", "mine"])
    assert {p.name for p in (tmp_path / "mine").iterdir()} == {PROOFS, BOUNDS, "certified.md"}
    published = (ROOT / "docs" / "certified.md").read_text(encoding="utf-8")
    assert (tmp_path / "mine" / "certified.md").read_text(encoding="utf-8") == published


def test_all_proofs_are_closed_and_no_bound_exceeds_the_truth():
    measured = pd.read_csv(TABLES / PROOFS)
    assert set(measured["study"]) == {*STUDIES, TECHNOLOGY_STUDY}
    assert (measured["gap"] == 0).all()
    assert (pd.read_csv(TABLES / BOUNDS)["ratio"] <= 1).all()


def test_a_large_number_is_written_with_an_exponent():
    assert designs(1_872_809_164_800) == "1.9·10¹²"


@pytest.mark.slow
def test_a_proof_and_the_bounds_are_measured_again():
    name = STUDIES[0]
    row = proofs(name, "edap_geomean")
    assert (row["certificates"], row["gap"]) == (1, 0)
    assert row["proof_cpu_s"] > 0
    stored = pd.read_csv(TABLES / BOUNDS)
    ratios = [row["ratio"] for row in tightness(name)]
    assert ratios == pytest.approx(stored[stored["study"] == name]["ratio"].tolist(), rel=1e-3)
