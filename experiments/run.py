"""`python -m experiments.run STUDY`: as `imcmoo run`, and the three studies that publish pages."""

import sys

from imcmoo.cli.interrupts import starting

PROG = "experiments.run"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    with starting(PROG):  # importing takes a second or two
        from imcmoo.cli import command_line

        command_line.configure_process()
        from experiments.reproduce import run
        from imcmoo.cli import run_command
    return command_line.run(PROG, lambda: run(PROG, argv), interrupted=run_command.INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
