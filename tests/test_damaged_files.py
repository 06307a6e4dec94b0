"""Readers read a damaged file or say in one sentence what is wrong with it.

Bytes are flipped, cut, doubled, inserted and replaced in
files of every kind. Files users write may be valid all the same; files a command wrote say what
they said or are refused.
"""

import contextlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.silicon import macros as silicon
from imcmoo.cli.catalogue import find_study
from imcmoo.cli.main import main
from imcmoo.exact import answer
from imcmoo.exact.certificate import Certificate
from imcmoo.io.errors import InputError
from imcmoo.report.results import reading
from imcmoo.search.checkpoint import State
from imcmoo.space.designs_csv import read_designs
from imcmoo.study.explanation_file import read_explanations, to_json
from problems import SRAM
from tests.cli.helpers import SMALL_STUDY as STUDY
from tests.reliability.drawn import DESIGNS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
REFUSED = (InputError, OSError)
"""What commands turn into one line."""

TOKENS = [*b'nan inf -1 0 1e999 " , [ \x00 \xff'.split(), b"\n", b"9" * 40]


@st.composite
def damages(draw):
    """A function from the bytes of a file to damaged ones."""
    kind = draw(st.sampled_from(["flip", "cut", "double", "insert", "token", "end"]))
    at, length = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(1, 60))
    extra = draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(TOKENS)))
    bit = draw(st.integers(0, 7))

    def damage(content: bytes) -> bytes:
        start = int(at * len(content))
        before, taken, after = content[:start], content[start : start + length], content[start:]
        return {
            "flip": before + bytes([after[0] ^ 1 << bit]) + after[1:],
            "cut": before + after[length:],
            "double": before + taken + after,
            "insert": before + extra + after,
            "token": before + extra + after[len(extra) :],
            "end": before,
        }[kind]

    return damage


@dataclass(frozen=True)
class Read:
    """A file in a folder, who reads it, and what it says.

    Args:
        path: of the file.
        read: reads it; what it gives can be compared.
        kept: whether a command wrote it, and nothing else may be read from it.
    """

    path: Path
    read: Any
    kept: bool


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with files of every kind."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "small.toml").write_text(STUDY)
    (folder / "own.toml").write_text(STUDY.replace('"alexnet"', '"net.csv"'))
    (folder / "d.csv").write_text(DESIGNS)
    out = ["--out", str(folder), "--quiet"]
    study = str(folder / "small.toml")
    assert main(["enumerate", study, "--workers", "1", *out]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("imcmoo.study.results_folder.RunFolder.tidy", lambda self: None)
        assert main(["run", study, "--budget", "60", "--no-baselines", *out]) == 0
    proof = ["four_workload_rram_extended", "--criterion", "edap_max", "--gap", "0.5"]
    assert main(["certify", *proof, "--out", str(folder), "--quiet"]) == 0
    tables = ROOT / "imcmoo" / "networks" / "tables"
    (folder / "net.csv").write_bytes((tables / "alexnet.csv").read_bytes())
    (folder / "macros.csv").write_bytes((ROOT / "experiments/silicon/data/macros.csv").read_bytes())
    return folder


def reads(home: Path) -> dict[str, Read]:
    """All that is read, by name."""
    run, exact = home / "small" / "seed-1", home / "exact" / "small"
    proof = home / "certified" / "four_workload_rram_extended"
    problem = find_study(str(home / "small.toml")).problem()
    mark = answer.read_summary(exact)["identity"]
    (checkpoint,) = run.rglob("*.checkpoint")
    identity = State.load(checkpoint, identity={}).identity

    def optima() -> object:
        stored = answer.load(exact, problem, mark)
        values = {name: optimum.value for name, optimum in stored.optima.items()}
        return stored.n_feasible, stored.front.tolist(), values

    def config() -> object:
        with reading(run) as read:
            return dict(read.config)

    def explained() -> object:
        return [to_json(e) for e in read_explanations(run / "explain.json")]

    def state() -> object:
        stored = State.load(checkpoint, identity=identity)
        arrays = stored.F.tolist(), stored.levels.tolist(), stored.population.tolist()
        return *arrays, stored.random

    of_users = {
        "study": (home / "small.toml", partial(find_study, str(home / "small.toml"))),
        "designs": (home / "d.csv", partial(read_designs, home / "d.csv", SRAM)),
        "network": (home / "net.csv", partial(find_study, str(home / "own.toml"))),
        "macros": (home / "macros.csv", partial(silicon.read, home / "macros.csv")),
        "certificate": (proof / "certificate.json", partial(Certificate.load, proof)),
    }
    of_commands = {
        "checkpoint": (checkpoint, state),
        **{name: (exact / name, optima) for name in (answer.SUMMARY, answer.OPTIMA, answer.FRONT)},
        **{name: (run / name, config) for name in ("config.json", "SHA256SUMS")},
        "explain.json": (run / "explain.json", explained),
    }
    return {
        **{name: Read(*file, kept=False) for name, file in of_users.items()},
        **{name: Read(*file, kept=True) for name, file in of_commands.items()},
    }


NAMES = (
    "study", "designs", "network", "macros", "certificate", "checkpoint", "summary.json",
    "optima.csv", "front.csv", "config.json", "SHA256SUMS", "explain.json",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_read_or_refused(name, home):
    this = reads(home)[name]
    whole = this.path.read_bytes()
    true = this.read() if this.kept else None

    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(damage=damages())
    def damaged(damage):
        this.path.write_bytes(damage(whole))
        with np.errstate(all="ignore"), contextlib.suppress(*REFUSED):
            content = this.read()
            assert not this.kept or content == true

    try:
        damaged()
    finally:
        this.path.write_bytes(whole)
