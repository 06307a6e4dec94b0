"""Files of accuracy data: what was written comes back, and a forged file is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from imcmoo.networks.accuracy_data import CHECKSUM, AccuracyData, _digest
from imcmoo.networks.workloads import Workload
from tests.networks.accuracy_data import ABOUT, DATA, layer

NEITHER = "is not a file of `imcmoo import --data`"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.accuracy.npz"
    DATA.write(path)
    return path


@pytest.fixture
def forge(path):
    """Writes the file with some arrays and some entries of `about` changed, None for left out, and
    a checksum that fits if `sealed`."""

    def forge(arrays=None, about=None, *, sealed=True):
        stored = dict(np.load(path))
        entries = json.loads(str(stored["about"])) | (about or {})
        entries = {name: value for name, value in entries.items() if value is not None}
        stored |= {"about": np.array(json.dumps(entries))} | (arrays or {})
        stored = {name: array for name, array in stored.items() if array is not None}
        if sealed:
            del stored[CHECKSUM]
            stored[CHECKSUM] = np.array(_digest(stored))
        np.savez(path, **stored)

    return forge


def test_data_come_back_as_they_were_written(path, forge):
    read = AccuracyData.read(path)
    assert read.fingerprint == DATA.fingerprint
    assert read.about == ABOUT
    assert (read.rounding, read.rounded) == (DATA.rounding, DATA.rounded)
    forge()
    assert AccuracyData.read(path).fingerprint == DATA.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"arrays": {"white": np.array([0.9, 0.8, 0.3])}},
        {"arrays": {"gain_static": np.array([2.0, 1.5])}},
        {"arrays": {"weights/0": np.full((1, 2, 3), 2, np.float32)}},
        {"arrays": {"names": np.array(["b", "a"])}},
        {"arrays": {"more": np.ones(2)}},
        {"arrays": {CHECKSUM: None}},
        {"arrays": {"about": None}},
        {"about": {"float_score": 0.91}},
        {"about": {"seed": 1}},
    ],
)
def test_a_file_whose_checksum_does_not_fit_is_refused(path, forge, change):
    forge(**change, sealed=False)
    with pytest.raises(ValueError, match=f"{NEITHER}, or damaged"):
        AccuracyData.read(path)


@pytest.mark.parametrize("version", [None, 3, "4", [4]])
def test_of_a_file_of_another_version_the_user_is_told_to_import_again(path, forge, version):
    forge(about={"version": version})
    message = (
        r"of another version .*: accuracy data .* \(here 4\): make it again with `imcmoo import"
    )
    with pytest.raises(
        ValueError,
        match=message,
    ):
        AccuracyData.read(path)


ARRAYS = {
    "names": [
        ["a", "a"],
        ["a", ""],
        ["a"],
        [1, 2],
        "ab",
        [["a"], ["b"]],
        [],
        [b"a", b"b"],
    ],
    "levels": [
        [0.1, 0.01, 1.0],
        [0.0, 0.1, 1.0],
        [0.01, 0.1, np.inf],
        [0.01, 0.1],
        [1, 2, 3],
        [[0.01, 0.1, 1.0]],
        0.1,
        ["0.01", "0.1", "1.0"],
    ],
    "white": [
        [0.9, 0.8, 1.1],
        [2.4, 0.8, 0.2],
        [0.9, 0.8, -0.1],
        [0.7, 0.8, 0.2],
        [0.9, np.nan, 0.2],
        [0.9, 0.8],
        [0.9 + 1j, 0.8, 0.2],
    ],
    "gain_white": [[-0.5, 1.0], [np.nan, 1.0], [np.inf, 1.0], [1.0], [True, True]],
    "signal_power": [[-1.0, 1.0], [np.inf, 1.0]],
    "lowest": [[2.0, 0.0], [-np.inf, 0.0]],
    "highest": [[0.5, np.nan], [-1.0, 1.0]],
    "rounding": [
        [[8.5, 8.0, 0.01, 0.9]],
        [[8.0, 8.0, -0.01, 0.9]],
        [[8.0, 8.0, np.nan, 0.9]],
        [[8.0, 8.0, 0.01, 1.9]],
        [[8.0, 8.0, 0.01, 0.9]] * 2,
        [[1e9, 8.0, 0.01, 0.9]],
        [[np.nan, 8.0, 0.01, 0.9]],
        [[np.inf, 8.0, 0.01, 0.9]],
        [[8.0, 8.0, 0.01]],
    ],
    "weights/0": [np.full((1, 2, 3), np.nan, "f4"), np.ones((1, 2, 3)), np.ones((2, 3), "f4")],
    "vectors/1": [
        np.full((1, 4, 2), 2, "f2"),
        np.full((1, 4, 2), np.nan, "f2"),
        np.ones((1, 4, 3), "f2"),
        np.ones((1, 0, 2), "f2"),
        np.ones((2, 4, 2), "f2"),
        None,
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ARRAYS.items() for value in values]
)
def test_arrays_that_no_measurement_gives_are_refused_though_the_checksum_fits(
    path, forge, name, value
):
    forge({name: None if value is None else np.array(value)})
    with pytest.raises(ValueError, match=NEITHER):
        AccuracyData.read(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("float_score", 1.9),
        ("float_score", None),
        ("float_score", "high"),
        ("float_score", float("nan")),
        ("float_score", 10**400),
        ("samples", 0),
        ("samples", "all"),
        ("samples", None),
        ("seed", 1.5),
        ("metric", None),
        ("network", ["net.onnx"]),
        ("data_sha256", None),
        ("table_layers", True),
    ],
)
def test_what_a_file_says_of_itself_is_checked_though_the_checksum_fits(path, forge, name, value):
    forge(about={name: value})
    with pytest.raises(ValueError, match=NEITHER):
        AccuracyData.read(path)


def test_only_a_cosine_may_be_negative(tmp_path):
    data = replace(DATA, static=np.array([0.9, 0.0, -0.1]))
    with pytest.raises(ValueError, match="scores must be 0 to 1"):
        data.write(tmp_path / "file")
    assert not (tmp_path / "file").exists()
    data = replace(data, about={**ABOUT, "metric": "cosine"})
    data.write(tmp_path / "file")
    assert AccuracyData.read(tmp_path / "file").static[-1] == -0.1


def test_what_is_not_finite_is_not_written(tmp_path):
    data = replace(DATA, layers=(layer("a", np.nan, 1.0),))
    with pytest.raises(ValueError, match="layer 'a': gain_white must be at least 0"):
        data.write(tmp_path / "file")


def table(layers, *, channels=3, **provenance):
    n = len(layers)
    return Workload(
        "net",
        tuple(layers),
        ("MatMul",) * n,
        np.tile([2, channels, 1, 1, 1, 1, 1, 1], (n, 1)),
        np.ones((n, 2), int),
        np.full((n, 8), 0.5),
        np.full((n, 8), 0.5),
        provenance=provenance,
    )


def test_a_table_cut_by_a_layer_does_not_fit():
    digest = ABOUT["network_sha256"]
    for provenance in ({"sha256": digest}, {}):
        assert DATA.fits(table(["a", "b"], **provenance))
        assert not DATA.fits(table(["a"], **provenance))
    assert not DATA.fits(table(["a", "b"], sha256="2" * 64))


def test_a_table_of_layers_of_other_shapes_does_not_fit():
    for provenance in ({"sha256": ABOUT["network_sha256"]}, {}):
        assert not DATA.fits(table(["a", "b"], channels=4, **provenance))
