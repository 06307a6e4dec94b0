"""Values that are not published, and nodes without a supply: no shipped macro has either."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import comparison
from experiments.silicon.comparison import farther_node, modelled
from experiments.silicon.macros import judged
from tests.experiments.silicon.conftest import ROW


def test_published_values_that_are_none_do_not_count():
    frame = pd.DataFrame({"t_core_ns": ["3.5", "", "0", "-1", "n/a", "inf", "1e1"]})
    result = comparison.published(frame)
    assert np.flatnonzero(result["t_core_ns"].notna()).tolist() == [0, 6]
    assert result["tops_per_W_1b"].isna().all()


@pytest.mark.parametrize(
    ("node", "supply", "farther"),
    [("28", "0.8", 22), ("22", "0.8", 22), ("36", "0.5", 32)],  # 45 nm has no 0.5 V
)
def test_the_farther_node_is_on_the_other_side_and_has_the_supply(table, node, supply, farther):
    macros = judged(pd.DataFrame([ROW | {"technology_nm": node, "voltage_V": supply}]), table)
    assert farther_node(macros.iloc[0], table) == farther
    moved = modelled(macros.assign(node_nm=farther), table)
    assert modelled(macros, table, next_node=True).equals(moved)
