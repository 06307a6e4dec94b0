"""The pages are made of the published tables; their numbers and conclusions, recomputed."""

import json
import re
import shutil

import pandas as pd
import pytest

from experiments.paper.claims import claims
from experiments.paper.figure_specs import named_figures
from experiments.paper.pages import PAGES, SHOWN, Summary, pages
from experiments.paper.reductions import EXACT
from experiments.paper.tables import STUDIES, Tables
from experiments.publish import NARROW
from experiments.questions import GENERAL, PAPER_SCORE
from imcmoo.problem.criteria import MINIMAX
from imcmoo.report.labels import label, networks_in
from tests.experiments.conftest import ROOT


@pytest.fixture(scope="module")
def text():
    """The pages, one after the other."""
    pages = [ROOT / "docs" / f"{name}.md" for name in PAGES]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def tables_in(section):
    """The tables of a section, as they are written."""
    blocks = re.findall(r"(?:^\|.*\n)+", section, flags=re.M)
    for block in blocks:
        lines = [[c.strip() for c in line.strip("|\n").split("|")] for line in block.splitlines()]
        yield pd.DataFrame(lines[2:], columns=lines[0])


def section(text, title):
    (only,) = (s for s in text.split("\n## ") if s.startswith(title))
    return only


def percent(values):
    return [f"{100 * v + 0.0:.1f} %".replace("-0.0 %", "0.0 %") for v in values]


def read(published, study, table):
    return pd.read_csv(published / study / f"{table}.csv")


def test_reductions_are_recomputed_from_what_the_designs_cost(published, text):
    (shown,) = tables_in(section(text, "The gain depends on the baseline"))
    column = f"{PAPER_SCORE}_J_s_mm2"
    for _, row in shown.iterrows():
        joint = read(published, row["study"], "joint").set_index(["criterion", "design"])
        designs = joint.loc[PAPER_SCORE]
        for baseline in SHOWN:
            if baseline not in designs.index:
                assert row[baseline] == "none published"
                continue
            ours, other = designs.loc[EXACT, column], designs.loc[baseline, column]
            assert [row[baseline].removesuffix(" †")] == percent([1 - ours / other])
            assert ("†" in row[baseline]) == designs.loc[baseline, "too_large"]


def test_losses_and_the_worst_served_networks_are_recomputed(published, text):
    (shown,) = tables_in(section(text, "Which network loses"))
    for _, row in shown.iterrows():
        over = read(published, row["study"], "aggregations").set_index("criterion")
        names = networks_in(over, "over_own_best_")
        for criterion in ("edap_max", PAPER_SCORE, GENERAL, MINIMAX):
            ratios = over.loc[criterion, [f"over_own_best_{n}" for n in names]].astype(float)
            network = label(names[int(ratios.to_numpy().argmax())])
            assert row[label(criterion)] == f"{ratios.max():.2f} × {network}"
        loss = 1 - 1 / ratios
        least, most = percent([loss.min(), loss.max()])
        assert f"{label(row['study'])}: {least} to {most} ({network})" in text


def test_the_claims_are_what_the_tables_say(published):
    frame = pd.read_csv(published / "claims.csv")
    pd.testing.assert_frame_equal(frame, claims(Tables(published)), check_dtype=False)
    assert frame["difference"].to_numpy() == pytest.approx(frame["exact"] - frame["theirs"])


def test_the_pages_are_made_of_the_published_tables(published):
    config = json.loads((published / "config.json").read_text(encoding="utf-8"))
    written = pages(Tables(published), config, published, ROOT / "docs")
    assert len(written) == 2 + 1 + 5
    for path, content in written.items():
        assert path.read_text(encoding="utf-8") == content, path


def test_every_figure_is_listed_with_its_data(published):
    content = (published / "README.md").read_text(encoding="utf-8")
    names = {path.stem.removesuffix(NARROW) for path in (published / "figures").iterdir()}
    assert names == set(named_figures(Tables(published)))
    for name in names:
        for ending in (".svg", ".pdf", ".csv", "_narrow.svg", "_narrow.pdf"):
            assert (published / "figures" / f"{name}{ending}").exists()
            assert f"(figures/{name}{ending})" in content


def test_another_table_makes_another_sentence(published, tmp_path):
    for study in STUDIES:
        shutil.copytree(published / study, tmp_path / study)
    assert Summary(Tables(tmp_path)).tail < 0.01
    path = tmp_path / STUDIES[0] / "paper_search.csv"
    pd.read_csv(path).assign(percentile_95=0.5).to_csv(path, index=False)
    assert Summary(Tables(tmp_path)).tail == 0.5
