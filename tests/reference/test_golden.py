"""The golden set is drawn from the full records, and stands for all of them."""

import csv

import numpy as np
import pandas as pd

from imcmoo.networks.workloads import DIMENSIONS, SHIPPED, Workload
from tests.reference import records
from tests.reference.golden import draw


@records.wants_full
def test_the_golden_set_is_what_is_drawn_from_the_full_records(tmp_path, monkeypatch):
    draw.draw(tmp_path)
    stored = records.evaluations("golden"), records.breakdowns("golden")
    monkeypatch.setitem(records.FOLDERS, "golden", tmp_path)
    pd.testing.assert_frame_equal(records.evaluations("golden"), stored[0], check_exact=True)
    assert records.breakdowns("golden") == stored[1]


@records.wants_full
def test_the_shipped_tables_are_the_recorded_layers():
    with (records.FOLDERS["full"] / "layers.csv").open(newline="") as stream:
        recorded = list(csv.DictReader(stream))
    assert {row["workload"] for row in recorded} == set(SHIPPED)
    for name in SHIPPED:
        network = Workload.load(name)
        rows = [row for row in recorded if row["workload"] == name]
        assert [row["layer"] for row in rows] == list(network.layers)
        columns = [*DIMENSIONS, "stride_h", "stride_w"]
        columns += [f"{o}_bit{i}" for o in ("input", "weight") for i in range(8)]
        theirs = np.array([[float(row[c]) for c in columns] for row in rows])
        ours = np.hstack([network.shapes, network.strides, network.input_bits, network.weight_bits])
        assert np.array_equal(ours, theirs)
