"""Output of commands about a study that lists devices."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from imcmoo.answers.answers import Answers
from imcmoo.answers.robust_folder import robust_note
from imcmoo.cli.terminal import show
from imcmoo.report.answer_card import card_of_devices
from imcmoo.report.terminal_tables import device_table


def show_comparison(terminal: Console, compared: Answers, folder: Path, out: Path) -> None:
    """Print the best chip as a card, the chip of each device, who wins, and the folder.

    Args:
        terminal: where to print.
        compared: the answers.
        folder: where they were written.
        out: folder of all results.
    """
    best, card = compared.best, card_of_devices(compared)
    design = best.study.space.designs(best.levels)[0]
    card = card.with_robustness(robust_note(best.study, design, out))
    terminal.print(card.text(terminal.width), soft_wrap=True)
    show(terminal, device_table(compared))
    for line in compared.statements:
        terminal.print(line, soft_wrap=True)
    terminal.print(f"written: {folder}", soft_wrap=True)
