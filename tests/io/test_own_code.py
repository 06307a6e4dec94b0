"""A hash of code and data changes with what a result can depend on, and with nothing else."""

import sys

import pytest

from imcmoo.io import fingerprint

MODULES = {
    "__init__": "",
    "result": "from hashed.helper import value\n",
    "helper": "def value():\n    from hashed.late import more\n    return more\n",
    "late": "more = 1\n",
    "near": "from .helper import value\nfrom . import other\n",
    "other": "",
    "hints": "",
    "told": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hashed.hints\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "hashed"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "hashed"]:
        del sys.modules[name]
    fingerprint._source.cache_clear()
    fingerprint._imported.cache_clear()
    return folder


@pytest.mark.parametrize(
    ("module", "edited", "changes"),
    [
        ("result", "result", True),
        ("result", "helper", True),
        ("result", "late", True),
        ("result", "__init__", True),
        ("result", "other", False),
        ("near", "helper", True),
        ("near", "late", True),
        ("near", "other", True),
        ("near", "result", False),
        ("told", "told", True),
        ("told", "hints", False),
    ],
)
def test_an_edit_changes_the_hash_of_what_can_reach_it(package, module, edited, changes):
    before = fingerprint.code_digest(f"hashed.{module}")
    path = package / f"{edited}.py"
    path.write_text(path.read_text() + "# edited\n")
    assert (fingerprint.code_digest(f"hashed.{module}") != before) is changes


def test_data_counts_as_code_does(package):
    data = package / "table.csv"
    data.write_text("a\n1\n")
    before = fingerprint.code_digest("hashed.other", data=[data])
    data.write_text("a\n2\n")
    assert fingerprint.code_digest("hashed.other", data=[data]) != before


def test_a_module_without_a_source_is_refused(package):
    with pytest.raises(ModuleNotFoundError, match=r"hashed\.nowhere"):
        fingerprint.code_digest("hashed.nowhere")
