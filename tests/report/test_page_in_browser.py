"""The page as a browser without network shows it; skipped where there is no Chromium."""

import csv
import json
import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from imcmoo.cli.main import main
from imcmoo.study import catalogue
from tests.extras import needs
from tests.report import odd_models
from tests.report.conftest import HOSTILE
from tests.report.test_page import column, data_of, made

needs("dev", "playwright")

from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")

QUICK = ("single", "toy")
STUDIES = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
    for name in ("toy", *odd_models.STUDIES, *catalogue.studies())
]
"""The quick ones every time; all that are built in in the slow tests."""

WIDTHS = (1400, 390)
"""Pixels of a desktop and of a phone."""

PATIENCE_MS = 60_000

OVERLAPS = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const nodes = [...svg.querySelectorAll('text')];
  const texts = nodes.map(t => [t.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([name, a], at) => texts.slice(at + 1).flatMap(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return wide > 1 && tall > 3 ? [`${name} | ${other}`] : [];
  }));
})"""
"""Pairs of texts of a figure that lie over each other."""

CONTROLS = "a[href], button, select, input, summary, [tabindex='0']"

FOCUS = """() => {
  const on = document.activeElement, outline = getComputedStyle(on);
  const all = [...document.querySelectorAll(`__CONTROLS__`)];
  const isSeen = outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) >= 2;
  return [all.indexOf(on), isSeen];
}""".replace("__CONTROLS__", CONTROLS)


@pytest.fixture(scope="module")
def chromium():
    """A browser without a sandbox, which containers have no rights for."""
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens the page of runs, alone in a folder; returns requests and messages, too."""
    contexts = []

    def open_page(*runs):
        path = tmp_path / "page.html"
        assert main(["report", *map(str, runs), "--out", str(path)]) == 0
        context = chromium.new_context(viewport={"width": WIDTHS[0], "height": 900}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        requests, output = [], []
        page.on("request", lambda r: None if r.url.startswith("blob:") else requests.append(r.url))
        page.on("console", lambda message: output.append(message.text))
        page.on("pageerror", lambda error: output.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-drawn=yes]")
        return page, requests, output

    yield open_page
    for context in contexts:
        context.close()


def count(page):
    """Number of designs that are kept, and of all."""
    return tuple(map(int, re.findall(r"\d+", page.locator("#count").inner_text().replace(",", ""))))


def dots(page):
    """Places of the kept designs in the first panel, in pixels of the figure."""
    path = page.locator("#scatter path[stroke-width='6']").first.get_attribute("d")
    return [tuple(map(float, place)) for place in re.findall(r"M([\d.]+),([\d.]+)h0", path)]


def saved(page, button, tmp_path):
    """Path of the file that a button saves."""
    with page.expect_download() as download:
        button.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def check_widths(page):
    """Check that the page fits each width, and that no two texts of a figure overlap."""
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(600)  # until figures are drawn anew; the policy allows no polling
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERLAPS) == []


def corner(page):
    """Place in the window of the scatter plot's upper left corner, which is scrolled to."""
    page.evaluate("document.getElementById('scatter').scrollIntoView({block: 'start'})")
    box = page.locator("#scatter svg").bounding_box()
    return box["x"], box["y"]


def click(page, place):
    """Click a place of the scatter plot."""
    x, y = corner(page)
    page.mouse.click(x + place[0], y + place[1])


def drag(page, start, end):
    """Drag a rectangle in the scatter plot."""
    x, y = corner(page)
    page.mouse.move(x + start[0], y + start[1])
    page.mouse.down()
    page.mouse.move(x + end[0], y + end[1], steps=4)
    page.mouse.up()


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_works_by_itself(study, opened, run_of, tmp_path):
    page, requests, output = opened(run_of(study))
    whole, total = count(page)
    assert whole == total > 1
    check_widths(page)

    places = sorted(set(dots(page)))
    left, right = places[0], places[-1]
    top, bottom = min(y for _, y in places), max(y for _, y in places)
    drag(page, (left[0] - 4, top - 4), ((left[0] + right[0]) / 2, bottom + 4))
    few, _ = count(page)
    assert 0 < few < whole
    assert len(dots(page)) == few
    with saved(page, page.locator("#csv"), tmp_path).open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == few
    page.locator("#filters button").click()
    assert count(page) == (whole, total)

    titles = [page.locator("#card h3").inner_text()]
    page.locator("#designs tbody tr:not(.shown) button").first.click()
    titles.append(page.locator("#card h3").inner_text())
    assert titles[0] != titles[1]
    for place in (left, right):
        click(page, place)
        titles.append(page.locator("#card h3").inner_text())
    assert titles[2] != titles[3]
    for button in page.locator("figure > button:visible", has_text="SVG").all():
        tree = ET.parse(saved(page, button, tmp_path))
        assert tree.getroot().tag == "{http://www.w3.org/2000/svg}svg"
        path = saved(page, button.locator("xpath=following-sibling::button"), tmp_path)
        size = [3 * int(tree.getroot().get(side)) for side in ("width", "height")]
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert [*image.size] == size
            assert len(image.convert("L").getcolors()) > 2
    assert output == []
    assert requests == [page.url]


def test_a_range_of_a_column_keeps_designs(opened, run_of):
    page, _, output = opened(run_of("four_workload_rram"))
    page.locator("#set").select_option("all")
    whole, _ = count(page)
    column = page.locator("#designs thead th").all_inner_texts().index("area (mm²)")
    cells = page.locator(f"#designs tbody td:nth-child({column + 1})")
    least = sorted(map(float, cells.all_inner_texts()))[10]
    page.locator("#by").select_option(label="area (mm²)")
    page.locator("#low").fill(str(least))
    page.locator("#low").press("Enter")
    few, _ = count(page)
    assert 0 < few < whole
    assert min(map(float, cells.all_inner_texts())) >= least
    assert output == []


def test_a_click_on_a_heading_sorts_the_table(opened, run_of):
    page, _, _ = opened(run_of("toy"))
    for direction in ("ascending", "descending"):
        page.locator("#designs thead th:nth-child(3) button").click()
        heading = page.locator("#designs thead th:nth-child(3)")
        assert heading.get_attribute("aria-sort") == direction
        cells = page.locator("#designs tbody td:nth-child(3)").all_inner_texts()
        values = [float(cell.replace(",", "")) for cell in cells]
        assert values == sorted(values, reverse=direction == "descending")
        assert len(set(values)) > 1


def test_a_scale_can_be_logarithmic_or_linear(opened, run_of):
    page, _, output = opened(run_of("four_workload_rram"))
    before = dots(page)
    page.locator("#x-log").set_checked(not page.locator("#x-log").is_checked())
    assert [y for _, y in dots(page)] == [y for _, y in before]
    assert dots(page) != before
    page.locator("#x").select_option(label="area (mm²)")
    page.locator("#y").select_option(label="minimax regret")
    assert (
        page.locator("#scatter svg")
        .get_attribute("aria-label")
        .startswith("minimax regret over area (mm²)")
    )
    assert output == []


def test_the_legend_counts_single_network_designs_without_a_value(opened, run_of):
    folder = run_of("four_workload_rram")
    page, _, output = opened(folder)
    page.locator("#x").select_option(label="area (mm²)")
    data = data_of(made(folder))
    (scores,) = column(data, "score", "minimax regret")
    rows = [row for _, row in data["runs"][0]["baselines"]]
    absent = sum(scores[row] is None for row in rows)
    note = f" ({absent} of {len(rows)} have no value here)" if absent else ""
    for quantity, expected in (("minimax regret", note), ("area (mm²)", "")):
        page.locator("#y").select_option(label=quantity)
        texts = page.locator("#scatter svg text").all_text_contents()
        assert f"best for one network{expected}" in texts
    assert absent > 0
    assert output == []


def test_a_tap_names_a_layer_until_the_next_one(opened, run_of):
    page, _, output = opened(run_of("four_workload_rram_physical"))
    bar, tip = page.locator("#layers rect").first, page.locator("#tip")
    for event in ("pointerdown", "pointerup", "pointerleave", "click"):  # as a touch screen sends
        bar.dispatch_event(event)
    assert re.match(r"\S.*: [\d.,e-]+ .*mJ", tip.inner_text())
    page.locator("body").dispatch_event("pointerdown")
    assert not tip.is_visible()
    assert output == []


def test_a_design_the_run_did_not_explain_says_how_to_explain_it(opened, run_of):
    page, _, output = opened(run_of("four_workload_rram"))
    page.locator("#set").select_option("all")
    page.locator("#sort-0").click()  # from the worst score: designs beyond the front have none
    page.locator("#sort-0").click()
    page.locator("#designs button", has_text="evaluation").first.click()
    assert page.locator("#card h3").inner_text().startswith("evaluation")
    assert "imcmoo explain RUN/evaluations.csv:" in page.locator("#unexplained").inner_text()
    assert not page.locator("#explained").is_visible()
    assert output == []


def test_the_card_and_the_bars_say_what_each_network_costs(opened, run_of):
    folder = run_of("four_workload_rram_physical")
    page, _, output = opened(folder)
    costs = json.loads((folder / "design.json").read_text(encoding="utf-8"))["workloads"]
    rows = page.locator("#card .wide tbody tr").all()
    for row, of in zip(rows, costs.values(), strict=True):
        texts = row.locator("td").all_inner_texts()
        energy, latency = (float(text.replace(",", "")) for text in texts)
        assert energy == pytest.approx(1e3 * of["energy_J"], rel=1e-3)
        assert latency == pytest.approx(1e6 * of["latency_s"], rel=1e-3)
    texts = page.locator("#components svg text").all_text_contents()
    assert "others" in texts
    assert sum(text.endswith(" mJ") for text in texts) == len(costs)
    assert output == []


def test_tab_reaches_every_control_and_its_focus_is_visible(opened, run_of):
    page, _, output = opened(run_of("toy"))
    visible = [
        at for at, control in enumerate(page.locator(CONTROLS).all()) if control.is_visible()
    ]
    reached = []
    for _ in range(3 * len(visible)):  # wide tables and figures may scroll, which has focus too
        page.keyboard.press("Tab")
        at, is_seen = page.evaluate(FOCUS)
        if at in reached:
            break
        if at >= 0:
            assert is_seen, at
            reached.append(at)
    assert reached == visible

    row = page.locator("#designs tbody button[aria-pressed=false]").first
    row.focus()
    name = row.inner_text()
    page.keyboard.press("Enter")
    assert page.locator("#card h3").inner_text() == name
    assert page.evaluate("document.activeElement.innerText") == name
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") != name
    assert output == []


def test_figures_headings_and_controls_have_names_for_screen_readers(opened, run_of):
    page, _, _ = opened(run_of("four_workload_rram"))
    assert page.locator("svg:not([aria-label])").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    nameless = page.evaluate(
        "[...document.querySelectorAll('select, input, button')]"
        ".filter(c => !c.labels?.length && !c.ariaLabel && !c.innerText.trim() && !c.hidden).length"
    )
    assert nameless == 0


def test_the_name_of_a_network_is_text_in_every_view(opened, hostile_run):
    page, requests, output = opened(hostile_run)
    shown = page.evaluate("document.body.innerText") + page.evaluate(
        "[...document.querySelectorAll('svg text')].map(t => t.textContent).join(' ')"
    )
    assert shown.count(HOSTILE) > 5
    assert page.locator("img[src=x]").count() == 0
    assert output == []
    assert requests == [page.url]
