"""Importing torch beside music."""

import ctypes
import importlib.util
import os
from pathlib import Path
from typing import Final

_LIBRARY: Final = "lib/libtorch_python.so"


def import_torch() -> None:
    """Import torch, and let the other threads of the process go on meanwhile; raises ImportError.

    Python loads a library with its lock held, which takes this one long enough for heartbeats to stay out. A call into
    the C library lets go of the lock, and what it has loaded Python has only to find.
    """
    found = importlib.util.find_spec("torch")
    if os.name == "posix" and found is not None:
        load = ctypes.CDLL(None).dlopen
        load.restype, load.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        for folder in found.submodule_search_locations or ():
            load(os.fsencode(Path(folder) / _LIBRARY), os.RTLD_NOW)  # where it fails, the import says why
    importlib.import_module("torch")
