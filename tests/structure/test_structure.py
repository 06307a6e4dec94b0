"""The package keeps its structure: no measure grows unseen."""

import pytest

from tests import ROOT
from tests.structure.measures import CEILINGS, Structure


@pytest.fixture
def structure(tmp_path):
    """Write the modules of a package and read its structure."""

    def write(**texts):
        folder = tmp_path / "package"
        folder.mkdir()
        for name, text in {"__init__": "", **texts}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return Structure(folder)

    return write


def test_no_measure_of_the_package_is_above_its_ceiling():
    measures = Structure(ROOT / "imcmoo").measures()
    grown = [
        f"{name}: {measures[name].count}, ceiling {ceiling}"
        for name, ceiling in CEILINGS.items()
        if measures[name].count > ceiling
    ]
    assert not grown, "; ".join([*grown, "places: python -m tests.structure --list"])


def test_an_import_in_a_function_closes_a_cycle(structure):
    found = structure(
        a="from package import b\n",
        b="def f():\n    from package.c import d\n",
        c="import package.a\n",
        other="import package.a\n",
    )
    assert found.cycles() == [["package.a", "package.b", "package.c"]]
    assert found.imports_in_functions() == ["package.b:2 from package.c import d"]


def test_imports_of_types_close_no_cycle(structure):
    text = "import typing\nif typing.TYPE_CHECKING:\n    import package.a\n"
    assert structure(a="import package.b\n", b=text).cycles() == []


def test_lines_of_functions_and_modules_are_physical_lines(structure):
    body = "    '''Text.\n\n    '''\n" + "    pass\n" * 36
    found = structure(a="def f():\n" + body, b="def g():\n" + body + "    pass\n" + "\n" * 360)
    assert found.long_functions() == ["package.b:1 g (41)"]
    assert found.long_modules() == ["package.b (401)"]


def test_any_is_counted_where_it_stands_for_a_type(structure):
    text = "from typing import Any\nAlias = list[Any]\ndef f(x: Any) -> 'int': ...\n"
    assert structure(a=text).untyped() == ["package.a:2", "package.a:3"]
