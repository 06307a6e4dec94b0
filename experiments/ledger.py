"""`python -m experiments.ledger`: measure the model discrepancies; writes the CSV and the page."""

from __future__ import annotations

from pathlib import Path

from experiments.paper.discrepancies import measure, optima, page
from experiments.paper.published_optimum import PUBLISHED
from experiments.publish import to_csv, write
from imcmoo.cli import command_line

PROG = "experiments.ledger"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = command_line.Parser(prog=PROG, description=__doc__)
    parser.add_argument(
        "--published",
        type=Path,
        default=PUBLISHED,
        help="folder of the published tables, which gets ledger.csv (default: %(default)s)",
    )
    parser.add_argument(
        "--docs", type=Path, default=Path("docs"), help="gets ledger.md (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    return command_line.run(
        PROG, lambda: _write(args.published, args.docs), interrupted="nothing was written"
    )


def _write(published: Path, docs: Path) -> None:
    designs = optima(published)
    frame = measure(designs)
    write(published / "ledger.csv", to_csv(frame))
    write(docs / "ledger.md", page(frame, designs))


if __name__ == "__main__":
    raise SystemExit(main())
