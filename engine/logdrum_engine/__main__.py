"""`logdrum-engine`: see `logdrum-engine --help`."""

import os
import sys
from typing import Final

# One core for numpy: the steps are small, and pools of threads would fight the hub for the machine.
_THREAD_LIMITS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line and exit with its status."""
    for name in _THREAD_LIMITS:
        os.environ.setdefault(name, "1")
    from logdrum_engine.cli import run_command  # loads numpy, which reads the limits once

    sys.exit(run_command(sys.argv[1:]))


if __name__ == "__main__":
    main()
