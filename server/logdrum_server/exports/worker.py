"""`python -m logdrum_server.exports.worker`: one task from standard input, its outcome to standard output."""

import gc
import os
import sys
from typing import Final

import msgspec

from logdrum_server.exports.tasks import Task
from logdrum_server.exports.workbench import carry_out

_NICENESS: Final = 10
"""Below the hub and the engine: music that is heard now goes before a file."""


def main() -> None:
    """Do one task."""
    os.nice(_NICENESS)
    gc.disable()  # nothing here lives long, and a great document is a million objects to look at each time
    task = msgspec.msgpack.Decoder[Task](Task).decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.msgpack.encode(carry_out(task)))


if __name__ == "__main__":
    main()
