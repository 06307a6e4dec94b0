"""Baselines of the suite: by its protocol, resumable, and read back by the package."""

import numpy as np
import pandas as pd
import pytest

from experiments import baselines as runner
from imcmoo import benchmark
from imcmoo.benchmark.published_runs import COLUMNS
from imcmoo.io.errors import InputError

NAME = "four_workload_sram-v1"


def made(run, seed=0, value=1.0):
    for budget in run.budgets:
        row = dict.fromkeys(COLUMNS, value) | {"problem": run.problem, "digest": "d" * 12}
        row |= {"algorithm": run.algorithm, "seed": run.seed, "budget": budget}
        yield row | {"evaluations": budget, "constraint_evaluations": 0}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of which each run is recorded once, and what was run."""
    done = []

    def rows(run, problem):
        done.append(run)
        return made(run)

    monkeypatch.setattr(runner, "rows", rows)
    monkeypatch.setattr(runner, "_check", lambda *_: None)
    monkeypatch.setattr(runner.BenchmarkProblem, "prepare", lambda self: None)
    return tmp_path / "baselines.csv", done


def todo(seeds):
    return [*runner.runs([NAME], ["NSGA-II", "ours"], seeds, (100, 200))]


def test_an_interrupted_table_goes_on_where_it_was(table):
    path, done = table
    runner.add(path, todo(1))
    before = path.read_bytes()
    runner.add(path, todo(2))
    assert done == todo(2)
    assert path.read_bytes().startswith(before)
    rows = benchmark.baselines(NAME, path=path)
    assert [row["seed"] for row in rows] == [0] * 4 + [1] * 4
    assert benchmark.baselines("other", path=path) == []
    assert rows[0]["igd_plus"] == 1.0


def test_a_table_that_is_absent_or_damaged_is_refused(tmp_path):
    path = tmp_path / "baselines.csv"
    with pytest.raises(InputError, match="there are no baselines"):
        benchmark.baselines(path=path)
    path.write_text("problem,seed\n")
    with pytest.raises(InputError, match="the header must be"):
        benchmark.baselines(path=path)
    path.write_text(",".join(COLUMNS) + "\n" + ",".join("x" for _ in COLUMNS) + "\n")
    with pytest.raises(InputError, match="line 2: not a row"):
        benchmark.baselines(path=path)


def test_named_problems_get_all_seeds_and_budgets_and_others_fewer():
    named = [*runner.runs([NAME], ["ours"], None, ())]
    other = [*runner.runs(["sram/resnet18+mobilenet_v3/100mm2-v1"], ["ours"], None, ())]
    assert [len(named), len(other)] == [31, 11]
    assert [named[0].budgets, other[0].budgets] == [(1000, 3300, 10_000), (1000, 3300)]


def test_algorithms_are_compared_with_ours_by_unpaired_tests():
    rng = np.random.default_rng(1)
    values = {"ours": rng.random(31), "NSGA-II": rng.random(31) + 2, "random": rng.random(31)}
    frames = [
        pd.DataFrame({"problem": "p", "budget": 1000, "algorithm": name, "seed": range(31)})
        .assign(igd_plus=of, largest_regret=rng.permutation(of))
        for name, of in values.items()
    ]  # fmt: skip
    found = runner.summary(pd.concat(frames)).set_index("algorithm")
    shuffled = [frame.sample(frac=1, random_state=2) for frame in frames]
    again = runner.summary(pd.concat(shuffled)).set_index("algorithm")
    pd.testing.assert_frame_equal(found, again)
    assert found.loc["NSGA-II", "p_igd_plus"] < 1e-9
    assert found.loc["random", "p_igd_plus"] > 0.01
    assert np.isnan(found.loc["ours", "p_igd_plus"])


@pytest.mark.parametrize("budgets", ["x", "100,0", ""])
def test_budgets_that_are_no_numbers_of_designs_are_refused(budgets, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_:
        runner.main(["--budgets", budgets, "--out", str(tmp_path / "runs.csv")])
    assert exit_.value.code == 2
    assert "argument --budgets: " in capsys.readouterr().err
