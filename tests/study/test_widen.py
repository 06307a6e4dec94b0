"""Ends of lists are named, and widened until none binds that the model goes beyond."""

import json
import shutil
from itertools import pairwise
from typing import ClassVar

import pytest

from imcmoo import Study
from imcmoo.answers.answer import Answer
from imcmoo.answers.list_ends import open_ends, table_ends
from imcmoo.answers.provenance import SEARCHED
from imcmoo.ask.widen import FILE, WideningResult, widen
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.report.finished_run import Run
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal

SPACE = {
    "voltage_V": [0.9, 1.0],
    "rows": 128,
    "cols": [128, 256],
    "active_rows": 128,
    "input_slice_bits": 1,
    "columns_per_adc": 8,
    "tree_stages": 1,
    "ping_pong": [0, 1],
    "tiles_per_group": 4,
    "router_groups": [2, 4],
    "glb_KiB": 1024,
    "dram": ["x64", "hbm2"],
    "buffer_words": 1,
}
FEW = {**SPACE, "voltage_V": 0.9, "ping_pong": 0, "dram": "x64"}


def study(**changes):
    keys = {
        "name": "edge",
        "model": "physical",
        "device": "dimc",
        "space": FEW,
        "networks": [{"source": "mobilenet_v3_onnx", "min_fps": 30}],
        "criterion": "area",
        "baselines": False,
    }
    return Study(**{**keys, **changes})


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """The folder of a certified widening, and the widening."""
    folder = tmp_path_factory.mktemp("widened")
    return folder, study().widen(out=folder)


def test_ends_of_the_range_of_the_model_are_no_open_ends():
    one = study(space=SPACE)
    (design,) = one.space.designs(one.space.grid([])[:1])
    largest = {"voltage_V": 1.0, "cols": 256, "ping_pong": 1, "dram": "hbm2"}
    levels = one.space.levels_of({**design, **largest})
    found = {open.end.parameter: open.beyond for open in open_ends(one.cost_model(), levels)}
    # 1 V, switches and HBM2 are ends of ranges; columns and router groups go on.
    assert found == {"cols": 512, "router_groups": 1}


def test_the_certified_optimum_of_the_widened_study_is_at_no_open_end(certified):
    _, widening = certified
    last = widening.study
    assert widening.steps
    assert not open_ends(last.cost_model(), last.space.levels_of(widening.best.design))
    scores = widening.rounds["score"]
    assert scores.is_monotonic_decreasing
    assert scores.iloc[-1] < scores.iloc[0]
    assert widening.best.gap == 0


def test_what_the_gain_of_all_rounds_costs_is_printed_at_the_end(tmp_path, capsys):
    file = tmp_path / "edge.toml"
    file.write_text(study().to_toml(), encoding="utf-8")
    assert main(["certify", str(file), "--out", str(tmp_path), "--widen"]) == 0
    (line,) = [ln for ln in capsys.readouterr().out.splitlines() if ln.startswith("worse than")]
    first = study().certify(out=tmp_path)["area"].design
    best = Study.load(tmp_path / "certified" / "edge-widened" / FILE)
    (certificate,) = best.certify(out=tmp_path).values()
    latency = [
        one.cost_model().evaluate(one.space.levels_of(design)).values["latency"][0, 0]
        for one, design in ((study(), first), (best, certificate.design))
    ]
    assert f"MobileNetV3 latency +{100 * (latency[1] / latency[0] - 1):.3g} %" in line
    assert "score: area" not in line


def test_the_widened_study_is_written_and_answers_alike(certified):
    folder, widening = certified
    again = Study.load(folder / "certified" / "edge-widened" / FILE)
    assert again.space == widening.study.space
    (certificate,) = again.certify(out=folder).values()
    assert not certificate.is_new
    assert certificate.value == widening.best.score


def test_a_certified_design_is_explained_from_its_folder(certified, capsys):
    folder, widening = certified
    bare = folder / "bare"
    bare.mkdir()
    shutil.copy(folder / "certified" / "edge" / "certificate.json", bare)
    assert main(["explain", str(bare)]) == 2
    assert "--study FILE.toml" in capsys.readouterr().err
    assert main(["explain", str(folder / "certified" / "edge")]) == 0
    capsys.readouterr()
    assert main(["explain", str(folder / "certified" / "edge-widened"), "--json"]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert explained["names"] == ["certified"]
    assert explained["score"] == pytest.approx(widening.best.score)


@pytest.mark.parametrize(
    ("file", "before", "after", "fault"),
    [
        ("certificate.json", '"evaluated": ', '"evaluated": 1', "not as it was written"),
        (FILE, "min_fps = 30", "min_fps = 31", "of other settings: limits"),
    ],
)
def test_no_design_of_another_certificate_is_explained(
    file, before, after, fault, certified, tmp_path, capsys
):
    folder = tmp_path / "edge-widened"
    shutil.copytree(certified[0] / "certified" / "edge-widened", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after), encoding="utf-8")
    assert main(["explain", str(folder)]) == 2
    assert f"its certificate is {fault}" in " ".join(capsys.readouterr().err.split())


def test_the_regret_of_a_certified_design_is_that_of_its_certificate(tmp_path, capsys):
    networks = ["mobilenet_v3_onnx", "vgg16_onnx"]
    asked = study(networks=networks, criterion="regret_minimax", baselines=True, space=SPACE)
    file = tmp_path / "edge.toml"
    file.write_text(asked.to_toml())
    proven = asked.certify(out=tmp_path)["regret_minimax"]
    assert (
        main(["explain", str(tmp_path / "certified" / "edge"), "--study", str(file), "--json"]) == 0
    )
    explained = json.loads(capsys.readouterr().out)
    assert explained["score"] == pytest.approx(proven.value)
    assert proven.value > 0


def test_enumeration_and_proof_widen_to_the_same_optimum(certified, tmp_path):
    _, proven = certified
    enumerated = study().widen("enumerate", out=tmp_path)
    assert proven.rounds["added"].tolist() == enumerated.rounds["added"].tolist()
    assert proven.best.score == pytest.approx(enumerated.best.score, rel=1e-9)


def solved(study, design, score):
    """An answer of a study."""
    return Answer(study, SEARCHED, study.space.levels_of(design), score=score)


def test_only_results_of_widened_studies_are_replaced_without_force(tmp_path):
    asked = []

    def smallest(one, *, force):
        asked.append(force)
        least = {**one.start, "router_groups": min(one.space.values_of("router_groups"))}
        return solved(one, least, 1.0)

    one = study()
    (design,) = one.space.designs(one.space.levels_of({"cols": 256, "router_groups": 2}))
    design["cols"] = 256
    for text in ("", "# someone's own study\n", None):
        if text is not None:
            (tmp_path / FILE).write_text(text, encoding="utf-8")
        asked.clear()
        widen(one, solved(one, design, 1.0), smallest, lambda _: tmp_path)
        # The file of the first round tells the second that its results may go.
        assert asked[0] is (text is None)
        assert all(asked[1:])
    assert Study.load(tmp_path / FILE).name == "edge-widened"


PARTS = {
    **FEW,
    "input_slice_bits": 8,
    "dram": "hbm2",
    "rows": 64,
    "active_rows": 64,
    "cols": [64, 128],
    "columns_per_adc": [4, 8],
    "tree_stages": 1,
    "router_groups": 16,
}


def test_a_value_that_others_exclude_is_solved_without_them(tmp_path):
    one = study(name="parts", space=PARTS, criterion="edap_geomean")
    widening = one.widen(out=tmp_path)
    assert widening.rounds["added"].tolist()[1:] == [
        "cols 256",
        # Sixteen columns of eight bits do not fit 64 columns.
        "columns_per_adc 16 (without 1 value of cols)",
    ]
    assert not widening.left
    assert widening.study.name == "parts-widened"
    part = Study.load(tmp_path / "certified" / "parts-widened-columns_per_adc" / FILE)
    wide = {**PARTS, "cols": [128, 256], "columns_per_adc": [4, 8, 16]}
    assert {*part.space.values_of("columns_per_adc")} == {4, 8, 16}
    others = study(name="others", space=wide, criterion="edap_geomean").enumerate(out=tmp_path)
    narrow = one.enumerate(out=tmp_path)
    least = min(found.answer.optima["edap_geomean"].value for found in (narrow, others))
    assert widening.best.score == pytest.approx(least, rel=1e-9)


def test_each_round_keeps_the_results_that_the_answer_rests_on(tmp_path):
    scores = iter(range(100, 0, -1))

    def largest(one, *, force):
        (tmp_path / one.name).mkdir(exist_ok=True)
        most = {name: max(one.space.values_of(name)) for name in ("cols", "columns_per_adc")}
        return solved(one, {**(one.start or smallest), **most}, next(scores))

    one = study(name="parts", space=PARTS, criterion="edap_geomean")
    (smallest,) = one.space.designs(one.space.grid([])[:1])
    first = largest(one, force=False)
    steps = widen(one, first, largest, lambda each: tmp_path / each.name).steps
    parts = [step.study for step in steps if step.left_out]
    assert len(parts) > 1
    spaces = [Study.load(path).space for path in tmp_path.glob(f"*/{FILE}")]
    for part in parts:
        assert any(wider.size >= part.space.size and holds(wider, part.space) for wider in spaces)


@pytest.mark.parametrize("is_better", [False, True])
def test_rounds_go_on_from_an_equal_design_only_if_it_needs_less_energy(tmp_path, is_better):
    def least_energy(one):
        problem = one.problem()
        levels, metrics = problem.feasible(one.space.unrank(range(one.space.size)))
        (design,) = one.space.designs(levels[[metrics.energy_J[:, 0].argmin()]])
        return design

    def solve(one, *, force):
        (tmp_path / one.name).mkdir(exist_ok=True)
        is_part = 16 in one.space.values_of("columns_per_adc")
        return solved(one, least_energy(one) if is_part and is_better else one.start, 1.0)

    one = study(name="parts", space={**PARTS, "dram": "x64"}, criterion="edap_geomean")
    first = {**least_energy(one), "cols": 128, "columns_per_adc": 8}
    begun = solved(one, first, 1.0)
    steps = widen(one, begun, solve, lambda each: tmp_path / each.name).steps
    (part,) = (step for step in steps if step.left_out)
    assert part.improves is is_better


def holds(wider, space):
    """Return True if a space has all designs of another one."""
    return all({*space.values_of(n)} <= {*wider.values_of(n)} for n in space.names)


def test_ends_stay_open_where_spaces_with_fewer_values_cannot_be_compared(tmp_path, capsys):
    file = tmp_path / "regret.toml"
    one = study(name="regret", space=PARTS, criterion="regret_minimax")
    file.write_text(one.to_toml(), encoding="utf-8")
    assert main(["certify", str(file), "--out", str(tmp_path), "--widen"]) == 0
    said = capsys.readouterr().out
    assert "ends that stay open: columns_per_adc (largest)" in said
    assert "or set a criterion without regret, such as edap_product" in said
    before, last = said.split("widened 1")
    assert "--widen tries them" in " ".join(before.split())
    # The card at the end proposes no longer lists than those that were tried.
    assert "columns_per_adc 8 (largest listed)" in last
    assert "--widen tries them" not in " ".join(last.split())


def test_a_list_that_ends_with_the_component_table_is_said_to_do_so(tmp_path, capsys):
    file = tmp_path / "edge.toml"
    space = {**FEW, "cols": 128, "router_groups": 2, "glb_KiB": [256, 512]}
    file.write_text(study(space=space).to_toml(), encoding="utf-8")
    assert main(["certify", str(file), "--out", str(tmp_path), "--widen"]) == 0
    said = capsys.readouterr().out
    line = "lists that end with the component table: glb_KiB 256 (smallest); "
    assert line in said.partition("nothing to widen")[2]
    # Other ends of ranges are not the table's.
    one = study(space=SPACE)
    (design,) = one.space.designs(one.space.grid([])[:1])
    model, largest = one.cost_model(), {"voltage_V": 1.0, "ping_pong": 1, "dram": "hbm2"}
    assert not [*table_ends(model, one.space, {**design, **largest})]


def test_ends_are_named_but_not_widened_where_the_range_of_a_model_is_unknown():
    class Unknown:
        space = DesignSpace("own", (Ordinal("n", (1, 2)),))
        ordered_texts: ClassVar = {}

        @property
        def shipped(self):
            return self

        def offers(self, method):
            return False

    class Asks:
        name, model = "own", "mine:Model"

        def cost_model(self):
            return Unknown()

    levels = Unknown.space.grid(["n"])[:1]
    assert [one.beyond for one in open_ends(Unknown(), levels)] == [None]
    with pytest.raises(InputError, match="does not tell which values it covers"):
        widen(Asks(), None, None, None)


def test_a_wider_search_begins_with_the_best_design_and_ends_no_worse(tmp_path, monkeypatch):
    one = study(criterion="edap_geomean", space=SPACE, budget=2)
    widening = one.widen("run", out=tmp_path)
    assert widening.steps
    assert widening.rounds["score"].is_monotonic_decreasing
    for before, step in pairwise([None, *widening.steps]):
        assert step.study.start == (widening.solved if before is None else before.solved).design
    # What the folder holds is what the card states, and the study in it repeats the run.
    home = tmp_path / widening.study.name
    again = Study.load(home / FILE)
    assert Run(home / "seed-1", again).explain().score == widening.best.score
    assert again.run(out=tmp_path / "again").explain().score == widening.best.score


def test_a_start_is_left_out_with_its_space():
    one = study(start={**FEW, "cols": 128, "router_groups": 2})
    assert one.start_levels.tolist() == [[0, 0]]
    assert one.replace(budget=5).start == one.start
    assert one.replace(space={**FEW, "cols": [256, 512]}).start is None
    with pytest.raises(ValueError, match=r"^start: .*cols"):
        one.replace(start={"cols": 64, "router_groups": 2})


def test_each_device_of_a_list_is_widened_and_one_that_cannot_be_says_why(tmp_path, monkeypatch):
    study = Study(
        name="both", model="physical", device=["sram", "dimc"], networks=["resnet18"],
        criterion="edap_geomean", space={"buffer_words": 1},
    )  # fmt: skip
    asked = []

    def widened_or_not(one, solver, out, **_):
        asked.append((one.name, solver.folder(one, out=out)))
        if one.device == "sram":
            raise InputError("no end of a list can be passed")
        return WideningResult(one, Answer.without_chip(one, "none"), [], [])

    monkeypatch.setattr("imcmoo.ask.widen.widen_study", widened_or_not)
    found = study.widen("enumerate", out=tmp_path)
    home = tmp_path / "enumerated" / "both"
    assert asked == [("both/sram", home / "sram"), ("both/dimc", home / "dimc")]
    assert str(found["sram"]) == "no end of a list can be passed"
    assert found["dimc"].study.name == "both/dimc"
