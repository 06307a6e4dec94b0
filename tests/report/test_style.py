"""Figures look the same whoever draws them."""

import os
import subprocess
import sys
from pathlib import Path

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
    odd = draw(tmp_path / "odd", MATPLOTLIBRC=str(rc), MPLBACKEND="module://nowhere")
    assert odd == plain
