"""`python -m experiments.run STUDY`: as `imcmoo run`; a publication: as `imcmoo reproduce`."""

import sys

from imcmoo.cli.interrupts import starting

PROG = "experiments.run"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    with starting(PROG):  # importing takes a second or two
        from imcmoo.cli import command_line

        command_line.configure_process()
        from experiments import reproduce
        from imcmoo.cli import run_command
    command = reproduce if {*argv[:1]} & reproduce.PUBLICATIONS.keys() else run_command
    parser = command_line.Parser(prog=PROG, description=command.DESCRIPTION)
    command.add_arguments(parser)
    return command_line.run(
        PROG, lambda: command.main(parser.parse_args(argv)), interrupted=command.INTERRUPTED
    )


if __name__ == "__main__":
    sys.exit(main())
