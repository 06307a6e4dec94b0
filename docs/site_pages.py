"""Sphinx extension: scripts and notebooks are pages with their output, equations need no network,
and links may leave the site."""

import ast
import contextlib
import io
import json
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
from docutils import nodes
from matplotlib.mathtext import math_to_image
from myst_parser.sphinx_ import Parser as MystParser
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

CELL = re.compile(r"^# %%(?P<kind>.*)\n", re.MULTILINE)

UPWARD = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>\.\./[^)#]*)[^)]*\)")

MATHTEXT = {"le": "leq", "ge": "geq", "ne": "neq", "tfrac": "frac", "text": "mathrm"}
"""Commands of LaTeX that Matplotlib lacks, and what it has for them."""

LACKING = re.compile(r"(?<=\\)(?:le|ge|ne|tfrac|text)(?![a-zA-Z])")


def cells_of_script(script: str) -> Iterable[tuple[bool, str]]:
    """Cells of a script: whether each is text, and its source."""
    _, *parts = CELL.split(script)
    for kind, text in zip(parts[::2], parts[1::2], strict=True):
        is_text = kind.strip() == "[markdown]"
        yield is_text, re.sub(r"^# ?", "", text, flags=re.MULTILINE) if is_text else text


def cells_of_notebook(notebook: str) -> Iterable[tuple[bool, str]]:
    """Cells of a notebook: whether each is text, and its source."""
    for cell in json.loads(notebook)["cells"]:
        yield cell["cell_type"] == "markdown", "".join(cell["source"])


def to_markdown(cells: Iterable[tuple[bool, str]]) -> str:
    """Run the code of all cells; return text, code, and the output of each cell."""
    names: dict[str, object] = {"__name__": "tutorial"}
    blocks = []
    for is_text, source in cells:
        if is_text:
            blocks.append(source.strip())
        else:
            blocks += [f"```python\n{source.strip()}\n```", *_outputs(source, names)]
    return "\n\n".join(blocks)


def _outputs(code: str, names: dict[str, object]) -> list[str]:
    """Run a cell; return what it printed, its last value and its figures as Markdown."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        value = _run(code, names)
    blocks = [f"```text\n{printed.getvalue().rstrip()}\n```"] if printed.getvalue() else []
    if hasattr(value, "_repr_html_"):
        blocks.append(_raw(value._repr_html_()))
    for number in plt.get_fignums():
        figure, drawn = plt.figure(number), io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
        plt.close(figure)
        svg = drawn.getvalue()
        blocks.append(_raw(svg[svg.index("<svg") :]))
    return blocks


def _run(code: str, names: dict[str, object]) -> object:
    """Run code; return the value of its last line if that is an expression, as a notebook does."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "tutorial", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "tutorial", "eval"), names)


def _raw(html: str) -> str:
    return "```{raw} html\n" + html.strip() + "\n```"


def without_links_to_the_repository(text: str, folder: Path) -> str:
    """The text of a page of a folder in `docs` in which links to what is in the repository, but on
    no page, name its path instead; a ValueError if one leads to nothing.

    Files other than Markdown stay links: the site has copies of them.
    """
    docs = Path(__file__).parent

    def told(link: re.Match[str]) -> str:
        path = (folder / link["target"]).resolve()
        if not path.exists():
            raise ValueError(f"a link to {link['target']} leads to nothing")
        if path.is_relative_to(docs) or (path.is_file() and path.suffix != ".md"):
            return link[0]
        name = path.relative_to(docs.parent).as_posix()
        return f"`{name}`" if link["text"] == name else f"{link['text']} (`{name}`)"

    return UPWARD.sub(told, text)


def _equation(source: str) -> str:
    """Draw an equation as inline SVG in the colour of the text."""
    drawn = io.BytesIO()
    source = LACKING.sub(lambda m: MATHTEXT[m[0]], " ".join(source.split()))
    with plt.rc_context({"mathtext.fontset": "cm", "svg.fonttype": "path", "font.size": 12}):
        depth = math_to_image(f"${source}$", drawn, format="svg")
    svg = drawn.getvalue().decode()
    svg = re.sub(r"<(metadata|g id=\"patch_1\")>.*?</\1>", "", svg[svg.index("<svg") :], flags=re.S)
    style = f"vertical-align: -{depth:.1f}pt; fill: currentColor"
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(source)}" style="{style}"', 1)


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_equation(node.astext()))
    raise nodes.SkipNode


def _displayed(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div style="text-align: center">{_equation(node.astext())}</div>')
    raise nodes.SkipNode


class TutorialParser(MystParser):
    """Run a script and read it as a page."""

    supported = ("tutorial",)

    def parse(self, inputstring: str, document: object) -> None:
        """Parse the text, code and output of the script into a document."""
        super().parse(to_markdown(cells_of_script(inputstring)), document)


class NotebookParser(MystParser):
    """Run a notebook and read it as a page."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: object) -> None:
        """Parse the text, code and output of the notebook into a document."""
        super().parse(to_markdown(cells_of_notebook(inputstring)), document)


def _on_source(app: Sphinx, name: str, content: list[str]) -> None:
    content[0] = without_links_to_the_repository(content[0], Path(app.env.doc2path(name)).parent)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parser and the treatment of links with Sphinx."""
    plt.switch_backend("Agg")
    app.add_source_parser(TutorialParser)
    app.add_source_parser(NotebookParser)
    app.add_html_math_renderer("svg", (_inline, None), (_displayed, None))
    app.connect("source-read", _on_source)
    return {"parallel_read_safe": False}
