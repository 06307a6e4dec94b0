"""Figures look the same whoever draws them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from imcmoo.report import style

HOSTILE = """
font.size: 30
font.family: monospace
axes.grid: True
axes.facecolor: red
axes.titlesize: 40
lines.marker: o
figure.dpi: 37
savefig.dpi: 11
savefig.bbox: tight
savefig.transparent: True
legend.frameon: True
image.cmap: jet
pdf.fonttype: 3
text.usetex: True
"""

DRAW = """
import sys
from pathlib import Path
import numpy as np
from imcmoo.report import figures, style
with style.paper_style():
    figure = figures.baseline_matrix(
        np.array([[1.0, 2.0], [3.0, 1.0]]),
        runs=np.full((2, 2), True),
        rows=["joint", "vgg16"],
        columns=["alexnet", "vgg16"],
    )
style.save(figure, Path(sys.argv[1]), "drawn")
assert "matplotlib.backends.backend_nowhere" not in sys.modules
"""

ROOT = Path(__file__).parents[2]


def draw(folder, **environment):
    folder.mkdir()
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MPL", "MATPLOTLIB"))}
    subprocess.run(
        [sys.executable, "-c", DRAW, str(folder)],
        env=kept | {"PYTHONPATH": path} | environment,
        check=True,
        cwd=folder,
    )
    return [(folder / f"drawn.{ending}").read_bytes() for ending in ("png", "pdf")]


def test_a_users_matplotlibrc_and_backend_change_nothing(tmp_path):
    rc = tmp_path / "matplotlibrc"
    rc.write_text(HOSTILE)
    plain = draw(tmp_path / "plain")
    assert draw(tmp_path / "rc", MATPLOTLIBRC=str(rc)) == plain
    assert draw(tmp_path / "backend", MPLBACKEND="module://nowhere") == plain


@pytest.mark.parametrize(
    ("labels", "room", "columns"),
    [(["aa"] * 9, 200, 5), (["aa"] * 4, 200, 4), (["a" * 40] * 2, 60, 1), (["a" * 12] * 9, 60, 3)],
)
def test_a_legend_has_as_many_columns_as_fit(labels, room, columns):
    assert style._columns(labels, room) == columns


@pytest.mark.parametrize("width", [style.WIDTH, style.COLUMN])
def test_a_legend_of_nine_fits_the_page(width):
    with style.paper_style():
        figure = Figure(figsize=(width, 2), layout="constrained")
        ax = figure.subplots()
        for i in range(9):
            ax.plot(np.arange(2), label=f"GPT-2 Medium {i}")
        style.legend_below(figure, ax, title="")
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
