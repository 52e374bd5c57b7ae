"""`python -m logdrum_engine.separation_fit`: see its `--help`."""

import os
import sys
from typing import Final

_THREAD_LIMITS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line, on one core unless it says otherwise, and exit with its status."""
    for name in _THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    from logdrum_engine.separation_fit.command import fit_command  # loads numpy, which reads the limits once

    sys.exit(fit_command(sys.argv[1:]))


if __name__ == "__main__":
    main()
