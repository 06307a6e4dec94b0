"""The page as a browser without network shows it; skipped where there is no Chromium."""

import re
import shutil

import pytest

from imcmoo.cli import catalogue
from imcmoo.cli.main import main
from tests.report import odd_models
from tests.report.conftest import HOSTILE

pytest.importorskip("plotly")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")

QUICK = ("single", "toy")
STUDIES = [
    pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
    for name in ("toy", *odd_models.STUDIES, *catalogue.studies())
]
"""The quick ones every time; all that are built in in the slow tests."""

WIDTHS = (1440, 1024)

PATIENCE_MS = 60_000

POINT = """([panel, index]) => {
  const plot = document.getElementById('scatters');
  plot.scrollIntoView({block: 'start'});
  const trace = plot.data.filter(t => t.name === 'kept')[panel];
  const at = plot.getBoundingClientRect();
  const end = panel ? panel + 1 : '';
  const x = plot._fullLayout[`xaxis${end}`], y = plot._fullLayout[`yaxis${end}`];
  return [at.left + x._offset + x.d2p(trace.x[index]), at.top + y._offset + y.d2p(trace.y[index])];
}"""


@pytest.fixture(scope="module")
def chromium():
    """A browser that draws in software; no sandbox, which containers have no rights for."""
    flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens the page of a run, alone in a folder; returns requests and messages, too."""
    contexts = []

    def open_page(run):
        path = tmp_path / "page.html"
        assert main(["report", str(run), "--out", str(path)]) == 0
        context = chromium.new_context(viewport={"width": WIDTHS[0], "height": 900}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        requests, output = [], []
        page.on("request", lambda request: requests.append(request.url))
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


def kept(page):
    """Number of designs in each view."""
    scatters = page.evaluate(
        "document.getElementById('scatters').data"
        ".filter(t => t.name === 'kept').map(t => t.x.length)"
    )
    lines = page.evaluate(
        "document.getElementById('quantities').data[0].dimensions[0].values.length"
    )
    result = page.evaluate("document.getElementById('found').data[0].x.length")
    best = page.locator("#best tbody tr").count()
    return {"scatters": set(scatters), "lines": lines, "found": result, "best": best}


def brush(page, axis):
    """Drag along the upper half of a parameter's axis."""
    bar = page.locator("#parameters .axis-brush .background").nth(axis)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    x = box["x"] + box["width"] / 2
    at = [box["y"] + share * box["height"] for share in (0.02, 0.25, 0.45)]
    page.mouse.move(x, at[0])
    page.mouse.down()
    for y in at[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def widest_axis(page):
    """The parameter whose designs are most evenly in both halves of its axis."""
    return page.evaluate(
        """() => {
          const axes = document.getElementById('parameters').data[0].dimensions;
          const balance = axes.map(axis => {
            const [low, high] = axis.range;
            const above = axis.values.filter(v => v > high - 0.4 * (high - low)).length;
            return Math.min(above, axis.values.length - above);
          });
          return balance.indexOf(Math.max(...balance));
        }"""
    )


def check_controls(page):
    """Check that none sends data anywhere."""
    titles = page.evaluate(
        "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title || '')"
    )
    assert "Download plot as a PNG" in titles
    assert not [t for t in titles if re.search("cloud|share|studio|plotly", t, re.I)]
    assert page.locator("a[href]:not(.modebar-btn)").count() == 0


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_works_by_itself(study, opened, run_of):
    page, requests, output = opened(run_of(study))
    whole, total = count(page)
    assert whole == total == max(kept(page)["scatters"])
    before = kept(page)
    check_controls(page)
    for width in reversed(WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            f"document.documentElement.scrollWidth <= {width}"
            f" && document.getElementById('parameters')._fullLayout.width > {width - 100}"
        )

    brush(page, widest_axis(page))
    page.wait_for_function(f"!document.getElementById('count').textContent.startsWith('{whole} ')")
    page.wait_for_function(
        "document.getElementById('scatters').data[1].x.length"
        " === Number(document.getElementById('count').textContent.split(' ')[0])"
    )
    few, _ = count(page)
    after = kept(page)
    assert 0 < few < whole
    assert after["scatters"] == {few}
    assert after["lines"] == few
    assert after["found"] < before["found"] or before["found"] == 1
    assert after["best"] <= before["best"]

    first = page.locator("#card h3").inner_text()
    chosen = page.evaluate(
        "document.getElementById('scatters').data[1].text.findIndex(t => t !== 'selected')"
    )
    x, y = page.evaluate(POINT, [0, chosen])
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_function(f"document.querySelector('#card h3').textContent !== '{first}'")
    shown = page.locator("#card").inner_text()
    assert {"Parameters", "selected"} & set(shown.split()) == {"Parameters"}
    heading = page.locator("#card h3").inner_text()
    assert heading in page.evaluate("document.getElementById('scatters').data[1].text")
    page.wait_for_function("!document.getElementById('reset').disabled")

    page.locator("#reset").click()
    page.wait_for_function(f"document.getElementById('count').textContent.startsWith('{whole} ')")
    assert output == []
    assert requests == [page.url]


def test_a_design_the_run_did_not_explain_has_a_card_too(opened, run_of):
    page, _, output = opened(run_of("four_workload_rram"))
    page.locator("#set").select_option("all")
    page.wait_for_function(
        "document.getElementById('scatters').data[1].text.some(t => t.startsWith('evaluation'))"
    )
    # Where one dot lies on another, either may be meant.
    chosen = page.evaluate(
        """() => {
          const {x, y, text} = document.getElementById('scatters').data[1];
          const far = (i, k) => Math.hypot(Math.log(x[k] / x[i]), 9 * Math.log(y[k] / y[i]));
          const gap = i => Math.min(...x.map((_, k) => k === i ? Infinity : far(i, k)));
          const own = [...x.keys()].filter(i => text[i].startsWith('evaluation'));
          return own.sort((a, b) => gap(b) - gap(a))[0];
        }"""
    )
    page.mouse.click(*page.evaluate(POINT, [0, chosen]))
    page.wait_for_function("document.querySelector('#card h3').textContent !== 'selected'")
    assert page.locator("#card h3").inner_text().startswith("evaluation")
    assert "imcmoo explain RUN/evaluations.csv:" in page.locator("#untold").inner_text()
    assert not page.locator("#told").is_visible()
    assert output == []


FOCUSED = "[...document.querySelectorAll('#best tbody tr')].indexOf(document.activeElement)"


def test_the_keyboard_goes_through_the_best_designs_and_on(opened, run_of):
    page, _, output = opened(run_of("toy"))
    rows = page.locator("#best tbody tr").count()
    assert rows > 1
    page.locator("#best tbody tr").first.focus()
    for row in range(rows):
        assert page.evaluate(FOCUSED) == row
        page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == -1
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == rows - 1

    page.locator("#best tbody tr:not(.shown)").first.focus()
    row, before = page.evaluate(FOCUSED), page.locator("#card h3").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelector('#card h3').textContent !== '{before}'")
    page.wait_for_selector(f"#best tbody tr:nth-child({row + 1}).shown")
    assert page.evaluate(FOCUSED) == row
    assert output == []


def test_the_name_of_a_network_is_text_in_every_view(opened, hostile_run):
    page, requests, output = opened(hostile_run)
    shown = page.evaluate("document.body.innerText") + page.evaluate(
        "[...document.querySelectorAll('svg text')].map(t => t.textContent).join(' ')"
    )
    assert shown.count(HOSTILE) > 5
    assert page.locator("img[src=x]").count() == 0
    assert output == []
    assert requests == [page.url]
