"""Explanations fit the terminal, whatever the study."""

import io

import numpy as np
import pytest
from rich.console import Console

from imcmoo.cli import catalogue
from imcmoo.report.explanation_tables import explained
from imcmoo.report.explanation_words import lack, used
from imcmoo.study.explain import DesignToExplain, explain
from tests.study.explained_studies import STUDIES
from tests.test_toy_model import STUDY as TOY

EVERY = {**STUDIES, "nine": catalogue.studies()["nine_workload_sram"], "toy": TOY}


@pytest.fixture(scope="module", params=EVERY)
def explanations(request):
    """A feasible design of a study, if one is found at once, and one that is not."""
    study = EVERY[request.param]
    problem = study.problem()
    levels = study.space.random(300, np.random.default_rng(1))
    _, G = problem.score(levels, problem.model.evaluate(levels))
    feasible = (G <= 0).all(axis=1)
    rows = [int(np.argmax(kind)) for kind in (feasible, ~feasible) if kind.any()]
    subjects = [DesignToExplain(levels[row], (f"random {row}",)) for row in rows]
    return [e.as_shown() for e in explain(problem, study.asked_criterion, subjects)]


@pytest.mark.parametrize("width", [80, 140])
def test_nothing_is_wider_than_the_terminal_or_cut(explanations, width):
    for explanation in explanations:
        console = Console(width=width, record=True, file=io.StringIO())
        for part in explained(explanation, width=width, layers=3):
            console.print(part)
        text = console.export_text()
        assert "…" not in text, text
        assert max(map(len, text.splitlines())) <= width
        assert ("NOT FEASIBLE" in text) == (not explanation.feasible)
        steps = explanation.tables["neighbours"]
        assert all(f"{name} " in text for name in steps["parameter"])


def test_noise_is_said_in_decibels():
    assert lack("snr", 9.0, 9.0) == "snr 10 dB short"
    assert used("snr", 0.01) == "20 dB to spare"
    assert used("snr", 2.0) == "3.01 dB short"
    assert (used("area", 0.5), used("snr", float("nan"))) == ("50 %", "not told")
