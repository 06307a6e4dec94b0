"""One way to publish: tasks, checkpoints, tables, figures, pages; it survives an interruption."""

import json

import pandas as pd
import pytest
from matplotlib.figure import Figure

from experiments import publish
from experiments.devices.chips import ASSUMED, DEAREST, problem_of
from experiments.publish import Publication, dependence
from tests.cli.helpers import contents


class Interrupted(Exception):
    """Stands for a kill."""


def draw(frame, width):
    figure = Figure(figsize=(width, 1))
    figure.subplots().plot(frame["square"])
    return figure


class Squares(Publication):
    """A publication of squares; interrupted after some tasks."""

    name = "squares"
    float_format = "%.4f"
    depends_on = "squares"

    def __init__(self, left=99, depends_on="squares", tasks=(3, 1, 2), fails=False):
        self.left, self.depends_on, self.done = left, depends_on, []
        self.tasks, self.fails = tasks, fails
        self.config = {"seed": 1}

    def run_task(self, task):
        if len(self.done) == self.left:
            raise Interrupted
        self.done.append(task)
        frame = pd.DataFrame({"number": [task], "square": [task**2 / 3]})
        others = {1: {"odd": frame}, 3: {"odd": frame.assign(half=1)}}
        return {"squares": frame, **others.get(task, {})}

    def derived(self, folder):
        return {"of/sum.csv": pd.read_csv(folder / "squares.csv").sum().to_frame().T}

    def figures(self, folder):
        return {"squares": (pd.read_csv(folder / "squares.csv"), draw)}

    def pages(self, folder, docs, home):
        if self.fails:
            raise Interrupted
        total = pd.read_csv(folder / "of" / "sum.csv")["square"].iloc[0]
        return {docs / "page.md": f"{total:.3f}\n", home / "README.md": "squares\n"}


@pytest.fixture
def go(tmp_path):
    def run(squares):
        squares.publish(tmp_path / "out", tmp_path / "docs", quiet=True, workers=1)
        return squares.done

    return run


def test_everything_is_written_and_again_the_same(go, tmp_path):
    assert go(Squares()) == [3, 1, 2]
    written = contents(tmp_path)
    endings = (".csv", ".svg", ".pdf", "_narrow.svg", "_narrow.pdf")
    assert set(written) == {
        *(f"out/figures/squares{ending}" for ending in endings),
        *("out/squares.csv", "out/odd.csv", "out/of/sum.csv"),
        *("out/config.json", "out/model_versions.json", "out/README.md", "docs/page.md"),
    }
    # Rows are in the order of the tasks, with their digits and the columns of any of them.
    assert written["out/squares.csv"] == b"number,square\n3,3.0000\n1,0.3333\n2,1.3333\n"
    assert written["out/odd.csv"] == b"number,square,half\n3,3.0000,1\n1,0.3333,\n"
    assert written["docs/page.md"] == b"4.667\n"
    assert json.loads(written["out/config.json"]) == {"seed": 1}
    go(Squares())
    assert contents(tmp_path) == written


def test_an_interrupted_run_continues_and_replaces_what_was_published(go, tmp_path):
    go(Squares())
    written = contents(tmp_path)
    for name in ("stale.csv", "of/stale.csv", "other/kept.csv"):
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("left\n1\n")
    with pytest.raises(Interrupted):
        go(Squares(left=2))
    assert (tmp_path / "out" / "of" / "stale.csv").exists()
    assert (tmp_path / "out" / "config.json").exists()
    assert go(Squares()) == [2]
    assert contents(tmp_path) == written | {"out/other/kept.csv": b"left\n1\n"}


def test_a_page_that_cannot_be_written_leaves_what_was_published(go, tmp_path):
    go(Squares())
    written = contents(tmp_path)
    with pytest.raises(Interrupted):
        go(Squares(tasks=(4, 5), fails=True))
    assert {
        name: now for name, now in contents(tmp_path).items() if ".parts" not in name
    } == written


def test_checkpoints_of_other_work_are_void(go):
    with pytest.raises(Interrupted):
        go(Squares(left=2))
    assert go(Squares(depends_on="other squares")) == [3, 1, 2]


def test_files_of_a_folder_that_was_not_published_stay(go, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.csv").write_text("a\n1\n")
    go(Squares())
    assert (tmp_path / "out" / "mine.csv").exists()


def test_dependence_tells_variants_apart_by_their_stamps_alone(monkeypatch):
    monkeypatch.setattr(publish, "behaviour_mark", None)
    usual, dearest = (problem_of("four", "dimc", state) for state in (ASSUMED, DEAREST))
    of_each = [dependence([], stamped=[one]) for one in (usual, dearest)]
    assert of_each[0] != of_each[1]
    assert dependence([], stamped=[usual, dearest]) != dependence([], stamped=[dearest, usual])
