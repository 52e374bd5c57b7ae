"""The page's table of instruments is the protocol's, written by hand for its select and its drum keys (D1)."""

import re

from logdrum_protocol.instruments import DRUM_KEYS, INSTRUMENTS
from tests.browser.conftest import REPOSITORY

TABLES = (REPOSITORY / "web-demo" / "src" / "page" / "instruments.ts").read_text()


def test_d1_the_page_knows_every_instrument_by_its_name_label_and_patches() -> None:
    rows = re.findall(r'\{ name: "(\w+)", label: "([^"]+)", patches: (\d+) \}', TABLES)
    assert rows == [(one.name, one.label, str(one.patches)) for one in INSTRUMENTS]


def test_the_page_knows_what_each_drum_key_strikes() -> None:
    rows = re.findall(r'^  (\d+): "([^"]+)",$', TABLES, re.MULTILINE)
    assert {int(key): drum for key, drum in rows} == dict(DRUM_KEYS)
