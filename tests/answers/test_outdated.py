"""Results of older cost models are listed."""

import json

import pytest

from imcmoo.answers.outdated import outdated
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.model import physical
from tests.cli.helpers import refused

NOW = physical.MODEL_VERSION


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def results(tmp_path):
    """A run, a certificate and a publication, of the physical model but for one."""
    write(tmp_path / "new" / "config.json", {"stamp": {"versions": {"physical": NOW}}})
    write(tmp_path / "old" / "config.json", {"stamp": {"versions": {"physical": NOW - 1}}})
    write(
        tmp_path / "certified" / "a" / "certificate.json", {"stamp": {"versions": {"physical": 2}}}
    )
    write(
        tmp_path / "published" / "model_versions.json",
        {"versions": {"reference": 0, "imcmoo": "0.1"}},
    )
    write(tmp_path / "other" / "design.json", {"versions": {"physical": 1}})
    write(tmp_path / "list" / "config.json", [1])
    return tmp_path


def test_folders_of_older_results_are_listed_with_both_versions(results):
    table = outdated(results)
    assert table["folder"].tolist() == [
        str(results / name) for name in ("certified/a", "old", "published")
    ]
    assert table["version"].tolist() == [2, NOW - 1, 0]
    assert table["current"].tolist() == [NOW, NOW, 1]


def test_the_command_says_which_and_when_there_are_none(results, capsys):
    assert main(["outdated", str(results)]) == 0
    said = capsys.readouterr().out
    assert f"version {NOW - 1} of the physical cost model, now {NOW}" in said
    assert main(["outdated", str(results / "new")]) == 0
    assert "no results of an older cost model" in capsys.readouterr().out


def test_a_damaged_file_or_a_missing_folder_is_one_error(results, capsys):
    (results / "old" / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"old.config\.json"):
        outdated(results)
    assert "no such folder" in refused(capsys, "outdated", str(results / "none"))
