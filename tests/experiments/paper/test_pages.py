"""Every number of ours in the document stands in a published table; figures and pages follow."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.labels import LABELS
from experiments.paper import aggregation, pages, plates, sensitivity, study
from experiments.paper.claims import claims
from tests.experiments.paper.conftest import ROOT

NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?")

FORMS = ("{:.4g}", "{:.2f}", "{:.0f}", "{:,.0f}", "{:.4f}")
PERCENT = ("{:.1f}", "{:+.1f}", "{:g}")

NOT_OURS = ("theirs", "why", "claim", "networks")
"""Columns that hold what the paper says, words, or the number of networks."""


def written(values):
    """Every way in which the document writes some numbers."""
    values = [v for v in values if np.isfinite(v)]
    return {form.format(v) for v in values for form in FORMS} | {
        form.format(100 * v + 0.0) for v in values for form in PERCENT
    }


def tables_named(section, folder):
    """The tables a section names, and the claims."""
    named = set(re.findall(r"`([\w<>/]+\.csv)`", section)) | {"claims.csv"}
    for name in named:
        paths = list(folder.glob(name.replace("<study>", "*")))
        assert paths, f"the document names {name}, which is not there"
        yield from (pd.read_csv(p) for p in paths)


def shown(section):
    """The numbers in a section: of ours in its tables, and shares and ratios in its text."""
    header = None
    for line in section.splitlines():
        if not line.startswith("|"):
            header = None
            yield from re.findall(rf"({NUMBER.pattern}) [%×]", line)
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header is None:
            header = cells
        elif not cells[0].startswith("---"):
            for title, cell in zip(header, cells, strict=True):
                if not title.startswith(NOT_OURS):
                    for name in LABELS.values():
                        cell = cell.replace(name, "")
                    yield from NUMBER.findall(cell)


def untraced(text, folder):
    """Numbers of the document that stand in no table named beside them."""
    found = []
    for section in text.split("\n## ")[1:]:
        cells = [
            t.select_dtypes("number").to_numpy(float).ravel() for t in tables_named(section, folder)
        ]
        known = written(np.unique(np.concatenate(cells)))
        found += [(section.partition("\n")[0], n) for n in shown(section) if n not in known]
    return found


def test_every_number_in_the_document_stands_in_a_table_named_beside_it(published):
    text = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert len([n for section in text.split("\n## ")[1:] for n in shown(section)]) > 300
    assert untraced(text, published) == []


@pytest.mark.parametrize("figure", ["97.4 %", "10.00 ×", "1,330,170", "3481 mm²"])
def test_a_changed_number_is_noticed(published, figure):
    text = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert figure in text
    wrong = figure.replace(figure.split()[0], "98765.4")
    assert ("98765.4") in {number for _, number in untraced(text.replace(figure, wrong), published)}


def test_the_pages_are_what_the_published_tables_say(published):
    for name, text in pages.documents(published).items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text
    frame = pd.read_csv(published / "claims.csv")
    pd.testing.assert_frame_equal(frame, claims(published), check_dtype=False)


def test_the_published_rram_tables_are_those_of_this_code(published, landscape):
    for name, table in (
        ("aggregations", aggregation.aggregations(landscape)),
        ("sensitivity", sensitivity.best_left(landscape)),
        ("effects", sensitivity.effects(landscape)),
    ):
        found = pd.read_csv(published / "four_workload_rram" / f"{name}.csv")
        pd.testing.assert_frame_equal(found, table, rtol=1e-9, atol=1e-12)


def test_every_figure_is_in_the_gallery_with_its_data(published):
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    names = {path.stem for path in (published / "figures").iterdir()}
    assert names == set(plates.names(published))
    for name in names:
        for ending in ("png", "pdf", "csv"):
            assert (published / "figures" / f"{name}.{ending}").exists()
            assert f"/figures/{name}.{ending})" in text


class Interrupted(Exception):
    """Stands for a kill."""


def published_tables(folder):
    """Tasks that answer with the tables of a finished study."""

    def make(name):
        return {p.stem: pd.read_csv(p) for p in sorted((folder / name).glob("*.csv"))}

    return tuple((make, name) for name in (*study.STUDIES, study.TECHNOLOGY))


def files(folder: Path):
    return {
        p.relative_to(folder): p.read_bytes()
        for p in folder.rglob("*")
        if p.suffix in {".csv", ".md"}
    }


def test_an_interrupted_study_goes_on_to_the_same_files(published, tmp_path, monkeypatch):
    tasks, done = published_tables(published), []
    monkeypatch.setattr(study, "TASKS", tasks)
    monkeypatch.setattr(study.parallel, "cores", lambda: 1)
    real = study._do

    def do(index):
        if len(done) == 3:
            raise Interrupted
        done.append(index)
        return real(index)

    monkeypatch.setattr(study, "_do", do)
    with pytest.raises(Interrupted):
        study.run(tmp_path / "published", tmp_path / "docs", quiet=True)
    assert not (tmp_path / "published" / "config.json").exists()
    monkeypatch.setattr(study, "_do", lambda index: done.append(index) or real(index))
    study.run(tmp_path / "published", tmp_path / "docs", quiet=True)
    assert done == list(range(len(tasks)))
    own, expected = files(tmp_path / "published"), files(published)
    # The front page names the versions of the libraries.
    front = Path("README.md")
    assert own.pop(front).count(b"\n") == expected.pop(front).count(b"\n")
    assert own == expected
    assert (tmp_path / "docs" / "gallery.md").exists()
