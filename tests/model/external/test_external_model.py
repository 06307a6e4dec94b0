import json
import math
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from imcmoo.model.external.evaluation import Command, EvaluationFailed
from imcmoo.model.external.external_model import AnswerCache, ExternalModel, checked
from imcmoo.model.metrics import AREA, ENERGY, Quantity
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.algorithm import run_search
from tests.model.external import programs, simulators
from tests.model.external.programs import costs, is_bad
from tests.model.external.simulators import (
    EVERYTHING,
    NETWORKS,
    SPACE,
    Crashing,
    Sound,
    Stuck,
    Troubled,
    answers,
)
from tests.search.searches import Stop, bytes_of

SNR = Quantity("snr", "dB", sense="max", scale="interval", bound=1e3)
QUANTITIES = (ENERGY, SNR, AREA)
GOOD = {"energy": {"a": 1e-3, "b": 2e-3}, "snr": {"a": -3.0, "b": 7}, "area": 1e-5}


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setattr(ExternalModel, "cache", tmp_path / "cache")
    yield
    for model in (simulators.Sound, simulators.Crashing, simulators.Troubled, simulators.Stuck):
        model.evaluation.end()  # the next test's processes are to see its environment


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Designs that simulators were asked about so far, in order."""
    file = tmp_path / "asked"
    file.touch()
    monkeypatch.setenv(programs.ASKED, str(file))
    return lambda: [json.loads(line) for line in file.read_text().splitlines()]


def test_every_design_gets_its_answer_and_is_asked_about_once(asked):
    twice = np.concatenate([EVERYTHING[:30][::-1], EVERYTHING[:30]])
    metrics = Sound(SPACE, NETWORKS).evaluate(twice)
    for i, design in enumerate(SPACE.designs(twice)):
        assert answers(metrics, i) == costs(design, NETWORKS.names)
    assert metrics.runs.all()
    assert len(asked()) == 30


def test_a_crash_loses_that_evaluation_and_no_other():
    model = Crashing(SPACE, NETWORKS)
    with pytest.warns(UserWarning, match=r"20 of 200 evaluations failed .* its process was killed"):
        metrics = model.evaluate(EVERYTHING)
    bad = np.array([is_bad(design) for design in SPACE.designs(EVERYTHING)])
    np.testing.assert_array_equal(metrics.runs, ~bad[:, None] & np.ones(2, bool))
    for i in np.flatnonzero(~bad):
        assert answers(metrics, i) == costs(SPACE.designs(EVERYTHING[[i]])[0], NETWORKS.names)
    problem = AcceleratorProblem(model, area_limit_m2=40e-6)
    F, G = problem.score(EVERYTHING, metrics)
    assert (G[bad].max(axis=1) > 0).all()
    assert (F[bad] > F[~bad].max(axis=0)).all()


def test_failures_of_every_kind_are_told_and_nothing_else_is_lost():
    model = Troubled(SPACE, NETWORKS)
    levels = EVERYTHING[(EVERYTHING[:, 1:] == 0).all(axis=1)][:10]  # x from 1 to 10
    with pytest.warns(UserWarning, match="6 of 10 evaluations failed"):
        metrics = model.evaluate(levels)
    assert metrics.runs.tolist() == [*[[False] * 2] * 6, [True, False], *[[True] * 2] * 3]
    assert np.isnan(metrics.energy_J[6]).tolist() == [False, True]
    why = [model._answers.get(design).failure for design in SPACE.designs(levels)]
    assert why == [
        "took longer than 3 s",
        "its process ended by itself with exit code 7 (its error stands above)",
        "after 10 steps",
        "area is nan",
        "area is 0.0, but must be positive",
        "answers energy, but is asked energy, latency, area",
        *[""] * 4,
    ]
    AcceleratorProblem(model, area_limit_m2=40e-6).score(levels, metrics)  # is finite


@pytest.mark.filterwarnings("ignore:.*evaluations failed")
def test_nothing_is_evaluated_twice_and_what_failed_only_if_asked_for(asked):
    first = Crashing(SPACE, NETWORKS).evaluate(EVERYTHING[:60])
    n = len(asked())
    again = Crashing(SPACE, NETWORKS).evaluate(EVERYTHING[:60])
    for name in first.values:
        np.testing.assert_array_equal(first.values[name], again.values[name])
    assert len(asked()) == n == 60
    shutil.rmtree(Crashing.cache / "failed")
    Crashing(SPACE, NETWORKS).evaluate(EVERYTHING[:60])
    assert all(is_bad(design) for design in asked()[60:])
    assert len(asked()) > 60


def test_other_networks_and_versions_are_asked_anew(asked, monkeypatch):
    levels = EVERYTHING[:5]
    Sound(SPACE, NETWORKS).evaluate(levels)
    alone = Sound(SPACE, NETWORKS).for_network("alexnet")
    assert alone.evaluate(levels).energy_J.shape == (5, 1)
    assert len(asked()) == 10
    with pytest.raises(ValueError, match="network 'vgg16' is not one of alexnet"):
        alone.for_network("vgg16")
    with pytest.raises(
        ValueError, match="cost model Sound does not accept deployment = 'together'"
    ):
        Sound(SPACE, NETWORKS, deployment="together")
    # The same design of another space is the same design.
    fixed = SPACE.fix("kind", "a")
    Sound(fixed, NETWORKS).evaluate(fixed.encode({n: SPACE.column(levels, n) for n in "xy"}))
    before = len(asked())
    monkeypatch.setattr(Sound, "version", "2")
    Sound(SPACE, NETWORKS).evaluate(levels)
    assert len(asked()) == before + 5


@pytest.mark.parametrize("content", ["", '{"answer": {}, "failure": ""}'])
def test_a_file_that_is_no_answer_is_replaced(asked, content):
    Sound(SPACE, NETWORKS).evaluate(EVERYTHING[:1])
    (file,) = [p for p in Sound.cache.rglob("*") if p.is_file()]
    whole = file.read_bytes()
    file.write_text(content)
    Sound(SPACE, NETWORKS).evaluate(EVERYTHING[:1])
    assert file.read_bytes() == whole
    assert len(asked()) == 2


@pytest.mark.filterwarnings("ignore:.*evaluations failed")
def test_a_resumed_search_asks_about_no_design_again(asked, tmp_path):
    def searched(**options):
        problem = AcceleratorProblem(Crashing(SPACE, NETWORKS), area_limit_m2=40e-6)
        rng = np.random.default_rng(1)
        return run_search(problem, budget=60, rng=rng, checkpoint=tmp_path / "c", **options)

    def stop(row):
        if row.generation == 0:
            raise Stop

    with pytest.raises(Stop):
        searched(callback=stop)
    resumed = searched()
    assert len(asked()) == 60
    failed = np.array([is_bad(design) for design in SPACE.designs(resumed.archive.levels)])
    assert failed.any()
    assert not resumed.archive.feasible[failed].any()
    (tmp_path / "c").unlink()
    assert bytes_of(searched()) == bytes_of(resumed)
    assert len(asked()) == 60


def test_two_processes_may_use_one_cache(tmp_path):
    code = (
        "import sys\n"
        "if __name__ == '__main__':\n"
        "    from pathlib import Path\n"
        "    from tests.model.external.simulators import *\n"
        "    Sound.cache = Path(sys.argv[1])\n"
        "    metrics = Sound(SPACE, NETWORKS).evaluate(EVERYTHING[:60])\n"
        "    for i, design in enumerate(SPACE.designs(EVERYTHING[:60])):\n"
        "        assert answers(metrics, i) == programs.costs(design, NETWORKS.names)\n"
    )
    (tmp_path / "both.py").write_text(code)
    command = [sys.executable, str(tmp_path / "both.py"), str(Sound.cache)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len([p for p in Sound.cache.rglob("*") if p.is_file()]) == 60


def test_an_interrupt_ends_what_is_being_evaluated(monkeypatch):
    monkeypatch.setattr(AnswerCache, "put", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        Stuck(SPACE, NETWORKS).evaluate(EVERYTHING[:5])  # the others would take 600 s


def test_an_answer_is_numbers_in_the_order_of_the_networks():
    assert checked(GOOD, QUANTITIES, ["b", "a"]) == {
        "energy": [2e-3, 1e-3],
        "snr": [7.0, -3.0],
        "area": [1e-5],
    }


@pytest.mark.parametrize("none", [None, math.nan])
def test_a_network_that_does_not_run_has_no_figures_at_all(none):
    read = checked(GOOD | {"snr": {"a": none, "b": 7.0}}, QUANTITIES, ["a", "b"])
    assert math.isnan(read["energy"][0])
    assert math.isnan(read["snr"][0])
    assert read["energy"][1] == 2e-3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "answers None, but is asked energy, snr, area"),
        ({}, "answers nothing, but is asked energy, snr, area"),
        ({"area": 1.0}, "answers area, but is asked energy, snr, area"),
        (GOOD | {"power": 1.0}, "answers energy, snr, area, power, but is asked energy"),
        (GOOD | {"energy": 1e-3}, "energy: is asked for a number for each network"),
        (GOOD | {"energy": {"a": 1e-3}}, "energy: is asked for a number for each network"),
        (GOOD | {"energy": {"a": 0.0, "b": 1.0}}, "energy of a is 0.0, but must be positive"),
        (GOOD | {"energy": {"a": -1.0, "b": 1.0}}, "energy of a is -1.0, but must be positive"),
        (GOOD | {"energy": {"a": 1e6, "b": 1.0}}, "energy of a is 1000000.0"),
        (GOOD | {"snr": {"a": -1e3, "b": 1.0}}, "snr of a is -1000.0"),
        (GOOD | {"snr": {"a": math.inf, "b": 1.0}}, "snr of a is inf"),
        (GOOD | {"area": None}, "area is None"),
        (GOOD | {"area": "much"}, "area is 'much'"),
        (GOOD | {"area": [1.0]}, r"area is \[1.0\]"),
    ],
)
def test_what_no_chip_can_have_is_a_failure(given, why):
    with pytest.raises(EvaluationFailed, match=why):
        checked(given, QUANTITIES, ["a", "b"])


# Commands.

DESIGN = {"x": 2, "kind": "a"}


def python(code, timeout_s=None):
    return Command([sys.executable, "-c", textwrap.dedent(code)], timeout_s=timeout_s)


def test_a_command_reads_the_design_and_writes_its_answer():
    doubled = python("""
        import json, sys
        asked = json.load(sys.stdin)
        print(json.dumps({"energy": {n: 2.0 * asked["design"]["x"] for n in asked["networks"]}}))
    """)
    with pytest.raises(ValueError, match="command 'no-such-program' is no program"):
        Command(["no-such-program"], timeout_s=None)
    assert doubled(DESIGN, ["net", "other"]) == {"energy": {"net": 4.0, "other": 4.0}}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit('cannot\\nroute it')", "exit code 1: route it"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("print('done')", "its answer is not JSON: done"),
        ("", "its answer is not JSON: nothing"),
    ],
)
def test_a_crash_is_told_in_one_line(code, why):
    with pytest.raises(EvaluationFailed) as error:
        python(code)(DESIGN, ["net"])
    assert str(error.value) == why


def test_a_time_out_ends_what_the_command_has_started():
    # The child holds the pipes open: were it left, this would wait for it.
    spawning = python(
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import time; time.sleep(600)'])",
        timeout_s=1,
    )
    with pytest.raises(EvaluationFailed, match="took longer than 1 s"):
        spawning(DESIGN, ["net"])


def test_a_command_is_ended_on_request():
    sleeping = python("import time; time.sleep(600)")
    failures = []

    def run():
        try:
            sleeping(DESIGN, ["net"])
        except EvaluationFailed as error:
            failures.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        sleeping.end()
        thread.join(0.05)
    assert failures == ["was ended by SIGKILL"]
