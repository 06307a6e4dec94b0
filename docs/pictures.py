"""The pictures of runs on the pages: `python docs/pictures.py` runs three studies and draws them
again."""

import shutil
import tempfile
from pathlib import Path

from imcmoo import Study
from imcmoo.cli.main import main as imcmoo

FIGURES = Path(__file__).parent / "figures"
CAMERAS = Path(__file__).parents[1] / "examples" / "cameras.toml"

NEW = "new resnet18_onnx mobilenet_v3_onnx --fps 30 --area 10 --device dimc --quiet --out"
"""The command of the first page, but for the file that it writes."""

FIGURES_OF = {
    "camera": {"power_area": "camera_power_area"},
    "cameras": {"timeline": "run_timeline", "power_area": "run_power_area"},
    "four_workload_sram_physical": {"baselines": "run_baselines", "breakdown": "run_breakdown"},
}
"""Figures of the run of each study, and their names on pages."""


def main() -> None:
    """Run the studies and draw all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        assert imcmoo([*NEW.split(), str(out / "camera.toml")]) == 0
        budgets = {
            str(out / "camera.toml"): 3300,
            str(CAMERAS): 500,
            "four_workload_sram_physical": 1500,
        }
        for name, budget in budgets.items():
            study = Study.load(name)
            drawn = study.run(budget=budget, out=out).figures()
            for figure, shown in FIGURES_OF[study.name].items():
                shutil.copyfile(drawn / f"{figure}.png", FIGURES / f"{shown}.png")


if __name__ == "__main__":
    main()
