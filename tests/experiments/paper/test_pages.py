"""The pages are made of the published tables; their numbers and conclusions, recomputed."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from experiments.paper.claims import FOUR_RRAM, claims
from experiments.paper.figure_specs import named_figures
from experiments.paper.pages import pages
from experiments.paper.reductions import EXACT, GA, JOINT
from experiments.paper.tables import STUDIES, TECHNOLOGY, Tables
from experiments.publish import NARROW
from experiments.questions import GENERAL
from imcmoo.report.labels import label, networks_in
from tests.experiments.conftest import ROOT


@pytest.fixture(scope="module")
def text():
    """The document and the pages of its long tables."""
    pages = [ROOT / "docs" / "reproduction.md", *sorted((ROOT / "docs" / "reproduction").iterdir())]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def tables_in(section):
    """The tables of a section, as they are written."""
    blocks = re.findall(r"(?:^\|.*\n)+", section, flags=re.M)
    for block in blocks:
        lines = [[c.strip() for c in line.strip("|\n").split("|")] for line in block.splitlines()]
        yield pd.DataFrame(lines[2:], columns=lines[0])


def section(text, title):
    (found,) = (s for s in text.split("\n## ") if s.startswith(title))
    return found


def percent(values):
    return [f"{100 * v + 0.0:.1f} %".replace("-0.0 %", "0.0 %") for v in values]


def read(published, study, table):
    return pd.read_csv(published / study / f"{table}.csv")


def test_reductions_are_recomputed_from_what_the_designs_cost(published, text):
    (shown,) = tables_in(section(text, "Reductions"))
    for _, row in shown.iterrows():
        joint = read(published, row["study"], "joint").set_index(["criterion", "design"])
        for criterion in JOINT:
            column = f"{criterion}_J_s_mm2"
            values = (joint.loc[(criterion, d), column] for d in (EXACT, row["baseline"]))
            ours, baseline = values
            cell = row[label(criterion)]
            if np.isnan(baseline):
                assert cell == "does not run"
            else:
                assert [cell.split(" (")[0].removesuffix(" †")] == percent([1 - ours / baseline])
            assert ("†" in cell) == joint.loc[(criterion, row["baseline"]), "too_large"]


def test_losses_and_sacrifices_are_recomputed(published, text):
    (shown,) = tables_in(section(text, "Loss against designs"))
    for _, row in shown.iterrows():
        over = read(published, row["study"], "aggregations").set_index("criterion")
        (criterion,) = (c for c in over.index if label(c) == row["criterion"])
        columns = networks_in(over, "over_own_best_")
        loss = 1 - 1 / over.loc[criterion, [f"over_own_best_{n}" for n in columns]].astype(float)
        assert [row["least"], row["most"]] == percent([loss.min(), loss.max()])
        assert row["of network"] == label(columns[int(loss.to_numpy().argmax())])


def test_gains_over_the_largest_network_are_recomputed(published, text):
    (shown,) = tables_in(section(text, "Better than optimising"))
    joint = read(published, FOUR_RRAM, "joint").set_index(["criterion", "design"])
    for network in ("vgg16", "resnet18", "alexnet", "mobilenet_v3"):
        own = shown.set_index("EDAP of").loc[label(network)]
        column = f"edap_{network}_J_s_mm2"
        for c in JOINT:
            alone, exact = (joint.loc[(c, d), column] for d in ("alone: vgg16", EXACT))
            assert [own[f"design by {label(c)}"]] == percent([1 - exact / alone])


def test_the_claims_are_what_the_tables_say(published):
    frame = pd.read_csv(published / "claims.csv")
    pd.testing.assert_frame_equal(frame, claims(Tables(published)), check_dtype=False)
    assert frame["difference"].to_numpy() == pytest.approx(frame["exact"] - frame["theirs"])


def test_what_the_prose_concludes_holds(published):
    """Sentences of the document that depend on how the numbers turned out."""
    for study in STUDIES:
        own = read(published, study, "paper_search").set_index(["method", "budget"])
        assert (own.xs(3300, level="budget")["solved"] > 0.5).all()
        assert own.loc[("ours", 3300), "solved"] == 1
        plain, diverse, phases = (
            own.loc[(m, 1000)] for m in ("plain GA", "with diverse sampling", "with four phases")
        )
        assert phases["median"] < min(plain["median"], diverse["median"])
        assert diverse["percentile_95"] <= plain["percentile_95"]
        reductions = read(published, study, "reductions")
        ga = reductions[reductions["baseline"] == GA]
        own_score = [row[row["criterion"]] for _, row in ga.iterrows()]
        assert max(own_score) < 0.01
        exact = reductions[(reductions["joint"] == EXACT) & (reductions["criterion"] == "ela_mean")]
        published_by_means = exact[exact["baseline"] == "their search, by means"]["ela_mean"]
        assert published_by_means.between(0.01, 0.06).all()
        exact = reductions[(reductions["joint"] == EXACT)].set_index(["criterion", "baseline"])
        for c in JOINT:
            middle, top = (
                exact.loc[(c, f"sequential from the {s}"), c] for s in ("middle", "largest")
            )
            assert middle < top or study == "four_workload_rram"
    frame = read(published, "nine_workload_sram", "growing_sets_by_size")
    sram = frame[frame["criterion"] == GENERAL].set_index("size")
    assert sram.loc[8, "upper_quartile"] < sram.loc[1, "upper_quartile"] / 2
    assert abs(sram.loc[8, "median"] - sram.loc[1, "median"]) < 0.1
    frame = read(published, "nine_workload_rram", "growing_sets_by_size")
    rram = frame[frame["criterion"] == GENERAL].set_index("size")
    assert rram.loc[8, "runs_share"] > 1.5 * rram.loc[1, "runs_share"]
    assert rram.loc[8, "median"] > rram.loc[1, "median"]
    for study in STUDIES:
        largest = read(published, study, "largest")
        assert (largest["largest_edap_share"] > 0.99).all()
        assert (largest["edap_max_excess"] == 0).all()
        slowest = largest["largest_latency_share"]
        assert (slowest > 0.98).all() if study.endswith("sram") else (slowest == 0).all()


def test_what_is_said_of_technology_and_cost_holds(published):
    nodes = read(published, TECHNOLOGY, "cost_nodes").set_index("technology_nm")
    assert nodes["least_edap_max_J_s_mm2"].is_monotonic_increasing
    assert nodes["its_cost"].is_monotonic_increasing
    assert nodes["least_cost"].idxmin() == 14
    assert (nodes["on_front"] > 0).tolist() == [True] * 3 + [False] * 3


def test_four_phases_are_no_help_in_the_end_with_nine_networks_in_sram(published):
    own = read(published, "nine_workload_sram", "paper_search").set_index(["method", "budget"])
    solved = own["solved"].xs(3300, level="budget")
    assert solved["with four phases"] <= solved[["plain GA", "with diverse sampling"]].min()


def test_no_size_of_an_rram_chip_can_be_changed_alone(published):
    sizes = ["rows", "cols", "router_groups", "tiles_per_group", "macros_per_tile"]
    for study in STUDIES:
        if study.endswith("rram"):
            effects = read(published, study, "effects")
            own = effects[effects["parameter"].isin(sizes)]
            assert own["share_total"].abs().max() < 0.005


def test_the_pages_are_made_of_the_published_tables(published):
    config = json.loads((published / "config.json").read_text(encoding="utf-8"))
    written = pages(Tables(published), config, published, ROOT / "docs")
    assert len(written) == 1 + 4 + 1 + 1 + 5
    for path, content in written.items():
        assert path.read_text(encoding="utf-8") == content, path


def test_the_documents_link_the_pages_that_there_are(text):
    linked = re.findall(r"\]\((reproduction/\w+\.md)\)", text)
    there = {f"reproduction/{path.name}" for path in (ROOT / "docs" / "reproduction").iterdir()}
    assert set(linked) == there


def test_every_figure_is_in_the_gallery_with_its_data(published):
    content = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    names = {path.stem.removesuffix(NARROW) for path in (published / "figures").iterdir()}
    assert names == set(named_figures(Tables(published)))
    for name in names:
        for ending in (".png", ".pdf", ".csv", "_narrow.png", "_narrow.pdf"):
            assert (published / "figures" / f"{name}{ending}").exists()
            assert f"(../results/published/figures/{name}{ending})" in content


def test_every_table_says_of_which_study_it_is(published):
    paths = [p for n in (*STUDIES, TECHNOLOGY, "figures") for p in (published / n).glob("*.csv")]
    assert paths
    for path in paths:
        studies = set(pd.read_csv(path)["study"])
        assert studies == {path.parent.name} or path.parent.name == "figures"
        assert studies <= {*STUDIES, TECHNOLOGY}
