"""The pictures of README and of the gallery: `python docs/pictures.py` runs two studies and draws
them again. Needs Chromium for the picture of the report."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console

from imcmoo import Run, Study
from imcmoo.study.catalogue import find_study

FIGURES = Path(__file__).parent / "figures"
CAMERAS = Path(__file__).parents[1] / "examples" / "cameras.toml"

RUN_FIGURES = ("trade_off", "convergence", "baselines", "breakdown")
CAMERA_FIGURES = ("timeline", "power_area")
WIDTH = 118
"""Columns of the card."""


def draw_card(run: Run, command: str) -> None:
    """Draw the answer card of a run as a terminal shows it."""
    terminal = Console(record=True, width=WIDTH, file=io.StringIO())
    terminal.print(run.card.text(WIDTH), highlight=False, soft_wrap=False)
    picture = terminal.export_svg(title=command, unique_id="card")
    lines = (line.rstrip() for line in picture.splitlines())
    (FIGURES / "answer_card.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def photograph(page: Path) -> None:
    """Take a picture of the first screen of a report."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed: no picture of the report")
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1200,900"]
    options += ["--allow-file-access-from-files", f"--screenshot={FIGURES / 'report.png'}"]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Run the studies and draw all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        study = find_study("four_workload_sram_physical")
        assert isinstance(study, Study)
        run = study.run(budget=1500, out=out)
        draw_card(run, "imcmoo run four_workload_sram_physical --budget 1500")
        photograph(run.report(out / "report.html"))
        cameras = Study.load(CAMERAS).run(budget=500, out=out)
        for finished, names in ((run, RUN_FIGURES), (cameras, CAMERA_FIGURES)):
            drawn = finished.figures()
            for name in names:
                shutil.copyfile(drawn / f"{name}.png", FIGURES / f"run_{name}.png")


if __name__ == "__main__":
    main()
