"""The mutation tester itself: what it changes, what it leaves alone."""

import ast

import pytest

from tests.mutation.__main__ import draw
from tests.mutation.operators import Faults, Mutant
from tests.mutation.report import write_report

SOURCE = '''
"""A text of 3 words."""

LEVELS = 4

def largest(values: Ints, floor: int = 0) -> Ints:
    if len(values) > LEVELS:
        raise ValueError(f"more than {LEVELS + 1} values")
    found = -values[1:].max(axis=0)
    return found

def other(a: bool, b: bool) -> bool:
    return a and not b
'''


def test_every_mutant_is_a_module_of_its_own_with_one_fault():
    found = Faults("module.py", SOURCE)
    sound = ast.unparse(ast.parse(SOURCE)).splitlines()
    assert len({m.source for m in found}) == len(found)
    for mutant in found:
        changed = mutant.source.splitlines()
        assert mutant.source != "\n".join(sound)
        assert len(set(sound) - set(changed)) <= 3  # an if without its body is one statement


def test_each_operator_finds_its_place():
    found = {(m.operator, m.after) for m in Faults("module.py", SOURCE)}
    assert {
        ("number", "LEVELS = 5"),
        ("number", "LEVELS = 3"),
        ("comparison", "if len(values) >= LEVELS:"),
        ("comparison", "if len(values) <= LEVELS:"),
        ("statement deleted", "pass"),
        ("sign or negation left out", "found = values[1:].max(axis=0)"),
        ("end of slice left out", "found = -values[:].max(axis=0)"),
        ("pair exchanged", "found = -values[1:].min(axis=0)"),
        ("default returned", "return np.zeros_like(found)"),
        ("default returned", "return None"),
        ("and/or", "return a or not b"),
    } <= found


def test_texts_and_errors_are_left_alone():
    for mutant in Faults("module.py", SOURCE):
        assert '"""A text of 3 words."""' in mutant.source
        assert "LEVELS + 1" in mutant.source or mutant.operator == "statement deleted"


def test_only_the_functions_asked_for_are_changed():
    found = Faults("module.py", SOURCE, ("other",))
    assert found
    assert {m.before for m in found} == {"return a and (not b)"}


def test_the_draw_is_that_of_its_seed_and_all_are_different():
    (one, of), (same, _), (other, _) = draw(40, 1), draw(40, 1), draw(40, 2)
    assert one == same
    assert one != other
    assert len({(m.module, m.source) for _, m in one}) == 40 < of
    with pytest.raises(ValueError, match=f"number must lie in 1..{of}"):
        draw(of + 1, 1)


def test_the_report_counts_equivalent_mutants_among_all(tmp_path, monkeypatch):
    dead, alive, same = (
        Mutant("module.py", i, "number", f"x = {i}", f"x = {i + 1}", "") for i in range(3)
    )
    listed = tmp_path / "reasons.toml"
    listed.write_text(
        '[[equivalent]]\nmodule = "module.py"\nbefore = "x = 2"\nafter = "x = 3"\nreason = "No."\n'
        '[[survivor]]\nmodule = "module.py"\nbefore = "x = 1"\nafter = "x = 2"\nreason = "Why."\n'
    )
    monkeypatch.setattr("tests.mutation.report.REASONS", listed)
    judged = [(dead, "tests/test_x.py::test_x"), (alive, ""), (same, "")]
    write_report(tmp_path / "report.md", judged, drawn="All", factor=10)
    text = (tmp_path / "report.md").read_text()
    assert "**1 of 3 killed (33.3 %)**, 0 of them by time; 2 survive, of which 1 (33.3 %)" in text
    assert "| `module.py` | 3 | 1 | 2 | 1 | 33 |" in text
    survivors, equivalent = text.split("## Survivors")[1].split("## Called equivalent")
    assert "`x = 1` became `x = 2`. Why." in survivors
    assert "`x = 2` became `x = 3`. No." in equivalent
    with pytest.raises(ValueError, match=r"why a mutant survives that test_x kills: module.py"):
        write_report(tmp_path / "r.md", [(same, "test_x")], drawn="All", factor=10)
