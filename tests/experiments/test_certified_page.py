"""The page of proofs states the numbers of its published tables."""

import pandas as pd
import pytest

from experiments.certified import (
    BOUNDS,
    PROOFS,
    STUDIES,
    TECHNOLOGY_STUDY,
    designs,
    proofs,
    table,
    tightness,
)
from tests.experiments.conftest import ROOT

TABLES = ROOT / "results" / "published" / "certified"


@pytest.fixture(scope="module")
def page():
    return " ".join((ROOT / "docs" / "certified.md").read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def measured():
    return pd.read_csv(TABLES / PROOFS)


def test_the_page_has_all_proofs_and_their_range(page, measured):
    assert [row for row in table(measured) if row not in page] == []
    assert set(measured["study"]) == {*STUDIES, TECHNOLOGY_STUDY}
    assert (measured["gap"] == 0).all()
    one, many = (measured[(measured["certificates"] > 1) == several] for several in (False, True))
    ranges = (one["proof_cpu_s"], many["proof_cpu_s"], measured["check_cpu_s"])
    single, every, check = (f"{seconds.min():.0f} to {seconds.max():.0f} s" for seconds in ranges)
    assert f"A proof of one criterion takes {single} of CPU time" in page
    assert f"All criteria of a study take {every}, and the independent check {check}" in page


def test_the_page_has_the_tightness_of_bounds(page):
    bounds = pd.read_csv(TABLES / BOUNDS)
    ratios = bounds.set_index(["study", "chosen"])["ratio"]
    assert (ratios <= 1).all()
    for chosen in ("tiling", "adc_sharing", "periphery", "resolution", "interface"):
        rram, sram = (
            ratios[f"four_workload_{device}_extended", chosen] for device in ("rram", "sram")
        )
        assert f"{rram:.2f} and {sram:.2f}" in page, chosen


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
