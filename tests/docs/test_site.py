"""The documentation builds without a warning, leads nowhere wrong, and its commands, diagrams and
tutorials run."""

import importlib
import os
import re
import runpy
import subprocess
import sys
from dataclasses import fields

import pytest

import imcmoo
from imcmoo.model.physical.parameters import Designs
from tests import ROOT
from tests.extras import needs

DOCS = ROOT / "docs"
PUBLISHED = ROOT / "results" / "published"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"), *PUBLISHED.rglob("*.md")]
)

LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#\s]*)(?:#(?P<anchor>[^)]+))?\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    needs("docs", "sphinx", "myst_parser", "furo")
    out = tmp_path_factory.mktemp("site")
    # No page shows a figure that `run` draws, and none of these tests looks at pages of source
    # code; both take long, as does collecting garbage.
    code = "import gc, runpy, imcmoo.report.figures as drawn\n"
    code += "drawn.draw_figures = lambda *_: None\n"
    code += "import sphinx.ext.viewcode as source; source.setup = lambda _: {}\n"
    code += "gc.disable()\n"
    code += "runpy.run_module('sphinx', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", code, "-W", "--keep-going", "-q", "-b", "html"]
    made = subprocess.run(
        [*command, "-d", str(out / "trees"), str(DOCS), str(out / "html")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert not made.stderr
    return out / "html"


@pytest.mark.slow
def test_every_page_and_tutorial_is_on_the_site(site):
    pages = [p for p in DOCS.rglob("*.md") if p.name != "search.md"]
    for page in [*pages, *(DOCS / "tutorials").glob("*.*")]:
        built = (site / page.relative_to(DOCS)).with_suffix(".html")
        assert built.exists(), built
    text = (site / "searches.html").read_text(encoding="utf-8")
    assert "The search, measured" in text
    assert 'id="search-results"' in (site / "search.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("own_model.py", ["# Write a cost model", "designs evaluated, "]),
        ("ask_and_tell.py", ["asked for the same designs again: True"]),
        ("notebook.ipynb", ["<svg", "ExactOptima(camera: ", "gap 0.000%", "technology_nm=22"]),
    ],
)
def test_a_tutorial_runs_and_shows_its_output(name, shown, tmp_path, monkeypatch):
    """Building the site without a warning takes long, and is a slow test."""
    needs("docs", "sphinx", "myst_parser")
    monkeypatch.syspath_prepend(DOCS)
    site_pages = importlib.import_module("site_pages")
    text = (DOCS / "tutorials" / name).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    is_script = name.endswith(".py")
    cells = site_pages.cells_of_script if is_script else site_pages.cells_of_notebook
    page = site_pages.to_markdown(cells(text))
    assert [output for output in shown if output not in page] == []


@pytest.mark.slow
def test_a_tutorial_is_a_page_of_text_code_and_output(site):
    written, asked, called = (
        (site / "tutorials" / f"{name}.html").read_text(encoding="utf-8")
        for name in ("own_model", "ask_and_tell", "notebook")
    )
    assert "<h1>Write a cost model" in written
    assert "# %%" not in written
    assert written.count('class="highlight-python') == 6
    assert "designs evaluated, " in written
    assert "asked for the same designs again: True" in asked
    assert "the same designs as the loop: True" in asked
    assert "<caption>camera: one chip for ResNet18 and MobileNetV3" in called
    assert "<svg" in called[called.index("frameon") :]
    assert "ExactOptima(camera: " in called
    assert "gap 0.000%" in called
    assert "technology_nm=22" in called[called.index("What if?") :]
    equations = (site / "physical_model.html").read_text(encoding="utf-8")
    assert equations.count('<svg role="img"') > 20
    assert "npm/mathjax" not in equations


@pytest.mark.slow
def test_what_the_package_offers_is_in_the_reference(site):
    pages = [(site / path.with_suffix(".html").name) for path in DOCS.glob("api*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    lacking = [n for n in imcmoo.__all__ if n[0] != "_" and f'id="imcmoo.{n}"' not in text]
    assert not lacking


def test_files_named_on_the_page_about_extending_exist():
    package = ROOT / "imcmoo"
    folders = [ROOT, package, *(package / name for name in ("hardware", "model/physical"))]
    folders.append(ROOT / "tests" / "model" / "physical")
    names = re.findall(r"`([\w/]+\.py)`", (DOCS / "dev" / "extend.md").read_text(encoding="utf-8"))
    assert len(names) > 30
    assert not [n for n in names if not any((folder / n).exists() for folder in folders)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page):
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = page.parent / link["target"] if link["target"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert link["anchor"] in anchors, link[0]


@pytest.fixture(scope="module")
def diagrams():
    return runpy.run_path(str(DOCS / "diagrams.py"))


def test_every_parameter_is_at_one_level_of_the_chip(diagrams):
    shown = [name for names in diagrams["LEVELS"].values() for name in names]
    assert sorted(shown) == sorted(field.name for field in fields(Designs))


@pytest.mark.parametrize("name", ["chip", "flow"])
def test_a_diagram_is_stored_with_its_text(diagrams, name):
    figure = diagrams[name]()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    stored = (DOCS / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    lines = [line for text in texts for line in text.get_text().split("\n")]
    assert not [line for line in lines if line not in stored]
