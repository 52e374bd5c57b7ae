"""How much a thread of the engine gives way to everything else on the machine."""

import os
import threading


def yield_to_others(niceness: int) -> None:
    """Let this thread run below others, as far as the system has such a thing."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    except (OSError, AttributeError):  # only Linux counts a thread as a process
        pass
