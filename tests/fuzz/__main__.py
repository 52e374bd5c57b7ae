"""Besiege hubs for a while: python -m tests.fuzz --seconds 600 --seed 7"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.attacks import ATTACKS
from tests.fuzz.siege import Fallen, Tally, besiege
from tests.harness import running_hub


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--each", type=float, default=60, help="seconds of one siege (default: %(default)s)")
    parser.add_argument("--only", action="append", metavar="ATTACK", help="nothing but this attack; may be given again")
    parser.add_argument("--all", action="store_true", help="go on after a failure, and list the seeds")
    options = parser.parse_args()
    attacks = [attack for attack in ATTACKS if not options.only or attack.__name__ in options.only]
    began, seed, failed = time.monotonic(), options.seed, list[int]()
    while time.monotonic() - began < options.seconds and (options.all or not failed):
        try:
            with tempfile.TemporaryDirectory() as folder, running_hub(Path(folder), "--engine", "none") as hub:
                print(f"seed {seed}: {_told(asyncio.run(besiege(hub, seed, options.each, attacks)))}", flush=True)
        except Fallen as fault:
            failed.append(seed)
            print(fault, flush=True)
        seed += 1
    print(f"{seed - options.seed} sieges in {time.monotonic() - began:.0f} s, failed: {failed}")
    return 1 if failed else 0


def _told(tally: Tally) -> str:
    return (
        f"{tally.attacks.total()} attacks, witnesses' edits {dict(tally.answers)}, {tally.ops:,} operations, "
        f"grown by {tally.grown_bytes / 2**20:.0f} MiB, slowest pong {tally.slowest_pong_s:.2f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
