"""The page of proofs is made of its published tables."""

import pandas as pd
import pytest

from experiments.certified import STUDIES, TECHNOLOGY_STUDY, designs, proofs, tightness
from tests import ROOT

TABLES = ROOT / "results" / "published" / "certified"


def test_all_proofs_are_closed_and_no_bound_exceeds_the_truth():
    measured = pd.read_csv(TABLES / "proofs.csv")
    assert set(measured["study"]) == {*STUDIES, TECHNOLOGY_STUDY}
    assert (measured["gap"] == 0).all()
    assert (pd.read_csv(TABLES / "bounds.csv")["ratio"] <= 1).all()


def test_a_large_number_is_written_with_an_exponent():
    assert designs(1_872_809_164_800) == "1.9·10¹²"


@pytest.mark.slow
def test_a_proof_and_the_bounds_are_measured_again():
    name = STUDIES[0]
    row = proofs(name, "edap_geomean")
    assert (row["certificates"], row["gap"]) == (1, 0)
    assert row["proof_cpu_s"] > 0
    stored = pd.read_csv(TABLES / "bounds.csv")
    ratios = [row["ratio"] for row in tightness(name)]
    assert ratios == pytest.approx(stored[stored["study"] == name]["ratio"].tolist(), rel=1e-3)
