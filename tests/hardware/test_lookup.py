"""Rows by key: what a malformed table is refused for."""

import numpy as np
import pytest

from imcmoo.hardware.lookup import KeyedRows


def rows(keys, values):
    return KeyedRows(
        name="thing",
        key_names=("voltage_V", "size"),
        keys=np.array(keys),
        quantities=("cost",),
        values=np.array(values),
    )


def test_finds_rows_in_any_order_and_despite_float_noise():
    table = rows([[650, 8], [700, 16], [700, 8]], [[1.0, 2.0, 3.0]])
    assert 0.1 * 7 != 0.7
    costs = table.look_up(voltage_V=[[0.1 * 7], [0.65]], size=[8, 8])["cost"]
    np.testing.assert_array_equal(costs, [[3.0, 3.0], [1.0, 1.0]])
    assert table.look_up(voltage_V=[], size=[])["cost"].shape == (0,)


@pytest.mark.parametrize(
    ("keys", "values", "message"),
    [
        ([[500], [650]], [[1.0, 2.0]], r"thing: keys has shape \(2, 1\), expected \(2, 2\)"),
        ([[500, 8]], [[1.0, 2.0]], r"thing: values has shape \(1, 2\), expected \(1, 1\)"),
        ([[500, 8], [500, 8]], [[1.0, 2.0]], "thing: a combination of keys occurs twice"),
    ],
)
def test_refuses_malformed_rows(keys, values, message):
    with pytest.raises(ValueError, match=message):
        rows(keys, values)
