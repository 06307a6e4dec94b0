"""Output of commands about a study that lists devices."""

from __future__ import annotations

from rich.console import Console

from imcmoo.cli.terminal import show
from imcmoo.report.answer_card import card_of_devices
from imcmoo.report.terminal_tables import device_table
from imcmoo.study.comparison import Comparison


def show_comparison(terminal: Console, compared: Comparison) -> None:
    """Print the best chip as a card, the chip of each device, who wins, and the folder."""
    terminal.print(card_of_devices(compared).text(terminal.width), soft_wrap=True)
    show(terminal, device_table(compared))
    for line in compared.statements:
        terminal.print(line, soft_wrap=True)
    terminal.print(f"written: {compared.folder}", soft_wrap=True)
