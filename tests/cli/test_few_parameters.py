"""Studies whose design space has one parameter or none: every command answers."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import contents, refused, write_study


def _study(folder: Path, *free: str) -> str:
    """A study of two small networks in which only the `free` parameters have several values."""
    path = Path(write_study(folder, 2))

    def first(line: re.Match[str]) -> str:
        return line[0] if line[1] in free else f"{line[1]} = {line[2]}"

    text = path.read_text().replace("baselines = false", "baselines = true")
    path.write_text(re.sub(r"^(\w+) = \[(\S+), .*\]$", first, text, flags=re.MULTILINE))
    return str(path)


@pytest.mark.parametrize("free", [(), ("rows",)], ids=["none", "one"])
def test_every_command_works_with_one_free_parameter_or_none(free, tmp_path, capsys):
    study, out = _study(tmp_path, *free), tmp_path / "out"
    assert find_study(study).space.names == [*free]
    into = ["--out", str(out)]
    assert main(["enumerate", study, *into, "--workers", "1"]) == 0
    assert main(["run", study, *into, "--all"]) == 0
    output = capsys.readouterr().out
    assert "the best of all" in output
    assert "one design for all networks" in output
    assert main(["certify", study, *into]) == 0
    assert main(["check-certificate", str(out / "certified/many"), "--study", study]) == 0
    run = out / "many" / "seed-1"
    evaluated, front = (pd.read_csv(run / f"{name}.csv") for name in ("evaluations", "front"))
    assert len(evaluated) == 2 ** len(free)
    assert pd.read_csv(run / "regret.csv")["regret_selected"].max() == 0
    assert json.loads((out / "enumerated/many/summary.json").read_text())["front_designs"] == len(
        front
    )
    last = f"front_{len(front)}"
    assert main(["explain", str(run), "--design", last, "--study", study]) == 0
    assert main(["explain", str(run / "design.json"), "--study", study]) == 0
    assert main(["explain", f"{run / 'front.csv'}:2", "--study", study]) == 0
    assert main(["run", study, *into, "--resume"]) == 0
    assert "already finished" in capsys.readouterr().out
    assert main(["report", str(run)]) == 0


def test_the_only_design_that_breaks_a_limit_is_named(tmp_path, capsys):
    study = _study(tmp_path)
    assert main(["run", study, "--area-limit", "1e-3", "--out", str(tmp_path)]) == 2
    assert "the only design" in capsys.readouterr().err
    for command in ("run", "certify"):
        line = refused(capsys, command, study, "--area-limit", "1e-320", "--out", tmp_path)
        assert "area_limit_mm2: must be at least 1e-06, got 1e-320" in line


def test_runs_of_another_study_of_this_name_are_kept_unless_forced(tmp_path, capsys):
    study, out = _study(tmp_path), tmp_path / "out"
    command = ["run", study, "--out", str(out), "--quiet"]
    assert main([*command, "--seed", "2"]) == 0
    path = Path(study)
    path.write_text(path.read_text().replace("rows = 128", "rows = 256"))
    before = contents(out)
    for seed in ("1", "2"):
        line = refused(capsys, *command, "--seed", seed)
        assert "seed-2 is of other settings: fixed (rows);" in line
        assert "--out" in line
        assert "--force" in line
        assert contents(out) == before
    assert main([*command, "--force"]) == 0
    assert main([*command, "--seed", "2", "--force"]) == 0
    assert main(command) == 0


def test_the_answer_of_edited_networks_is_kept_unless_forced(tmp_path, capsys):
    study, out = _study(tmp_path), tmp_path / "out"
    command = ["enumerate", study, "--out", str(out), "--workers", "1", "--quiet"]
    assert main(command) == 0
    first, second, *_ = sorted(tmp_path.glob("*.csv"))
    first.write_text(second.read_text())
    before = contents(out)
    line = refused(capsys, *command)
    assert f"many is of other networks: {first.stem}; choose" in line
    assert "--force" in line
    assert contents(out) == before
    assert main([*command, "--force"]) == 0
    assert contents(out) != before


def test_a_budget_above_the_space_is_refused(tmp_path, capsys):
    study = _study(tmp_path, "rows")
    line = refused(capsys, "run", study, "--budget", "4000", "--out", tmp_path / "out")
    assert "above the 2 designs of the space: `imcmoo enumerate " in line
