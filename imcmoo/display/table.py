"""One table of text, and its forms: terminal, Markdown, LaTeX and HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from rich.table import Table as RichTable

from imcmoo.display.rich_tables import new_table

Kind = Literal["numbers", "card"]


@dataclass(frozen=True)
class Table:
    """A table whose cells are text.

    Args:
        columns: heading of each column; empty for a card.
        rows: cells of each row; the first is its heading.
        title: title of the table.
        notes: remarks below the table.
        kind: "numbers" if all columns but the first hold numbers; "card" if each row is a heading
            with a sentence.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str
    notes: Sequence[str] = ()
    kind: Kind = "numbers"

    def to_rich(self) -> RichTable:
        """The table for a terminal."""
        first, *numbers = self.columns
        table = new_table(first, title=self.title, numbers=numbers)
        for row in self.rows:
            table.add_row(*row)
        table.caption = "\n".join(self.notes)
        return table

    def to_markdown(self) -> str:
        """The table in Markdown: numbers with notes, or a card with its title."""
        if self.kind == "card":
            lines = [["", ""], ["---", "---"], *self.rows]
            return f"**{self.title}**\n\n{_markdown(lines)}\n"
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        notes = "\n".join(f"- {note}".replace("*", "\\*") for note in self.notes)
        return f"{_markdown(lines)}\n\n{notes}\n"

    def to_latex(self) -> str:
        """The table in LaTeX, for the package booktabs; a card has its title above the columns."""
        if self.kind == "card":
            return _latex_table(r"lp{0.75\linewidth}", [self.title], self.rows, self.notes)
        alignment = "l" + "r" * (len(self.columns) - 1)
        return _latex_table(alignment, self.columns, self.rows, self.notes)

    def to_html(self) -> str:
        """A card in HTML."""
        rows = (f"<tr><th>{escape(h)}</th><td>{escape(text)}</td></tr>" for h, text in self.rows)
        return f"<table><caption>{escape(self.title)}</caption>{''.join(rows)}</table>"


def _markdown(rows: Iterable[Sequence[str]]) -> str:
    cells = [[text.replace("|", "\\|").replace("*", "\\*") for text in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "²": "$^2$",
    "µ": r"$\mu$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
    **{sign: f"${sign}$" for sign in "<>|"},
}


def latex(text: str) -> str:
    """Text with the signs of LaTeX escaped."""
    return "".join(LATEX.get(sign, sign) for sign in text)


def _latex_table(
    columns: str, heading: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()
) -> str:
    """A table of LaTeX for the package booktabs.

    Args:
        columns: their alignment, such as `lrr`.
        heading: text per column; a single one is a title above all columns.
        rows: text per column.
        notes: comments below the table.
    """
    listed = [*rows]
    lines = [" & ".join(map(latex, row)) + r" \\" for row in listed]
    head = " & ".join(map(latex, heading))
    if len(heading) == 1:
        head = rf"\multicolumn{{{max(map(len, listed), default=1)}}}{{l}}{{{head}}}"
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            *(r"\toprule", rf"{head} \\", r"\midrule", *lines, r"\bottomrule"),
            r"\end{tabular}",
            *(f"% {note}" for note in notes),
            "",
        ]
    )
