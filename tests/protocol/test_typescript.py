"""The page's types are those of the structs."""

from pathlib import Path

from logdrum_protocol.typescript import generate

MESSAGES = Path(__file__).parents[2] / "web-demo" / "src" / "client" / "messages.ts"


def test_the_generated_types_are_fresh() -> None:
    assert MESSAGES.read_text(encoding="utf-8") == generate(), "the messages changed: run `make types`"
