"""Inputs made definite by the file, by shapes, by symbols and by values."""

import pytest

from imcmoo.io.errors import InputError
from tests.networks.onnx_import.models import INT64, imported, model, node, stored, tensor

WEIGHTS = [stored("w", (8, 3, 3, 3))]
NODES = [node("Conv", "xw")]


def open_model():
    return model(NODES, [tensor("x", ("batch", 3, "height", None))], WEIGHTS)


def test_open_sizes_are_one_error_with_input_axis_and_symbol(tmp_path):
    with pytest.raises(InputError) as caught:
        imported(tmp_path, open_model())
    text = str(caught.value)
    for axis in ("axis 0 (symbol batch)", "axis 2 (symbol height)", "axis 3 (no symbol)"):
        assert f"input 'x', {axis}" in text
    assert "axis 1" not in text
    assert "\n" not in text


SIDE = [tensor("x", ("batch", 3, "side", "side")), tensor("z", ("batch", 8, 1, 1))]


@pytest.mark.parametrize(
    ("inputs", "options", "sizes"),
    [
        (SIDE[:1], {"shapes": {"x": (2, 3, 9, 9)}}, (3, 8, 7, 7, 3, 3, 1, 2)),
        (SIDE, {"dims": {"batch": 2, "side": 9}}, (3, 8, 7, 7, 3, 3, 1, 2)),
        # A shape settles the symbols of other inputs.
        (SIDE, {"shapes": {"x": (2, 3, 9, 9)}}, (3, 8, 7, 7, 3, 3, 1, 2)),
        # Some exporters write '?' for every open axis: it may stand for two sizes.
        ([tensor("x", (-1, 3, "?", "?"))], {"shapes": {"x": (1, 3, 48, 192)}}, (3, 8, 46, 190)),
        # A shape overrides what the file declares.
        ([tensor("x", (1, 3, 9, 9))], {"shapes": {"x": (4, 3, 12, 12)}}, (3, 8, 10, 10)),
    ],
)
def test_shapes_and_symbols_settle_open_sizes(tmp_path, inputs, options, sizes):
    nodes = NODES if len(inputs) == 1 else [node("Conv", "xw", ["h"]), node("Add", "hz")]
    result = imported(tmp_path, model(nodes, inputs, WEIGHTS), **options)
    assert result.rows[0].sizes[: len(sizes)] == sizes
    if "shapes" in options:
        shape = ",".join(map(str, options["shapes"]["x"]))
        assert result.workload.provenance["shape x"] == shape


def test_a_symbol_of_two_sizes_has_none(tmp_path):
    inputs = [tensor("x", (1, 3, "?", "?")), tensor("z", (1, 8, "?", 1))]
    proto = model([node("Conv", "xw", ["h"]), node("Add", "hz")], inputs, WEIGHTS)
    with pytest.raises(InputError, match=r"input 'z', axis 2 \(symbol \?\)"):
        imported(tmp_path, proto, shapes={"x": (1, 3, 48, 192)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shapes": {"X": (1, 3, 9, 9)}}, "no input 'X'; did you mean|no input 'X'; known: x"),
        ({"dims": {"bach": 1}}, "no symbol 'bach'; did you mean 'batch'"),
        ({"values": {"y": (1.0,)}}, "no input 'y'; known: x"),
        ({"shapes": {"x": (1, 3, 9)}}, "input 'x' has 4 axes, the shape given has 3"),
        ({"shapes": {"x": (1, 4, 9, 9)}}, "node 'conv' .Conv.*channels|Conv"),
        ({"shapes": {"x": (1, 3, 9, 9)}, "values": {"x": (1.0, 2.0)}}, "2 values are given"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, options, message):
    with pytest.raises(InputError, match=message) as caught:
        imported(tmp_path, open_model(), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [1.5, float("nan"), float("inf"), 1e30])
def test_a_value_may_give_the_shape_of_its_input_in_whole_numbers(tmp_path, wrong):
    """The elements of an input that the graph reshapes by."""
    inputs = [tensor("x", (1, 3, 9, 9)), tensor("to", (None,), INT64)]
    nodes = [node("Reshape", ["x", "to"], ["h"]), node("Conv", ["h", "w"])]
    proto = model(nodes, inputs, WEIGHTS)
    result = imported(tmp_path, proto, values={"to": (1, 3, 3, 27)})
    assert result.rows[0].sizes == (3, 8, 1, 25, 3, 3, 1, 1)
    with pytest.raises(InputError, match="'to' takes whole numbers of type int64"):
        imported(tmp_path, proto, values={"to": (wrong, 3, 3, 27)})


def test_a_file_s_word_for_a_shape_counts_where_inference_ends(tmp_path):
    """After an operator that nobody knows, the file's own statement is used, if it still holds."""
    nodes = [node("Mystery", "x", ["h"], domain="nobody"), node("Conv", "hw")]
    proto = model(nodes, [tensor("x", ("n", 3, 9, 9))], WEIGHTS, domains=["nobody"])
    proto.graph.value_info.append(tensor("h", ("n", 3, 5, 5)))
    stated = imported(tmp_path, proto, dims={"n": 2})
    assert stated.rows[0].sizes == (3, 8, 3, 3, 3, 3, 1, 2)
    assert stated.summary()["not_modelled"] == {"nobody.Mystery": 1}
    with pytest.raises(InputError, match="no layer"):
        imported(tmp_path, proto, shapes={"x": (2, 3, 20, 20)})


def test_an_empty_past_costs_nothing(tmp_path):
    """Decoders take keys of earlier steps, none at first."""
    inputs = [tensor("past", ("p", 20)), tensor("now", (7, 20))]
    nodes = [
        node("Concat", ["past", "now"], ["all"], axis=0),
        node("MatMul", ["past", "w"], ["old"], name="old"),
        node("MatMul", ["all", "w"], name="new"),
    ]
    weights = [stored("w", (20, 5))]
    proto = model(nodes, inputs, weights, outputs=["old", "y"])
    result = imported(tmp_path, proto, dims={"p": 0})
    assert [row.name for row in result.rows] == ["new"]
    assert result.rows[0].macs == 7 * 20 * 5
