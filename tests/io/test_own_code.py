"""Digests of a user's code change with what it can reach, and with nothing else."""

import ast
import importlib
import sys

import pytest

from imcmoo.io.own_code import own_code

FILES = {
    "mine.py": "import beside\nfrom kit import near\nimport numpy, json, imcmoo\n"
    "def late():\n    import inner\n    importlib.import_module('by_name')\n"
    "    return open(Path(__file__).with_name('costs.txt'))\n",
    "beside.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hints\n",
    "inner.py": "",
    "by_name.py": "",
    "hints.py": "",
    "unused.py": "",
    "costs.txt": "1\n",
    "other.txt": "1\n",
    "kit/__init__.py": "",
    "kit/near.py": "from .far import more\nfrom . import sub\n",
    "kit/far.py": "more = 1\nimport_module('.lazy', 'kit')\nget_data('no name', '')\n",
    "kit/lazy.py": "",
    "kit/unused.py": "",
    "kit/sub/__init__.py": "",
    "kit/sub/table.csv": "1\n",
    "kit/results/run.csv": "1\n",
    "kit/.hidden": "1\n",
    "read/table.csv": "1\n",
    "reader.py": "from importlib import resources\nresources.files('read')\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    importlib.invalidate_caches()
    return tmp_path


def test_it_names_what_it_found(folder):
    assert list(own_code(["mine"])) == [
        *("beside", "by_name", "files of kit", "inner", "kit", "kit.far", "kit.lazy", "kit.near"),
        *("kit.sub", "mine", "mine: costs.txt"),
    ]
    assert list(own_code(["reader"])) == ["files of read", "reader"]


@pytest.mark.parametrize("name", FILES)
def test_an_edit_is_noticed_where_it_can_matter(folder, name):
    before = own_code(["mine"])
    path = folder / name
    path.write_text(path.read_text() + "# edited\n")
    after = own_code(["mine"])
    changed = [key for key in before if after[key] != before[key]]
    expected = {
        "costs.txt": ["mine: costs.txt"],
        "kit/__init__.py": ["kit"],
        "kit/sub/__init__.py": ["kit.sub"],
        "kit/sub/table.csv": ["files of kit"],
    }
    idle = ("hints.py", "unused.py", "other.txt", "kit/unused.py", "kit/results/run.csv")
    idle += ("kit/.hidden", "read/table.csv", "reader.py")
    named = [name.removesuffix(".py").replace("/", ".")]
    assert changed == ([] if name in idle else expected.get(name, named))


def test_a_module_is_parsed_once_however_often_its_digest_is_asked_for(folder, monkeypatch):
    """Each search of a run asks."""
    before = own_code(["mine"])
    monkeypatch.setattr("imcmoo.io.own_code._parsed", lambda content: ast.Module([], []))
    assert own_code(["mine"]) == before


def test_nothing_is_run(folder):
    (folder / "kit" / "__init__.py").write_text("raise RuntimeError\n")
    assert "kit.far" in own_code(["mine"])
    assert "kit" not in sys.modules


def test_modules_of_the_project_and_what_is_installed_do_not_count():
    assert own_code(["imcmoo.exact.enumeration", "problems", "json"]) == {}


def test_an_installed_model_counts_with_its_package(folder):
    """One that an installed package offers, but not what else is installed."""
    place = folder / "lib" / "site-packages"
    (place / "offered").mkdir(parents=True)
    (place / "offered" / "__init__.py").write_text("from offered import part\nimport wheel\n")
    (place / "offered" / "part.py").write_text("")
    (place / "wheel.py").write_text("")
    sys.path.insert(0, str(place))
    try:
        assert list(own_code(["offered"])) == ["offered", "offered.part"]
    finally:
        sys.path.remove(str(place))


def test_a_module_beside_is_found_where_the_path_does_not_lead(folder, monkeypatch):
    (folder / "odd").mkdir()
    (folder / "odd" / "__init__.py").write_text("")
    (folder / "odd" / "score.py").write_text("import aside\n")
    (folder / "odd" / "aside.py").write_text("")
    assert "aside" in own_code(["odd.score"])


def test_line_ends_and_broken_sources_do_not_matter(folder):
    before = own_code(["mine"])
    path = folder / "beside.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert own_code(["mine"]) == before
    (folder / "inner.py").write_text("def (\n")
    (folder / "by_name.py").write_text("from ... import nothing\n")
    assert own_code(["mine"])["inner"] != before["inner"]


def test_a_module_that_is_not_there_counts_nothing(folder):
    assert own_code(["nowhere", "mine.nothing"]) == own_code(["mine"])


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("from star import *\n", "star/part.py"),
        ("if TYPE_CHECKING: X: int\nelse: from hidden import X\n", "hidden.py"),
        ("from importlib import import_module as load\nload('hidden')\n", "hidden.py"),
        ("import runpy\nrunpy.run_module('hidden')\n", "hidden.py"),
        ("import pkgutil\npkgutil.resolve_name('hidden:X')\n", "hidden.py"),
        ("exec(open('hidden.py').read())\n", "hidden.py"),
        ("open(Path(__file__).parent / 'lib' / 'd.csv')\n", "lib/d.csv"),
    ],
)
def test_other_ways_to_name_code_and_data_are_seen(tmp_path, monkeypatch, text, file):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "asks.py").write_text(text)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / "star").mkdir(exist_ok=True)
    (tmp_path / "star" / "__init__.py").write_text("__all__ = ['part']\n")
    (tmp_path / file).write_text("X = 1\n")
    importlib.invalidate_caches()
    before = own_code(["asks"])
    (tmp_path / file).write_text("X = 2\n")
    assert own_code(["asks"]) != before
