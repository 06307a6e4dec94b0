"""Signal to noise and throughput as objectives, and throughput in a score, on request."""

import re

import numpy as np
import pandas as pd
import pytest

from imcmoo.answers.results import Results
from imcmoo.io.errors import InputError
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.problem.identity import problem_stamp
from imcmoo.study.catalogue import find_study
from imcmoo.study.study import Study
from tests.cli.helpers import run_quietly
from tests.study.files import written

ASKED = """
name = "own"
model = "physical"
device = "rram"
objectives = ["snr", "interval"]
criterion = "score"
budget = 60

[score]
energy = 1
interval = 2

[space]
voltage_V = [0.8, 1.0]
rows = 256
cols = 256
active_rows = [64, 128]
bits_per_cell = 2
weight_coding = "differential"
input_slice_bits = [1, 2]
input_coding = "levels"
adc_bits = 8
columns_per_adc = [16, 32]
tiles_per_group = 8
router_groups = 64
glb_KiB = 2048
glb_banks = 8
link_bits = 128
dram = "x32"
schedule = ["layer", "pipelined"]

[[networks]]
source = "resnet18"

[[networks]]
source = "alexnet"
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The study, its problem's every design, and a folder with its exact answer and a run."""
    out = tmp_path_factory.mktemp("objectives")
    file = written(out, ASKED)
    run_quietly("enumerate", file, "--out", out, "--workers", 1)
    run_quietly("run", file, "--out", out)
    study = find_study(file)
    problem = study.problem()
    levels = study.space.unrank(np.arange(study.space.size))
    result = problem.model.evaluate(levels)
    F, G = problem.score(levels, result)
    feasible = (G <= 0).all(axis=1)
    return study, {k: v[feasible] for k, v in result.values.items()}, F[feasible], out


def test_they_are_objectives_and_their_optima_those_of_brute_force(finished):
    study, values, F, out = finished
    names = study.problem().objective_names
    assert "snr_resnet18_dB" in names
    assert "interval_alexnet_s" in names
    optima = (
        pd.read_csv(out / "enumerated" / "own" / "optima.csv").groupby("criterion")["value"].first()
    )
    assert optima["snr_resnet18"] == values["snr"][:, 0].max() > 0
    assert optima["interval_alexnet"] == values["interval"][:, 1].min()
    assert (values["snr"] <= MOST_DB).all()
    front = pd.read_csv(out / "enumerated" / "own" / "points.csv")
    assert front["snr_resnet18_dB"].max() == values["snr"][:, 0].max()
    assert len(front) == len({tuple(f) for f in F if not dominated(f, F)})


def dominated(f, F):
    return ((f >= F).all(axis=1) & (f > F).any(axis=1)).any()


def test_throughput_counts_where_the_score_asks_for_it(finished):
    study, values, _, out = finished
    assert study.own_criterion.monotone
    score = (values["energy"] * values["interval"] ** 2).max(axis=1)
    other = (values["energy"] * values["latency"] ** 2).max(axis=1)
    assert score.min() < other.min() / 2, "latency would have done"
    regret = pd.read_csv(out / "own" / "seed-1" / "regret.csv").set_index("criterion")
    assert regret["optimum"]["score"] == score.min()
    assert regret["regret_selected"]["score"] == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("interval = 2", "latency = 2"), None),
        (('["snr", "interval"]', '["snr"]'), "criterion score needs interval"),
        (
            ('"snr", ', '"snr", "snr", '),
            "snr, accuracy_drop, package, silicon, each once; got snr, snr, interval",
        ),
        (('"snr"', '"loudness"'), "can be interval, power, snr"),
        (('model = "physical"', 'model = "reference"'), "energy, latency and area, not snr, inter"),
    ],
)
def test_what_cannot_be_asked_is_refused(change, why, tmp_path):
    text = ASKED.replace(*change)
    assert text != ASKED
    if why is None:
        assert find_study(written(tmp_path, text)).own_criterion.monotone
        return
    if "reference" in change[1]:  # which has other parameters, too
        text = text.split("voltage_V")[0] + "[[networks" + text.partition("[[networks")[2]
    with pytest.raises(InputError, match=why):
        find_study(written(tmp_path, text))


def test_another_delay_changes_edap_but_no_limit_and_no_other_score(finished):
    plain = finished[0].replace(score=None, criterion="edap_max", objectives=())
    plain = plain.replace(networks=[n.replace(max_latency_s=8e-3) for n in plain.networks])
    by_interval = plain.replace(delay="interval")
    levels = plain.space.unrank(np.arange(plain.space.size))
    problems = plain.problem(), by_interval.problem()
    (F, G), (more, same) = (p.score(levels, p.model.evaluate(levels)) for p in problems)
    np.testing.assert_array_equal(same, G)
    np.testing.assert_array_equal(more[:, : F.shape[1]], F)
    assert problems[1].objective_names == [
        *problems[0].objective_names, "interval_resnet18_s", "interval_alexnet_s",
    ]  # fmt: skip
    runs = (G <= 0).all(axis=1)
    assert runs.any()
    usual, other = (p.costs(f[runs]) for p, f in zip(problems, (F, more), strict=True))
    scores = {c.name: c.scores for c in problems[0].criteria if c.against == "nothing"}
    np.testing.assert_array_equal(scores["ela_max"](other, None), scores["ela_max"](usual, None))
    assert (scores["edap_max"](other, None) <= scores["edap_max"](usual, None)).all()
    assert (scores["edap_max"](other, None) < scores["edap_max"](usual, None)).any()
    assert problem_stamp(problems[0]).difference(problem_stamp(problems[1]).to_json())


def test_a_run_by_the_interval_states_it_and_its_regret_is_by_it(finished, tmp_path):
    study = finished[0].replace(score=None, criterion="regret_minimax", objectives=())
    run_quietly(
        "run", written(tmp_path, study.replace(delay="interval").to_toml()), "--out", tmp_path
    )
    results = Results.read(tmp_path / "own" / "seed-1")
    assert results.config["delay"] == results.edap.delay == "interval"
    front = results.front
    product = front["energy_alexnet_J"] * front["interval_alexnet_s"] * front["area_mm2"]
    np.testing.assert_allclose(front["edap_alexnet_J_s_mm2"], product, rtol=1e-12)
    np.testing.assert_allclose(results.edap_values(front)[:, 1], product, rtol=1e-12)


def test_the_area_of_an_edap_can_count_the_dies_of_dram(finished):
    plain = finished[0].replace(score=None, criterion="edap_geomean", objectives=())
    problem = plain.replace(area="silicon").problem()
    levels, metrics = problem.feasible(plain.space.unrank(np.arange(plain.space.size)))
    assert "silicon_m2" in problem.objective_names
    costs = problem.costs(problem.score(levels, metrics)[0])
    product = metrics.values["energy"] * metrics.values["latency"]
    area_mm2 = 1e6 * (metrics.area_m2 + 130e-6)  # LPDDR4 of 32 data lines
    np.testing.assert_allclose(costs.edap, product * area_mm2[:, None], rtol=1e-12)
    np.testing.assert_allclose(metrics.values["silicon"] * 1e6, area_mm2, rtol=1e-12)


@pytest.mark.parametrize(
    ("widest", "kept"), [("hbm2", ("x16", "x64", "hbm2")), ("x32", ("x16",)), ("x16", ("x16",))]
)
def test_a_study_can_limit_the_width_of_its_dram(widest, kept):
    usual = Study(name="own", model="physical", device="dimc", networks=["alexnet"])
    limited = usual.replace(max_dram=widest)
    assert limited.space.values_of("dram") == kept
    assert limited.to_config()["max_dram"] == widest
    assert f'max_dram = "{widest}"' in limited.to_toml()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"space": {"dram": "hbm2"}, "max_dram": "x64"},
            'space.dram: hbm2 is given, must be one of none, x16, x32, x64 with max_dram = "x64"',
        ),
        ({"max_dram": "x8"}, "max_dram: unknown 'x8'; allowed: none, x16, x32, x64, hbm2"),
        ({"model": "reference", "device": "sram", "max_dram": "x64"}, "needs the physical model"),
        ({"model": "reference", "device": "sram", "area": "silicon"}, "needs the physical model"),
    ],
)
def test_a_wrong_limit_of_dram_or_area_is_one_fault(settings, fault):
    usual = {"name": "own", "model": "physical", "device": "dimc", "networks": ["alexnet"]}
    with pytest.raises(ValueError, match=re.escape(fault)):
        Study(**usual | settings)
