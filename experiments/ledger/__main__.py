"""`python -m experiments.ledger`: measure the ledger; writes the CSV and the page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.ledger.optimum import PUBLISHED, Optimum
from experiments.ledger.table import measure, page
from experiments.paper.settings import STUDIES, TECHNOLOGY
from imcmoo.cli import command_line as cli
from imcmoo.io.files import replacing

PROG = "experiments.ledger"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = cli.Parser(prog=PROG, description=__doc__)
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
    return cli.run(
        PROG, lambda: write(args.published, args.docs), interrupted="nothing was written"
    )


def write(published: Path, docs: Path) -> None:
    """Measure the studies of the reference model and write `ledger.csv` and `ledger.md`."""
    optima = [Optimum.published(study, published) for study in (*STUDIES, TECHNOLOGY)]
    frame = pd.concat([measure(o) for o in optima], ignore_index=True)
    texts = {
        published / "ledger.csv": frame.to_csv(index=False, lineterminator="\n"),
        docs / "ledger.md": page(frame, optima),
    }
    for path, text in texts.items():
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
