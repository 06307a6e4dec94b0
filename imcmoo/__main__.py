"""`imcmoo`, also `python -m imcmoo`: the package's command line."""

import sys

from imcmoo.cli.interrupts import starting


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    with starting("imcmoo"):
        from imcmoo.cli.main import main as run_command
    return run_command(argv)


if __name__ == "__main__":
    sys.exit(main())
