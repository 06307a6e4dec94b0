"""`python -m tests.reliability`: try everything, count how it ended, write docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.reliability import hardship, trials
from tests.reliability.commands import BAD, FINE, REFUSED, ROOT, Outcome

HEAD = """# What happens when something goes wrong

Written by `make reliability`: commands on a small study of two networks, started as processes, and
disturbed. *{fine}*: it did its work, and what it left is, byte for byte, what an undisturbed
command leaves. *{refused}*: it ended with one line on the terminal that says what is wrong, and
everything that was there is there. Anything else would have a column: {bad}.

"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 if anything was broken, lost, silent or a traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "reliability.md")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as home:
        bench = trials.prepare(Path(home), args.seed)
        found = []
        for outcome in _all(bench, args):
            sys.stderr.write(f"{outcome.kind}: {outcome.case}: {outcome.ended} | {outcome.said}\n")
            found.append(outcome)
    args.report.write_text(page(found), encoding="utf-8")
    return int(any(outcome.ended in BAD for outcome in found))


def _all(bench: trials.Bench, args: argparse.Namespace) -> Iterator[Outcome]:
    yield from hardship.outputs(bench)
    yield from hardship.hardship(bench)
    yield from trials.damage(bench)
    yield from trials.crash_points(bench)
    yield from trials.kills(bench, args.kills)
    yield from trials.pairs(bench, args.pairs)


def page(found: Sequence[Outcome]) -> str:
    """The report."""
    bad = ", ".join(BAD)
    text = HEAD.format(fine=FINE, refused=REFUSED, bad=bad)
    words = (FINE, REFUSED, *(w for w in BAD if any(o.ended == w for o in found)))
    text += f"| tried | times | {' | '.join(words)} |\n|{' --- |' * (2 + len(words))}\n"
    for kind in dict.fromkeys(o.kind for o in found):
        counts = Counter(o.ended for o in found if o.kind == kind)
        cells = [str(counts[w]) for w in words]
        text += f"| {kind} | {sum(counts.values())} | {' | '.join(cells)} |\n"
    text += "\n## Case by case\n\n| tried | case | ended | times |\n| --- | --- | --- | --- |\n"
    for (kind, case, word), times in Counter((o.kind, o.case, o.ended) for o in found).items():
        text += f"| {kind} | `{case}` | {word} | {times} |\n"
    return text


if __name__ == "__main__":
    raise SystemExit(main())
