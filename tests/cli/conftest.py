"""Fixtures of the tests of commands."""

import pytest

from tests.cli.few_chips import only_few


@pytest.fixture
def _few(monkeypatch):
    only_few(monkeypatch.setattr)


@pytest.fixture
def _no_figures(monkeypatch):
    """Figures take most of a short run's time."""
    monkeypatch.setattr("imcmoo.cli.run_studies.draw_figures", lambda *_: None)
