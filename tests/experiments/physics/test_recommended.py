"""Effects of a variation on a physical study, whose best chips are published."""

import numpy as np
import pytest

from experiments.physics.recommended import DEFAULT, problem_of
from problems import STUDIES


@pytest.mark.parametrize(
    ("variation", "kept"),
    [
        ("snr_adc_dB=25", {"area"}),
        ("lpddr4_idle_W_per_bit=0", {"area"}),
        ("neurosim_sar", set()),
    ],
)
def test_a_variation_changes_its_part_and_no_other(study, variation, kept):
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    plain, varied = (problem_of(study, k).model.evaluate(designs) for k in (DEFAULT, variation))
    same = {
        name
        for name in ("area", "energy")
        if np.array_equal(plain.values[name], varied.values[name], equal_nan=True)
    }
    assert same == kept


def test_a_stricter_limit_rules_out_more(study):
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    problems = (problem_of(study, k) for k in (DEFAULT, "snr_adc_dB=25"))
    before, after = (p.score(designs, p.model.evaluate(designs))[1] <= 0 for p in problems)
    assert (before.all(axis=1) >= after.all(axis=1)).all()
    assert before.all(axis=1).sum() > after.all(axis=1).sum()


def test_a_variation_gives_an_optional_design_column_one_value_or_several():
    study = STUDIES["four_workload_rram_physical"]
    one, several = (
        problem_of(study, name).space for name in ("cell_errors=wan2022_1d", "redundancy=1 2 4")
    )
    assert one.fixed == {**study.space.fixed, "cell_errors": "wan2022_1d"}
    assert one.size == study.space.size
    assert several.values_of("redundancy") == (1, 2, 4)
    assert several.size == 3 * study.space.size
    limited = problem_of(study, "redundancy=2; snr_dB=15").model
    assert limited.space.fixed["redundancy"] == 2
    assert "compute_snr" in limited.resource_names
