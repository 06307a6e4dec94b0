"""The robust chip of a study under uncertain costs."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import imcmoo
from imcmoo.analysis.draws import VarianceShare, mean_log, order_statistic, regrets
from imcmoo.ask import robust as ask
from imcmoo.ask.robust import Options, robust
from imcmoo.ask.robust_choice import Candidates
from imcmoo.cli.comparison import show_comparison
from imcmoo.cli.main import main
from imcmoo.cli.terminal import console
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.report.robust_figures import MOST_CURVES, ratio_of_devices, regret_curves
from imcmoo.report.robust_text import robust_lines
from imcmoo.solve import draw_work
from imcmoo.solve.draws import ASSUMED, DrawnStudy
from imcmoo.solve.solve import solve
from imcmoo.study.uncertainty import UncertaintyTable
from tests.cli.helpers import refused

VARIED = ("voltage_V", "input_coding", "sample_and_hold", "tiles_per_group")
CASES = (
    {},
    {"leak_temperature": 10.0},
    {"wire_F_per_m": 0.3e-9},
    {"adc_time_factor": 5.5},
    {"adc_time_factor": 0.275},
    {"array_area_factor": 4.0, "top_area": 0.4},
)
"""Draws that are given, each by the assumptions that it changes."""


def part_of(name, rank, varied):
    """A study whose space varies some parameters of a chip only."""
    study = imcmoo.Study.load(name)
    space = study.space
    design = space.designs(space.unrank(np.array([rank])))[0]
    few = {n: design[n] for n in space.names if n not in varied}
    return study.replace(space={"base": space.name, **few})


@pytest.fixture(scope="module")
def study():
    return part_of("four_workload_sram_physical", 19214251, VARIED)


@pytest.fixture(scope="module")
def pair(study):
    """The study with two networks: proofs take half as long."""
    return study.replace(networks=list(study.networks[:2]))


@pytest.fixture(scope="module")
def some_drawn(pair):
    """The pair with three assumptions drawn: what a measurement would save takes a tenth."""
    named = [one.name for one in DrawnStudy(pair.replace(uncertainty={})).table.drawn]
    drawn = ("sram_pulse_s", "adc_time_factor", "logic_speed")
    return pair.replace(uncertainty={"assumed": [name for name in named if name not in drawn]})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder of the proofs of draws of `pair`, which several tests share."""
    return tmp_path_factory.mktemp("kept")


class Given(DrawnStudy):
    """A study in given draws."""

    def new_problem(self, at):
        if at == ASSUMED:
            return super().new_problem(at)
        assumed = self.model.assumptions.drawn(CASES[at])
        return self.study.problem(self.model.with_assumptions(assumed))


@pytest.fixture(scope="module")
def given(study):
    """The draws, all chips, their scores and the best of each draw."""
    drawn = Given(study.replace(uncertainty={"draws": 6}))
    levels = study.space.unrank(np.arange(study.space.size))
    scores = np.stack([drawn.scores(levels, at) for at in range(6)], axis=1)
    return drawn, levels, scores, scores.min(axis=0)


def chip_of(study, levels):
    design = study.space.designs(levels[None])[0]
    return tuple(design[name] for name in VARIED)


def test_the_best_chip_of_each_draw_is_proven(given):
    drawn, levels, scores, best = given
    assert len(levels) == 48
    assert np.isfinite(scores).all()
    expected = [65.3030, 66.6323, 68.4114, 320.4408, 28.7113, 123.8292]
    np.testing.assert_allclose(best * 1e6, expected, rtol=1e-5)
    for at in range(6):
        proven = drawn.prove(at)
        assert proven.value == proven.bound == best[at]
        assert scores[(levels == proven.levels).all(axis=1), at] == best[at]


WORST, MEAN = (0.9, "pulses", 0, 4), (1.0, "pulses", 0, 2)
CHOICES = {("robust_worst", 1.0): WORST, ("robust_mean", 1.0): MEAN, ("robust_quantile", 0.8): MEAN}
REGRETS = {
    WORST: [0.05099, 0.05760, 0.05290, 0.16107, 0.27196, 0.21203],
    MEAN: [0, 0, 0, 0.36340, 0.00845, 0],
}


@pytest.mark.parametrize(("criterion", "quantile"), CHOICES)
def test_each_criterion_chooses_its_chip(given, criterion, quantile):
    drawn, levels, scores, best = given
    settings = UncertaintyTable(criterion=criterion, quantile=quantile)
    at, _ = Candidates(levels, scores, best).choose(settings, drawn.problem(0))
    chip = chip_of(drawn.study, levels[at])
    assert chip == CHOICES[criterion, quantile]
    found = regrets(scores[at], best)
    np.testing.assert_allclose(found, REGRETS[chip], atol=1e-5)
    every = scores / best - 1
    least = {
        "robust_worst": every.max(axis=1),
        "robust_mean": np.log(scores).mean(axis=1),
        "robust_quantile": np.sort(every, axis=1)[:, 4],
    }[criterion]
    assert least[at] == pytest.approx(least.min(), rel=1e-12)


def test_the_chip_at_assumed_costs_has_a_regret_in_other_draws(given):
    drawn, levels, scores, best = given
    nominal = drawn.prove(ASSUMED).levels
    found = regrets(scores[(levels == nominal).all(axis=1)][0], best)
    np.testing.assert_allclose(found, REGRETS[MEAN], atol=1e-5)
    assert np.log1p(found).mean() == pytest.approx(0.05307, abs=1e-5)


def brute(study, n, **settings):
    """All chips of a small study, and their scores in all draws."""
    drawn = DrawnStudy(study.replace(uncertainty={"draws": n, **settings}))
    levels = study.space.unrank(np.arange(study.space.size))
    return levels, np.stack([drawn.scores(levels, at) for at in range(n)], axis=1)


@pytest.fixture(scope="module")
def all_chips(pair):
    return brute(pair, 4)


@pytest.mark.parametrize("criterion", ["robust_mean", "robust_quantile", "robust_worst"])
def test_the_answer_of_a_small_space_is_that_of_all_its_chips(pair, kept, all_chips, criterion):
    levels, scores = all_chips
    answer = robust(pair, Options(kept), draws=4, criterion=criterion, quantile=0.7)
    (part,) = answer.parts
    np.testing.assert_array_equal(part.best, scores.min(axis=0))
    np.testing.assert_array_equal(part.bounds, part.best)
    regret = regrets(scores, scores.min(axis=0))
    values = {
        "robust_mean": mean_log(scores),
        "robust_quantile": order_statistic(regret, 0.7),
        "robust_worst": regret.max(axis=1),
    }
    assert part.value == pytest.approx(values[criterion].min(), rel=1e-12)
    chip = part.chip("robust")
    at = np.flatnonzero((levels == chip.levels).all(axis=1))[0]
    np.testing.assert_array_equal(chip.regrets, regret[at])


def test_without_uncertainty_the_robust_chip_is_the_certified_one(pair):
    held = {
        one.name: (one.known.value, one.known.value)
        for one in DrawnStudy(pair.replace(uncertainty={"draws": 1})).table.drawn
    }
    answer = robust(pair, draws=2, bands=held)
    (part,) = answer.parts
    certified = pair.replace(criterion="edap_geomean", baselines=False)
    design = solve(certified).design
    assert {n: answer.chip[n] for n in pair.space.names} == {n: design[n] for n in pair.space.names}
    assert (part.chip("robust").regrets == 0).all()
    assert part.table.groups == ()
    assert answer.information.empty


def test_a_constant_draw_gives_the_same_answer_for_every_number_of_draws(pair):
    assumed = [one.name for one in DrawnStudy(pair.replace(uncertainty={})).table.drawn]
    few, many = (robust(pair, draws=n, assumed=assumed) for n in (1, 2))
    assert few.chip == many.chip
    pd.testing.assert_frame_equal(few.table, many.table)


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_workers_and_interrupts_change_no_byte(some_drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(draw_work, "DRAWS_PER_TASK", 1)
    one = robust(some_drawn, Options(tmp_path / "kept"), draws=2)
    one.save(tmp_path / "one")
    robust(some_drawn, Options(workers=2), draws=2).save(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")

    def interrupt(what, done, total):
        if what == "draws proven" and done >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        robust(some_drawn, Options(tmp_path / "cut", on_draw=interrupt), draws=2)
    begun = []
    resumed = robust(
        some_drawn, Options(tmp_path / "cut", on_draw=lambda *state: begun.append(state)), draws=2
    )
    assert begun[0] == ("draws proven", 1, 2)
    resumed.save(tmp_path / "three")
    assert files(tmp_path / "one") == files(tmp_path / "three")
    options = Options(tmp_path / "kept", time_limit_s=0, on_draw=lambda *state: begun.append(state))
    more = robust(some_drawn, options, draws=3)
    assert ("draws proven", 2, 3) in begun
    pd.testing.assert_frame_equal(
        more.draws.iloc[:2].drop(columns="draw"), one.draws.drop(columns="draw")
    )


def test_the_speed_of_the_machine_changes_no_byte(some_drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(ask, "MOST_PAIRS", 20)
    robust(some_drawn, Options(tmp_path / "kept"), draws=4).save(tmp_path / "fast")
    ticks = itertools.count(step=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    slow = robust(some_drawn, draws=4)
    slow.save(tmp_path / "slow")
    assert slow.parts[0].proof.gap > 0, "the proof ends before it is complete"
    assert files(tmp_path / "fast") == files(tmp_path / "slow")
    assert "depends on the machine" not in "".join(robust_lines(slow))
    timed = robust(some_drawn, Options(tmp_path / "kept", time_limit_s=60.0), draws=4)
    assert "in 60 s; this gap depends on the machine" in "".join(robust_lines(timed))


def test_a_quick_answer_says_what_is_not_proven(pair, kept, monkeypatch):
    monkeypatch.setattr(ask, "QUICK", 2)
    quick = robust(pair, Options(quick=True), draws=4)
    whole = robust(pair, Options(kept, time_limit_s=0), draws=4)
    (part,) = quick.parts
    assert part.n_proven == 2
    assert np.isnan(part.bounds[2:]).all()
    assert (part.best >= whole.parts[0].best).all()
    with pytest.raises(InputError, match="a quick answer needs a score"):
        robust(pair, Options(quick=True), by="regret_minimax")


def test_regrets_over_networks_are_against_optima_of_each_draw(some_drawn):
    pair = some_drawn
    for by, time_limit_s in (("regret_minimax", None), ("regret_minimax_joint", 0)):
        answer = robust(pair, Options(time_limit_s=time_limit_s), draws=2, by=by)
        (part,) = answer.parts
        drawn = DrawnStudy(part.study)
        levels = pair.space.unrank(np.arange(pair.space.size))
        for at in range(2):
            problem = drawn.problem(at)
            singles = [problem.model.for_network(n) for n in pair.names]
            edaps = []
            for model in [problem.model] * 2 if by.endswith("joint") else singles:
                of = drawn.study.problem(model)
                F, _ = of.score(*of.feasible(levels))
                edaps.append(of.costs(F).edap)
            optima = [e[:, i if by.endswith("joint") else 0].min() for i, e in enumerate(edaps)]
            F, _ = problem.score(*problem.feasible(levels))
            worst = (problem.costs(F).edap / optima).max(axis=1)
            assert part.best[at] == pytest.approx(worst.min(), rel=1e-12)


@pytest.fixture(scope="module")
def devices():
    space = {"sram": {"base": "sram_physical"}, "dimc": {"base": "dimc_physical"}}
    few = {"glb_KiB": 1024, "dram": "hbm2", "router_groups": 64, "rows": 128, "cols": 128}
    return imcmoo.Study(
        name="two",
        model="physical",
        device=["sram", "dimc"],
        networks=["resnet18_onnx", "mobilenet_v3_onnx"],
        space={**few, **space},
    )


@pytest.fixture(scope="module")
def states():
    """States that the fixture `compared` reports."""
    return []


@pytest.fixture(scope="module")
def compared(devices, states):
    options = Options(on_draw=lambda *state: states.append(state))
    return robust(devices, options, draws=3)


def test_the_proof_of_the_robust_chip_reports_its_limit_and_the_gap_reached(compared, states):
    for part in compared.parts:
        words = f"proof of the robust chip of {part.label}: best "
        found = [what for what, *_ in states if what.startswith(words)]
        assert " · bound " in found[0]
        assert f"gap {part.proof.gap:.2%} · " in found[-1]
        assert found[-1].endswith("% of its steps")
    assert all(0 <= done <= total for _, done, total in states)
    assert all(total > 0 for *_, total in states)


def test_devices_are_compared_in_the_same_draws(compared):
    answer = compared
    by_name = {part.label: part for part in answer.parts}
    np.testing.assert_array_equal(by_name["sram"].table.u, by_name["dimc"].table.u)
    (pair,) = answer.pairs
    assert pair.ratio.better >= 2
    ratio = pair.first.best / pair.second.best
    assert answer.devices["median"][0] == order_statistic(ratio, 0.5)
    best = np.minimum(by_name["sram"].best, by_name["dimc"].best)
    of_all = [c for part in answer.parts for c in part.chips if c.role == "robust_of_all"]
    assert len(of_all) == 1
    np.testing.assert_array_equal(of_all[0].best, best)
    assert answer.chip["device"] in ("sram", "dimc")
    assert {*answer.table["chip"]} == {"nominal", "median", "robust", "robust_of_all"}


def test_the_answer_of_a_list_of_devices_is_checked_by_its_folder_alone(compared, tmp_path, capsys):
    compared.save(tmp_path)
    assert main(["check-certificate", str(tmp_path), "--quiet"]) == 0
    study = tmp_path / "study.toml"
    study.write_text(study.read_text().replace('"regret_minimax"', '"os:getcwd"'))
    assert "would run code" in refused(capsys, "check-certificate", str(tmp_path), "--quiet")


def test_the_card_of_a_list_of_devices_says_how_near_the_best_its_chip_is(
    devices, compared, tmp_path, capsys
):
    compared.save(tmp_path / "robust" / "two")
    answers = devices.replace(criterion="edap_geomean").certify(out=tmp_path)
    show_comparison(console(), answers, tmp_path, tmp_path)
    text = " ".join(capsys.readouterr().out.split())
    worst = compared.parts[1].chip("nominal").quantile(0.95)
    assert f"within {worst:.0%} of the best dimc chip in 95 % of 3 draws of the costs" in text


def test_too_few_draws_for_shares_of_the_variance_are_said(compared):
    (pair,) = compared.pairs
    text = "\n".join(robust_lines(compared))
    assert f"measure first, for {pair.label}: too few draws" in text
    assert f"have a chip in 3, and {pair.draws_for_shares} are needed" in text
    assert 60 < pair.draws_for_shares <= 100, "groups that act on neither device need no draws"
    assert len(ratio_of_devices(pair).axes) == 1
    entries = dict.fromkeys(pair.first.table.groups[:6], VarianceShare(0.1, 1))
    assert len(ratio_of_devices(replace(pair, shares=(entries, 0.9))).axes) == 2


def without(part, at):
    """A device without a chip in a draw."""
    best = part.best.copy()
    best[at] = np.nan
    return replace(part, best=best)


def test_a_figure_of_two_devices_says_which_one_is_better_and_what_it_shows(compared):
    (pair,) = compared.pairs
    shares = ({"adc_time_factor": VarianceShare(0.6, 1)}, 0.9)
    figure = ratio_of_devices(replace(pair, shares=shares))
    upper, lower = figure.axes
    name = pair.first.label
    better = int((pair.ratios < 1).sum())
    assert (upper.get_xscale(), upper.get_title()) == (
        "log",
        f"{name} better in {better} of 3 draws",
    )
    assert [text.get_text() for text in upper.texts] == [f"← {name} better"]
    assert "1×" in [text.get_text() for text in upper.get_xticklabels()]
    assert sum(bar.get_height() for bar in upper.patches if bar.get_x() < 0.999) == better
    assert lower.get_title() == f"share of the variance of log({pair.label})"
    assert [text.get_text() for text in lower.get_yticklabels()] == ["adc time factor"]
    (ax,) = ratio_of_devices(replace(pair, first=without(pair.first, 0), shares=None)).axes
    assert ax.get_title().endswith(
        f" of 2 draws with chips of both\nnot shown: no chip of {name} in 1 of 3 draws"
    )
    none = replace(pair, first=without(pair.first, slice(None)), shares=None)
    assert "0 of 0 draws" in ratio_of_devices(none).axes[0].get_title()


def test_each_chip_has_a_curve_of_its_excess_and_equal_ones_share_it(compared):
    part = compared.parts[0]
    nominal, median, *_ = part.chips
    scores = np.array([1.5, 1.0, np.inf]) * part.best
    chips = (
        nominal,
        replace(median, scores=nominal.scores),
        replace(nominal, role="_mine.csv:2", scores=scores),
        replace(nominal, role="_mine.csv:3", scores=np.full(3, np.inf)),
    )
    figure = regret_curves(replace(part, chips=chips))
    (ax,) = figure.axes
    assert ax.get_xlabel() == "excess over the best chip of the draw (%)"
    assert ax.get_xticklabels()[0].get_text() == "≤ 0.1"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "nominal = best at median costs",
        "chip _mine.csv:2 (breaks limits in 33.3 %)",
        "chip _mine.csv:3 (breaks limits in 100 %)",
    ]
    x, y = ax.lines[1].get_data()
    np.testing.assert_allclose(x[:-1], [0.1, 0.1, 50])
    np.testing.assert_allclose(y, [0, 1 / 3, 2 / 3, 2 / 3])
    many = [replace(nominal, role=f"m:{at}", scores=(2 + at) * part.best) for at in range(30)]
    (ax,) = regret_curves(replace(part, chips=tuple(many))).axes
    assert ax.get_title() == f"{part.label}: 3 draws; {MOST_CURVES} of 30 chips"
    assert len(ax.lines) == MOST_CURVES


def test_the_lines_of_a_quick_answer_say_what_rests_on_candidates(compared):
    texts = "\n".join(robust_lines(compared))
    assert "at least" not in texts
    assert "not proven" not in texts
    cut = [replace(p, bounds=np.array([p.bounds[0], *[np.nan] * 2])) for p in compared.parts]
    lines = list(robust_lines(replace(compared, parts=tuple(cut))))
    for label in ("sram", "dimc"):
        assert any(line.startswith(f"{label}, regrets at least  ") for line in lines)
    (pair,) = compared.pairs
    (line,) = [line for line in lines if line.startswith(f"{pair.label}: median")]
    assert line.endswith("; 2 draws rest on candidates, not proven")


def test_only_assumptions_that_act_on_a_device_are_worth_a_measurement(compared):
    entries = compared.information.groupby("question")["entry"].agg(set)
    assert {"rram_cell", "rram_full_scale", "adc_time_factor"} <= {*compared.parts[0].table.groups}
    assert not {"rram_cell", "rram_full_scale", "adc_time_factor"} & entries["chip of dimc"]
    assert not {"rram_cell", "rram_full_scale"} & entries["chip of sram"]
    assert "logic_speed" in entries["chip of dimc"]
    assert {"adc_time_factor", "adc_bias_W"} <= entries["chip of sram"]


def test_the_answer_begins_with_device_chip_and_how_sure_they_are(compared):
    device, line, sure, first, empty, *_ = robust_lines(compared)
    part, chip = compared.best
    assert chip.role == "robust_of_all"
    assert device.startswith(f"Device: {part.label}; {part.label} is better than ")
    assert sure.startswith("How sure: within 10 % of the best chip in ")
    assert (first[:16], empty) == ("Measure first, f", "")
    assert line.startswith(f"Chip: {part.label}, ")
    (area,) = part.study.cost_model().evaluate(chip.levels).area_m2
    assert line.endswith(f"chip area {1e6 * area:.4g} mm² at assumed costs")
    assert f"voltage_V {compared.chip['voltage_V']:g}," in line
    assert "glb_KiB" not in line, "has one value only"


def test_a_device_without_a_chip_is_named_and_the_others_are_answered(devices):
    answer = robust(devices.replace(area_limit_mm2=50), Options(quick=True), draws=1)
    assert [part.label for part in answer.parts] == ["dimc"]
    assert {*answer.without_chip} == {"sram"}
    text = "\n".join(robust_lines(answer))
    assert "sram: no chip in any draw: " in text
    assert "Chip: dimc, " in text


def test_a_device_whose_chips_all_break_limits_in_some_draw_keeps_its_best_chips(compared):
    first, second = compared.parts
    kept = tuple(chip for chip in first.chips if chip.role != "robust")
    bare = replace(first, chips=kept, why="sram: no chip keeps its limits", proof=None)
    lines = list(robust_lines(replace(compared, parts=(bare, second))))
    assert "sram: no chip keeps its limits" in lines
    assert any(line.startswith("nominal chip (as certified)") for line in lines)


def test_draws_in_which_no_chip_is_feasible_are_left_out():
    study = imcmoo.Study.load("four_workload_rram_physical")
    few = study_of_best(study)
    _, scores = brute(few, 8)
    answer = robust(few, draws=8, criterion="robust_quantile", quantile=0.5)
    (part,) = answer.parts
    lost = ~np.isfinite(scores).any(axis=0)
    np.testing.assert_array_equal(part.counted, ~lost)
    assert np.isinf(part.bounds[lost]).all()
    assert len(part.chip("robust").regrets) == 8 - lost.sum() < 8


def study_of_best(study):
    """A few chips about the best one of a study."""
    best = solve(study.replace(criterion="edap_geomean", baselines=False))
    few = {n: best.design[n] for n in study.space.names if n not in ("voltage_V", "adc_bits")}
    return study.replace(space={"base": study.space.name, **few})


def test_an_infinite_criterion_names_the_largest_share_of_draws(study):
    scores = np.array([[1, np.inf, 1, 2], [np.inf, 1, 1, np.inf]])
    candidates = Candidates(np.zeros((2, 1), int), scores, np.ones(4))
    for criterion in ("robust_mean", "robust_worst"):
        with pytest.raises(
            Infeasible, match=r"in all 4 draws .* best one in 3: .* --quantile 0\.75"
        ):
            candidates.choose(UncertaintyTable(criterion=criterion), None)


def test_equal_chips_are_ordered_by_their_mean_and_by_the_tie_rule(study):
    drawn = DrawnStudy(study.replace(uncertainty={"draws": 1}))
    levels = study.space.unrank(np.arange(3))
    scores = np.array([[1, 3, 3], [1, 2, 3], [1, 2, 3]], float)
    worst = UncertaintyTable(criterion="robust_worst")
    at, _ = Candidates(levels, scores, np.ones(3)).choose(worst, drawn.problem(0))
    problem = drawn.problem(0)
    F, _ = problem.score(levels, problem.model.evaluate(levels))
    ranks = study.space.rank(levels[1:])
    assert at == 1 + problem.ties().first(problem.costs(F[1:]), ranks)[1]


def test_a_chip_of_the_user_is_judged_as_well(pair, kept):
    levels = pair.space.unrank(np.array([3, 5]))
    own = {"mine.csv:2": levels[:1], "mine.csv:3": levels[1:]}
    answer = robust(pair, Options(kept, own=own, time_limit_s=0), draws=2)
    rows = answer.table.set_index("chip").loc[[*own]]
    assert list(rows["voltage_V"]) == list(pair.space.column(levels, "voltage_V"))
    lines = list(robust_lines(answer))
    assert all(sum(line.startswith(f"{name} ") for line in lines) == 1 for name in own)
    assert {*own} < {*answer.certificate()["devices"]["sram"]["chips"]}


def test_the_verb_of_a_study_gives_the_answer_of_the_function(some_drawn, tmp_path):
    answer = some_drawn.replace(uncertainty={"seed": 2}).robust(draws=2, criterion="robust_worst")
    assert answer.parts[0].settings.seed == 2
    assert answer.parts[0].settings.criterion == "robust_worst"
    names = {path.name for path in answer.save(tmp_path)}
    assert {"chips.csv", "draws.csv", "certificate.json"} <= names
    assert list(answer.table["chip"]) == ["nominal", "median", "robust"]
    assert "devices.csv" not in names
