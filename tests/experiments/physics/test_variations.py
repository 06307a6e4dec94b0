"""What a variation of a physical study changes."""

import numpy as np
import pytest

from experiments.physics.variations import ASSUMPTION, CONVERTER, DEFAULT, LIMIT, problem_of


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ((LIMIT, "snr_adc_dB=25"), {"area"}),
        ((ASSUMPTION, "lpddr4_idle_W_per_bit=0"), {"area"}),
        ((CONVERTER, "neurosim_sar"), set()),
    ],
)
def test_a_variation_changes_its_part_and_no_other(study, key, kept):
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    plain, varied = (
        problem_of(study, k).model.evaluate(designs) for k in ((DEFAULT, DEFAULT), key)
    )
    same = {
        name
        for name in ("area", "energy")
        if np.array_equal(plain.values[name], varied.values[name], equal_nan=True)
    }
    assert same == kept


def test_a_stricter_limit_rules_out_more(study):
    designs = study.space.unrank(np.arange(0, study.space.size, 11))
    problems = (problem_of(study, k) for k in ((DEFAULT, DEFAULT), (LIMIT, "snr_adc_dB=25")))
    before, after = (p.score(designs, p.model.evaluate(designs))[1] <= 0 for p in problems)
    assert (before.all(axis=1) >= after.all(axis=1)).all()
    assert before.all(axis=1).sum() > after.all(axis=1).sum()
