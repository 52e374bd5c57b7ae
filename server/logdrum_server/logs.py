"""Log lines: a constant message, then its fields; as text for people, or a JSON object a line for machines."""

import json
import logging
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

LogFormat: TypeAlias = Literal["text", "json"]

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _OWN}


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        head, *traceback = super().format(record).split("\n", 1)
        return "\n".join([f"{head} {fields}" if fields else head, *traceback])


def _shown(value: object) -> str:
    """A value on its line: what would begin another, or move the cursor, is quoted."""
    text = str(value)
    return text if text.isprintable() else repr(text)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logging(*, verbose: bool, log_format: LogFormat = "text") -> None:
    """Log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def formatter(log_format: LogFormat) -> logging.Formatter:
    """Return what makes a record a line."""
    return _Json() if log_format == "json" else _Text("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
