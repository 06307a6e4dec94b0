"""The figures of the study show what their tables say."""

import numpy as np
import pandas as pd
import pytest

from experiments.paper.figures import SPECS, figures
from experiments.paper.tables import Tables
from experiments.publish import to_csv
from imcmoo.report import style


def test_reductions_are_ratios_sorted_by_the_score():
    frame = pd.DataFrame(
        {
            "study": "s",
            "criterion": "ela_max",
            "joint": "joint, exact",
            "baseline": ["a", "b", "c"],
            "too_large": [False, True, False],
            "edap_vgg16": [0.5, 0.0, -1.0],
            "edap_max": [0.1, 0.1, 0.1],
            "ela_max": [0.5, 0.9, np.nan],
        }
    )
    table = SPECS["reductions"][0](frame)
    assert table["baseline"].tolist() == ["b", "a", "c"]
    expected = [pytest.approx(10), 2.0, pytest.approx(np.nan, nan_ok=True)]
    assert table["ela_max_over_joint"].tolist() == expected
    assert table["edap_vgg16_over_joint"].tolist() == [1.0, 2.0, 0.5]
    assert "edap_max_over_joint" not in table


def test_the_published_data_of_all_figures_are_those_of_this_code(published):
    drawn = set()
    for name, (frame, draw) in figures(Tables(published)).items():
        text = (published / "figures" / f"{name}.csv").read_text(encoding="utf-8")
        assert text == to_csv(frame), name
        if draw not in drawn:  # every kind can be drawn
            drawn.add(draw)
            assert draw(frame, style.WIDTH).axes
