"""A run evaluates each design once, builds its model once, and reads nothing that it wrote."""

import os
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers import result_tables
from imcmoo.answers.results import Results
from imcmoo.model import registry
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.reference.evaluator import Evaluator
from tests.cli.helpers import run_quietly
from tests.scenario.study_text import SRAM, study_text

NAMES = ("net_a", "net_b")
LAYERS = {
    "net_a": "name,C,M,P,Q\na,16,32,14,14\nb,32,64,7,7\n",
    "net_b": "name,C,M,P,Q\na,8,16,28,28\n",
}
NETWORKS = "".join(f'[[networks]]\nsource = "{name}.csv"\n{{each}}' for name in NAMES)
SPACE = """base = "rram"
rows = [64, 128, 256]
cols = [64, 128]
bits_per_cell = [2, 4]
cycle_s = 1e-9
"""
STUDIES = {
    "reference": f'name = "two"\nbudget = 60\n[space]\n{SPACE}{NETWORKS.format(each="")}',
    **{
        name: study_text(
            scenario,
            networks=NETWORKS.format(each="rate_Hz = 20\n"),
            budget=20,
            space=space,
            deployment=deployment,
        )
        for name, scenario, space, deployment in (
            ("scenario", 'idle = "on"', SRAM, "alone"),
            ("space", 'sharing = "space"', 'base = "rram_physical"', "together"),
        )
    },
}
"""Studies of two networks; those with a scenario are of the physical model."""


class Files:
    """Files that this process reads below a folder, by name, and those that it wrote before."""

    def __init__(self):
        self.folder = None
        self.read, self.written, self.read_back = Counter(), set(), set()

    def hear(self, event, args):
        """Called for every audit event of the process."""
        if self.folder is None or event not in ("open", "os.rename"):
            return
        if event == "os.rename":
            old, new = (str(Path(p).absolute()) for p in args[:2])
            moved = {p for p in self.written if p == old or p.startswith(old + os.sep)}
            self.written = self.written - moved | {new + p[len(old) :] for p in moved}
        elif isinstance(args[0], str | os.PathLike):
            path = str(Path(args[0]).absolute())
            if not path.startswith(self.folder):
                return
            if args[2] & os.O_ACCMODE != os.O_RDONLY:
                self.written.add(path)
            elif Path(path).is_file():
                self.read[Path(path).name] += 1
                self.read_back |= {path} & self.written


FILES = Files()
sys.addaudithook(FILES.hear)  # cannot be taken away: it hears nothing without a folder


@contextmanager
def watched(folder):
    """Yields what is read and written below a folder in the block."""
    FILES.__init__()
    FILES.folder = str(folder)
    try:
        yield FILES
    finally:
        FILES.folder = None


class Run:
    """A run of a study of two networks and all that was counted during it."""

    def __init__(self, study, folder, patch):
        self.built, self.evaluated, self.broken_down = [], [], []
        make, make_results = registry.make, result_tables.make_results

        def built(name, space, networks, **options):
            self.built.append(networks.names)
            return make(name, space, networks, **options)

        def kept(outcome, *args):
            self.outcome, self.results = outcome, make_results(outcome, *args)
            return self.results

        patch.setattr(registry, "make", built)
        patch.setattr(result_tables, "make_results", kept)
        for kind in (Evaluator, PhysicalEvaluator):
            patch.setattr(kind, "evaluate", self._counted(kind.evaluate, self.evaluated))
            patch.setattr(kind, "breakdown", self._counted(kind.breakdown, self.broken_down))
        in_full = self._counted(PhysicalEvaluator.in_full, self.evaluated)
        patch.setattr(PhysicalEvaluator, "in_full", in_full)
        for name, text in LAYERS.items():
            (folder / f"{name}.csv").write_text(text)
        (folder / "two.toml").write_text(study)
        with watched(folder) as self.files:
            run_quietly("run", folder / "two.toml", "--out", folder / "out")
        self.folder = folder / "out/two/seed-1"

    def _counted(self, method, ranks):
        def counted(model, levels):
            if model.workload_names == list(NAMES):
                ranks.extend(model.space.rank(levels).tolist())
            return method(model, levels)

        return counted


@pytest.fixture(scope="module", params=STUDIES)
def run(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return Run(STUDIES[request.param], tmp_path_factory.mktemp("once"), patch)


def test_the_joint_model_is_built_once(run):
    assert run.built == [list(NAMES)]


def test_each_network_is_read_once(run):
    assert [run.files.read[f"{name}.csv"] for name in NAMES] == [1, 1]


def test_no_file_is_read_back(run):
    assert len(run.files.written) > 5
    assert run.files.read_back == set()


def test_each_explained_design_is_broken_down_once(run):
    space = run.outcome.problem.space
    explained = [space.levels_of(e.design) for e in run.results.explanations]
    assert sorted(run.broken_down) == sorted(space.rank(np.concatenate(explained)).tolist())


def test_only_baselines_and_neighbours_of_explained_designs_are_evaluated_after_the_search(run):
    archive, space = run.outcome.archive, run.outcome.problem.space
    baselines = space.rank(run.outcome.baselines.levels).tolist()
    explained = [space.levels_of(e.design) for e in run.results.explanations]
    around = np.concatenate([space.neighbours(levels[0]) for levels in explained])
    assert len(archive) in (20, 60)
    assert {*run.evaluated} == archive.seen | {*baselines, *space.rank(around).tolist()}


def test_no_design_is_evaluated_twice_but_baselines_of_scenarios(run):
    """A scenario evaluates single-network designs also without the requests of other networks."""
    model, space = run.outcome.problem.model, run.outcome.problem.space
    baselines = Counter({*space.rank(run.outcome.baselines.levels).tolist()})
    twice = Counter(run.evaluated) - Counter({*run.evaluated})
    assert twice == (Counter() if model.of_baselines is model else baselines)


def test_results_in_memory_are_those_of_the_files(run):
    stored = Results.read(run.folder)
    assert run.results.config == stored.config
    assert {*run.results.content} == {*stored.content} > {"baselines.csv", "explain.json"}
    for name in run.results.content:
        ours, theirs = run.results.content[name], stored.content[name]
        if name.endswith(".csv"):
            # A column without a text is read as one of numbers.
            ours = ours.astype({column: float for column in ours if ours[column].isna().all()})
            pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
        elif name == "design.json":
            assert ours == theirs
