"""Run many stories: python -m tests.simulation --seeds 5000"""

import argparse
import logging
import sys
import time

from tests.simulation.run import STEPS, StoryFailed, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=STEPS, help="length of a story (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="go on after a failure, and list the seeds")
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # disks that are full belong to the stories
    began, events, failures = time.perf_counter(), 0, []
    for seed in range(options.first, options.first + options.seeds):
        try:
            events += len(run(seed, options.steps).disk.log)
        except StoryFailed as fault:
            failures.append(seed)
            print(str(fault).rsplit("\n", 1)[-1] if options.all else fault)
            if not options.all:
                break
    print(
        f"{seed - options.first + 1} stories, {events} events, {time.perf_counter() - began:.1f} s, failed: {failures}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
