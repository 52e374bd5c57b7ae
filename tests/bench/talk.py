"""How the processes of a benchmark talk to the one that started them: in lines."""

import sys


def say(line: str) -> None:
    """Say one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def finish(line: str) -> None:
    """Say the last line, and stay until stdin ends: of a process that ends, the last line was seen to get lost."""
    say(line)
    sys.stdin.read()
