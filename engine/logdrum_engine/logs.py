"""Log lines for people: a constant message, then its fields."""

import logging
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class FieldFormatter(logging.Formatter):
    """Appends what `extra` holds as `key=value`."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """Return the line without its traceback."""
        fields = (f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD)
        return " ".join([super().formatMessage(record), *fields])


def log_to_stderr(level: str) -> None:
    """Send log lines of `level` and up to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(FieldFormatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
