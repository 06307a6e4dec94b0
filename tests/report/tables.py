"""Tables as a terminal shows them."""

import io
import re

from rich.console import Console
from rich.table import Table

from imcmoo.cli.terminal import show

NUMBER = re.compile(r"[-+−]?[0-9][^ \n]*")


def shown(parts, width):
    """Text of tables and other parts; checks that it fits and that all numbers are whole."""
    console = Console(width=width, file=io.StringIO(), record=True, markup=False)
    show(console, *parts)
    text = console.export_text()
    assert "…" not in text, text
    assert max(map(len, text.splitlines())) <= width, text
    tables = [part for part in parts if isinstance(part, Table)]
    words = set(re.split(r"[ \n│┃]+", text))
    for table in tables:
        for column in table.columns:
            if column.justify == "right":
                for cell in column.cells:
                    for number in NUMBER.findall(str(cell)):
                        assert number in words, (number, text)
    return text
