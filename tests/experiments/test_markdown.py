"""Names that templates of pages get from modules."""

from types import ModuleType

import pytest
from jinja2 import DictLoader, UndefinedError

from experiments import markdown


@pytest.fixture(autouse=True)
def _template(monkeypatch):
    templates = {
        "a.md": "{{ SHARE }} {{ percent(0.5) }}",
        "b.md": "{{ _hidden }}",
        "c.md": "{{ os }}",
    }
    monkeypatch.setattr(markdown._ENVIRONMENT, "loader", DictLoader(templates))


def module(name, **names):
    made = ModuleType(name)
    vars(made).update(names)
    return made


def test_a_template_gets_what_a_module_defines_and_neither_its_own_nor_its_imports():
    one = module("one", SHARE=1, _hidden=2, os=ModuleType("os"), percent=markdown.percent)
    assert markdown.render("a.md", one, module("two", SHARE=1)) == "1 50.0 %"
    assert markdown.render("a.md", one, percent=lambda value: "half") == "1 half"
    for template in "b.md", "c.md":
        with pytest.raises(UndefinedError):
            markdown.render(template, one)


def test_no_name_of_a_template_has_two_meanings():
    one = module("one", SHARE=1)
    for other in module("two", SHARE=2), module("two", percent=str):
        with pytest.raises(ValueError, match="of two has two meanings"):
            markdown.render("a.md", one, other)
