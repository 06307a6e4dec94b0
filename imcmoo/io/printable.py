"""Texts of strangers on a terminal: no character steers it, reorders a line or cannot be seen."""

from __future__ import annotations

from unicodedata import category

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that a terminal obeys or does not show."""

LAID_OUT = frozenset("\n\t")
"""Characters among them that lay out a text."""


def is_printable(text: str) -> bool:
    """True if a text, such as a name, is one line in which every character is shown."""
    return text.isprintable() or not any(category(c) in UNSEEN for c in text)


def printable(text: str) -> str:
    """A text for the terminal, its lines kept: other characters that are not shown as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(
        c if c in LAID_OUT or category(c) not in UNSEEN else ascii(c)[1:-1] for c in text
    )


def printable_line(text: str) -> str:
    """A text as `printable` gives it, in one line: line breaks as `\\n`."""
    return printable(text).replace("\n", r"\n")
