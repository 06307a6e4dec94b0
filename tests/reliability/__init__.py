"""Commands while machines and people misbehave; `make reliability` counts how they end."""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # two trials run side by side, and forks own no threads
