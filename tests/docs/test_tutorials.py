"""Every tutorial runs as a script, and says what it claims to say."""

import runpy

import pytest

from tests import ROOT

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.py"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path, capsys):
    result = runpy.run_path(str(path))
    shown = capsys.readouterr().out
    assert shown.count("\n") > 5
    if path.stem == "own_model":
        assert result["archive"].feasible[result["front"]].all()
        assert len(result["front"]) > 5
    if path.stem == "first_steps":
        table = result["table"]
        assert 0 < table["runs"].sum() < len(table)
        assert (table.loc[~table["runs"], "missing_snr"] > 0).all()
        assert "edap_max: " in shown
    if path.stem == "ask_and_tell":
        assert "asked for the same designs again: True" in shown
        assert "the same designs as the loop: True" in shown
