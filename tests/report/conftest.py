"""Small runs to report on."""

import json
import shutil

import pandas as pd
import pytest

from imcmoo.run import run_studies
from imcmoo.study import catalogue
from tests.cli.helpers import seal
from tests.report import odd_models
from tests.test_toy_model import STUDY as TOY

BUDGET = 100

HOSTILE = "</script><img src=x onerror=alert(1)> & 'é"
"""The name of a network that would like to be more."""


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """Runs a study, built in or of the tests, once; its folder is only to be read."""
    done = {}

    def run(name):
        if name not in done:
            metrics = {**catalogue.studies(), **odd_models.STUDIES, "toy": TOY}
            study = metrics[name].replace(budget=BUDGET)
            out = tmp_path_factory.mktemp(name)
            with pytest.MonkeyPatch.context() as patch:
                # Figures take most of the time, and the page has none of them.
                patch.setattr("imcmoo.report.figures.draw_figures", lambda results, folder: None)
                run_studies([study], out)
            done[name] = out / study.name / "seed-1"
        return done[name]

    return run


@pytest.fixture
def hostile_run(run_of, tmp_path):
    """A run with a network called `HOSTILE`, without explanations."""
    folder = tmp_path / "hostile"
    shutil.copytree(run_of("toy"), folder)
    for path in folder.glob("*.csv"):
        frame = pd.read_csv(path)
        frame.columns = [c.replace("alexnet", HOSTILE) for c in frame.columns]
        frame.to_csv(path, index=False)
    for path in (folder / "config.json", folder / "design.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("alexnet", json.dumps(HOSTILE)[1:-1]), encoding="utf-8")
    (folder / "explain.json").unlink()
    seal(folder)
    return folder
