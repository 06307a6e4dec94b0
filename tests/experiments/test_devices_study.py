"""The comparison of devices."""

import pandas as pd

from experiments.devices import chips, real, study
from experiments.devices.chips import ASSUMED, CHEAPEST, DEAREST, DEVICES, QUESTIONS
from imcmoo.study.catalogue import find_study


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


def test_checkpoints_of_another_state_of_any_chip_are_void(monkeypatch):
    monkeypatch.setattr(chips, "problem_of", lambda *task: task)
    monkeypatch.setattr(study, "dependence", lambda problems, stamped: ([*problems], [*stamped]))
    evaluated, stamped = study.Devices().depends_on
    assert stamped == [*study.Devices.tasks]
    assert [state for _, _, state in evaluated] == [ASSUMED] * len(QUESTIONS) * len(DEVICES)


def test_an_analog_chip_of_real_networks_has_the_circuit_of_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(real, "best", lambda device, study, drops: {"study": study, "drops": drops})
    circuit = {"rows": 64, "active_rows": 32, "weight_coding": "offset"}
    circuit |= {"input_slice_bits": 2, "adc_bits": 7}
    chip = {"allowed_drop": 0.01, **circuit, "drop_a": -0.1, "drop_b": 0.004}
    pd.DataFrame([chip]).to_csv(tmp_path / "chips.csv")
    four = find_study("four_workload_rram_physical")
    row = real.analog(four, "sram", tmp_path / "chips.csv", 0.01)
    assert row.pop("drops") == (0.01, 0.004)
    space = row.pop("study").space
    assert row == circuit
    assert {name: space.values_of(name) for name in circuit} == {
        name: (value,) for name, value in circuit.items()
    }
    assert space.values_of("device") == ("sram",)
    assert len(space.values_of("buffer_words")) > 1
