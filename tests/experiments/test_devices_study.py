"""The comparison of devices."""

import pandas as pd

from experiments.devices import chips, study
from experiments.devices.chips import ASSUMED, CHEAPEST, DEAREST, DEVICES, QUESTIONS


def proven(values):
    """The table of chips, with the same values for each question."""
    rows = [
        {"question": question, "device": device, "state": state, "value": value}
        for question in QUESTIONS
        for device in DEVICES
        for state, value in zip((CHEAPEST, ASSUMED, DEAREST), values[device], strict=True)
    ]
    return pd.DataFrame(rows)


def test_no_device_is_best_if_the_reference_has_no_chip_at_an_end_of_its_band():
    others = {"dimc": (2, 3, 4), "rram": (5, 6, 7)}
    assert study.best_device(study.ranges(proven({"sram": (1, 1, None), **others}))) is None
    of_one = study.ranges(proven({"sram": (1, 1, 1.5), **others})).query("question == 'four'")
    assert study.best_device(of_one) == "sram"


def test_a_ranking_is_certain_if_the_dearest_better_device_beats_the_cheapest_worse_one():
    values = {"sram": (2, 3, 9), "dimc": (1, 2, 4), "rram": (5, 20, 30)}
    found = study.certain(proven(values))
    assert {(each["better"], each["worse"]) for each in found} == {("dimc", "rram")}
    assert [each["question"] for each in found] == [*QUESTIONS]
    assert not study.digital_always_wins(proven(values))
    assert study.digital_always_wins(proven({**values, "sram": (2, 5, 9)}))


def test_checkpoints_of_another_state_of_any_chip_are_void(monkeypatch):
    monkeypatch.setattr(chips, "problem_of", lambda *task: task)
    monkeypatch.setattr(study, "dependence", lambda problems, stamped: ([*problems], [*stamped]))
    evaluated, stamped = study.Devices().depends_on
    assert stamped == [*study.Devices.tasks]
    assert [state for _, _, state in evaluated] == [ASSUMED] * len(QUESTIONS) * len(DEVICES)
