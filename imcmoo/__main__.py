"""`python -m imcmoo`: the package's command line."""

import sys

from imcmoo.cli.start import main

if __name__ == "__main__":
    sys.exit(main())
