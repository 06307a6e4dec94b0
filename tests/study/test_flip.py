"""Values of an assumption at which the chip, or the better study, changes."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from imcmoo.api import Study
from imcmoo.ask import flip as flip_module
from imcmoo.ask.flip import COLUMNS, Point, crossings, flip
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.model.physical.assumptions import Assumption
from imcmoo.problem.scores import EdapDefinition
from tests.cli.helpers import refused
from tests.study.files import written
from tests.study.test_batch import HEADER, ONE, network

FIXED = {
    "rows": 128, "cols": 128, "active_rows": 32, "voltage_V": 0.8, "input_slice_bits": 1,
    "adc_bits": 6, "columns_per_adc": 4, "macros_per_tile": 4, "tiles_per_group": 4,
    "router_groups": 1, "glb_KiB": 256, "glb_banks": 4, "link_bits": 128, "schedule": "layer",
    "dram": "x32", "adc_noise": 10,
}  # fmt: skip
SPACE = {
    **FIXED, "rows": [64, 128], "active_rows": [16, 32], "voltage_V": [0.7, 0.8, 0.9, 1.0],
    "input_coding": "levels", "adc_bits": 5, "columns_per_adc": [1, 2], "adc_noise": 2,
}  # fmt: skip
RESISTIVE = {
    **FIXED, "bits_per_cell": 2, "weight_coding": "differential", "input_coding": "levels",
    "adc_bits": 8, "router_groups": 8, "adc_noise": 2,
}  # fmt: skip
FACTOR, TIME_FACTOR = "adc_energy_factor", "adc_time_factor"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a network and the enumerations of the studies below."""
    folder = tmp_path_factory.mktemp("flip")
    network(folder, HEADER + ONE)
    for study in (one(folder), sram(folder), rram(folder)):
        study.enumerate(out=folder / "results")
    return folder


def one(folder, **more):
    return Study(
        name="one", model="physical", device="sram", space=SPACE, criterion="edap_max",
        networks=[str(folder / "own.csv")], compute_snr_limit_dB=-math.inf, **more,
    )  # fmt: skip


def sram(folder, **more):
    return one(folder).replace(name="sram_chip", space=FIXED, **more)


def rram(folder, **more):
    return one(folder).replace(name="rram_chip", device="rram", space=RESISTIVE, **more)


def chips_at(fixed):
    """Points with the better of two chips of fixed costs: ADC and other energy, delay, area."""

    def point_at(value):
        edaps = [(value * adc + rest) * delay * area for adc, rest, delay, area in fixed]
        return Point(value, str(np.argmin(edaps)))

    return point_at


def test_two_fixed_chips_flip_at_the_closed_form():
    # Example 16a of the corrected costs.
    chips = (154.7, 1710.3, 231.35, 79.5), (332.9, 1004.9, 25.14, 1118.7)
    points, (crossing,) = crossings(Assumption(1.0, 0.275, 5.5, "band"), chips_at(chips))
    assert crossing.below.value < 0.4902 < crossing.above.value < 1.02 * crossing.below.value
    assert (crossing.below.winner, crossing.above.winner) == ("1", "0")
    assert {0.275, 1.0, 5.5} <= {point.value for point in points}


def test_of_studies_with_equal_scores_the_one_of_less_energy_is_the_winner(folder, monkeypatch):
    monkeypatch.setattr("imcmoo.ask.flip.GRID", 2)
    found = flip_module.select_all
    monkeypatch.setattr(
        flip_module, "select_all", lambda *args: [replace(a, score=1.0) for a in found(*args)]
    )
    for pair in ((sram(folder), rram(folder)), (rram(folder), sram(folder))):
        today = flip(*pair, FACTOR, out=folder / "results").today
        energies = {chip.study.name: chip.costs["energy_J"] for chip in today.answers}
        assert today.winner == today.ranking[0].study.name == min(energies, key=energies.get)


@pytest.mark.parametrize("low", [0.0, 0.5])
def test_every_crossing_is_found_the_nearest_first(low):
    ends = (0.7, 1.8, 3.3)

    def point_at(value):
        return Point(value, str(sum(value > end for end in ends)))

    points, found = crossings(Assumption(2.0, low, 4.0, "band"), point_at)
    assert [point.value for point in points] == sorted({point.value for point in points})
    between = [(c.below.value, c.above.value) for c in found]
    nearest = [1.8, 3.3, 0.7] if low else [1.8, 0.7, 3.3]
    for (below, above), end in zip(between, nearest, strict=True):
        assert below <= end < above
        assert above - below <= (0.02 * below if low else 0.02 * 4)


def test_without_a_change_there_is_no_crossing():
    points, found = crossings(Assumption(1.0, 0.5, 2.0, "band"), lambda v: Point(v, "one"))
    assert not found
    np.testing.assert_allclose([p.value for p in points], np.geomspace(0.5, 2.0, 5), rtol=1e-15)


@pytest.mark.parametrize(
    "definition",
    # Each value of each key; the keys do not depend on each other.
    [EdapDefinition(delay="latency", area="package"), EdapDefinition(delay="interval")],
    ids=str,
)
def test_two_studies_of_one_chip_each_flip_at_the_closed_form(folder, definition):
    settings = {"delay": definition.delay, "area": definition.area}
    studies = sram(folder, **settings), rram(folder, **settings)
    costs = []
    for study in studies:
        levels = np.zeros((1, len(study.space.shape)), int)
        usual = study.cost_model()
        at = [usual.evaluate(levels).values]
        dearer = usual.assumptions.having(**{FACTOR: 2.0})
        at.append(study.cost_model(assumptions=dearer).evaluate(levels).values)
        adc = (at[1]["energy"] - at[0]["energy"]).item()
        others = study.edap.of({**at[0], "energy": np.ones((1, 1))}).item()
        costs.append((adc, at[0]["energy"].item() - adc, others))
    (adc1, rest1, k1), (adc2, rest2, k2) = costs
    expected = (rest2 * k2 - rest1 * k1) / (adc1 * k1 - adc2 * k2)
    band = Assumption(1.0, 0.275, 5.5, "band")
    found = flip(*studies, FACTOR, out=folder / "results")
    if not band.low < expected < band.high:
        assert not found.crossings
        return
    (crossing,) = found.crossings
    assert crossing.below.value <= expected <= crossing.above.value
    assert {chip.study.name for chip in crossing.above.answers} == {"sram_chip", "rram_chip"}


def least_edap(study, factor, value):
    """Smallest EDAP of all designs at a value of the factor."""
    assumptions = study.cost_model().assumptions.having(**{factor: value})
    problem = study.problem(study.cost_model(assumptions=assumptions))
    levels, metrics = problem.feasible(study.space.unrank(np.arange(study.space.size)))
    return problem.costs(problem.score(levels, metrics)[0]).edap.max(axis=1).min()


def test_the_chip_of_one_study_changes_where_another_design_becomes_the_best(folder):
    study = one(folder)
    found = flip(study, None, FACTOR, out=folder / "results")
    assert found.crossings
    assert found.n_designs[0] <= study.space.size
    for point in found.points:
        (chip,) = point.answers
        assert chip.edap == pytest.approx(least_edap(study, FACTOR, point.value), rel=1e-12, abs=0)
        assert point.ratios[0] <= 1
    today = next(point for point in found.points if point.value == 1.0)
    assert today.ratios[0] == 1.0


def test_proven_chips_are_the_best_of_all_designs(folder, monkeypatch):
    monkeypatch.setattr("imcmoo.ask.flip.GRID", 2)
    monkeypatch.setattr("imcmoo.ask.flip.NEAR", 10.0)
    study = one(folder)
    found = flip(study, None, FACTOR, out=folder / "nothing", exact=True)
    assert found.n_designs is None
    assert [point.value for point in found.points] == [0.5, 1.0, 3.2]
    assert found.crossings
    for point in found.points:
        least = least_edap(study, FACTOR, point.value)
        assert point.answers[0].edap == pytest.approx(least, rel=1e-12, abs=0)


def test_the_command_takes_the_folder_of_an_answer(folder, capsys):
    answer = folder / "results" / "enumerated" / "one"
    assert main(["flip", str(answer), "--factor", TIME_FACTOR]) == 0
    by_folder = capsys.readouterr().out
    file = written(folder, one(folder).to_toml())
    command = ["flip", file, "--factor", TIME_FACTOR, "--results", folder / "results"]
    assert main([*map(str, command)]) == 0
    by_file = capsys.readouterr().out
    assert by_folder.splitlines()[:-1] == by_file.splitlines()[:-1]
    assert "the chip changes between" in by_folder


def test_the_command_prints_crossings_with_both_chips_and_writes_all_values(folder, capsys):
    file, out = written(folder, one(folder).to_toml()), folder / "flip.csv"
    command = ["flip", file, "--factor", TIME_FACTOR, "--results", folder / "results"]
    assert main([*map(str, command), "--out", str(out)]) == 0
    text = capsys.readouterr().out
    n_crossings = text.count("the chip changes between")
    assert n_crossings
    assert text.count("    one: voltage_V ") == 2 * n_crossings
    for name in ("energy", "latency", "interval", "area", "package"):
        assert len(re.findall(rf" {name} [0-9.]+ ", text)) == 2 * n_crossings
    assert "stored designs" in text
    assert "EDAP by latency, chip" in text
    assert "A chip that wins only between two values is missed." in text
    table = pd.read_csv(out)
    assert list(table.columns) == [*COLUMNS]
    assert table["value"].is_monotonic_increasing
    # A file of its own is written over.
    command[command.index(TIME_FACTOR)] = "top_area"
    assert main([*map(str, command), "--out", str(out)]) == 0
    assert "none within the band" in capsys.readouterr().out
    assert len(pd.read_csv(out)) < len(table)


def other_networks(folder):
    network(folder, HEADER + "first,16,16,14,14,3,3,1,1,0\n", "two.csv")
    return rram(folder, networks=[str(folder / "two.csv")])


@pytest.mark.parametrize(
    ("studies", "factor", "why"),
    [
        ((sram,), "adc_energy", "unknown assumption adc_energy; did you mean 'adc_energy_factor'?"),
        ((sram,), "differential_drop", "unknown assumption differential_drop"),
        ((sram, lambda f: rram(f, delay="interval")), FACTOR,
         "delay differs: latency in sram_chip, interval in rram_chip"),
        ((sram, other_networks), FACTOR, "networks differ: own in sram_chip, two in rram_chip"),
        ((sram, sram), FACTOR, "both studies are called sram_chip: rename one"),
        ((lambda f: sram(f).replace(name="new"),), FACTOR,
         "no stored design of new in .*: run or enumerate it, or --exact"),
        ((lambda f: sram(f).replace(model="reference", space="sram", compute_snr_limit_dB=None),),
         FACTOR, "only assumptions of the physical model can be varied, and its cost model is ref"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(folder, studies, factor, why):
    first, second = (make(folder) for make in (*studies, lambda folder: None)[:2])
    with pytest.raises(InputError, match=why):
        flip(first, second, factor, out=folder / "results")


def test_a_band_without_width_and_other_bands_are_refused(folder, monkeypatch):
    study = sram(folder)
    model = study.cost_model()
    fixed = model.assumptions.having()
    object.__setattr__(fixed, FACTOR, Assumption(1.0, 1.0, 1.0, "no band"))
    monkeypatch.setattr(type(model), "assumptions", property(lambda self: fixed))
    with pytest.raises(InputError, match="adc_energy_factor: its band has no width; it is 1"):
        flip(study, None, FACTOR, out=folder / "results")
    bands = iter([0.2, 0.5, 0.2])

    def assumptions(self):
        other = fixed.having()
        object.__setattr__(other, FACTOR, Assumption(1.0, next(bands), 2.0, "band"))
        return other

    monkeypatch.setattr(type(model), "assumptions", property(assumptions))
    with pytest.raises(
        InputError, match=r"adc_energy_factor differs: 1 in 0\.2 to 2 in sram_chip, 1 in 0\.5"
    ):
        flip(study, rram(folder), FACTOR, out=folder / "results")


def test_the_command_ends_with_2_and_keeps_a_file_of_others(folder, capsys):
    file, other = written(folder, one(folder).to_toml()), folder / "notes.csv"
    other.write_text("mine\n")
    words = ["flip", file, "--factor", FACTOR, "--results", folder / "results", "--out", other]
    assert "notes.csv" in refused(capsys, *words)
    assert other.read_text() == "mine\n"
    assert "unknown assumption nothing" in refused(capsys, *words[:2], "--factor", "nothing")
    assert "unknown study 'nowhere'" in refused(capsys, *words[:2], "nowhere", "--factor", FACTOR)
