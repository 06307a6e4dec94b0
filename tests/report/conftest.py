"""Small runs to report on."""

from dataclasses import replace

import pytest

from imcmoo.cli import catalogue, run_studies
from tests.report import odd_models
from tests.test_toy_model import STUDY as TOY

BUDGET = 100


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """What runs a study, built in or one of the tests', once; its folder is only to be read."""
    done = {}

    def run(name):
        if name not in done:
            known = {**catalogue.studies(), **odd_models.STUDIES, "toy": TOY}
            study = replace(known[name], budget=BUDGET)
            out = tmp_path_factory.mktemp(name)
            with pytest.MonkeyPatch.context() as patch:
                # Figures take most of the time, and the page has none of them.
                patch.setattr(run_studies, "draw_figures", lambda results, folder: None)
                run_studies.run([study], out=out, resume=False, quiet=True, workers=1)
            done[name] = out / study.name / "seed-1"
        return done[name]

    return run
