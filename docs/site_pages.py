"""Extension of Sphinx for our pages: scripts are pages, too, and links may leave the site."""

import re
from pathlib import Path

from myst_parser.sphinx_ import Parser as MystParser
from sphinx.application import Sphinx

CELL = re.compile(r"^# %%(?P<kind>.*)\n", re.MULTILINE)

UPWARD = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>\.\./[^)#]*)[^)]*\)")


def to_markdown(script: str) -> str:
    """The Markdown of a script with cells: text of Markdown cells, code of the others in fences."""
    _, *parts = CELL.split(script)
    cells = zip(parts[::2], parts[1::2], strict=True)
    return "\n\n".join(
        re.sub(r"^# ?", "", text, flags=re.MULTILINE).strip()
        if kind.strip() == "[markdown]"
        else f"```python\n{text.strip()}\n```"
        for kind, text in cells
    )


def without_links_to_the_repository(text: str, folder: Path) -> str:
    """A page in which links to what is in the repository, but on no page, name its path instead.

    Files other than Markdown stay links: the site has copies of them.

    Args:
        text: of the page.
        folder: that links are relative to; in `docs`.

    Raises:
        ValueError: a link leads to nothing.
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


class TutorialParser(MystParser):
    """Reads a script as a page."""

    supported = ("tutorial",)

    def parse(self, inputstring: str, document: object) -> None:
        """Parse what the script says into a document."""
        super().parse(to_markdown(inputstring), document)


def _on_source(app: Sphinx, name: str, content: list[str]) -> None:
    content[0] = without_links_to_the_repository(content[0], Path(app.env.doc2path(name)).parent)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it with Sphinx."""
    app.add_source_parser(TutorialParser)
    app.connect("source-read", _on_source)
    return {"parallel_read_safe": True}
