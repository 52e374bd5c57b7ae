"""Log lines: one event, one line, whatever its fields hold."""

import json
import logging
import sys

import pytest

from logdrum_server.logs import formatter

WICKED = "a\nINFO    forged: line\x1b[2J"


def record(message: str = "joined", *, fault: bool = False, **extra: object) -> logging.LogRecord:
    """A record as the logging module makes it."""
    exc_info = None
    if fault:
        try:
            raise ValueError("reason")
        except ValueError:
            exc_info = sys.exc_info()
    return logging.getLogger("logdrum").makeRecord(
        "logdrum", logging.INFO, "file", 1, message, (), exc_info, extra=extra
    )


def test_a_line_of_text_is_its_message_and_then_its_fields() -> None:
    assert formatter("text").format(record(room="sunset", code=1000)).endswith("logdrum: joined room=sunset code=1000")


def test_a_field_does_not_begin_another_line() -> None:
    line = formatter("text").format(record(path=WICKED))
    assert "\n" not in line
    assert "\x1b" not in line


def test_a_traceback_follows_the_line_and_its_fields() -> None:
    head, *traceback = formatter("text").format(record("failed", fault=True, room="sunset")).splitlines()
    assert head.endswith("failed room=sunset")
    assert traceback[-1] == "ValueError: reason"


@pytest.mark.parametrize("fault", [False, True])
def test_a_json_line_is_one_object(fault: bool) -> None:
    line = formatter("json").format(record(path=WICKED, code=5, other=WICKED.__class__, fault=fault))
    assert "\n" not in line
    read = json.loads(line)
    assert (read["message"], read["level"], read["path"], read["code"]) == ("joined", "info", WICKED, 5)
    assert ("traceback" in read) is fault
