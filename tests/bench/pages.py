"""Two browser pages: measured by the browser tests, shown here; `--add` brings their rows in.

A row is `{"bench": "pages", "subject": "logdrum", "n": 2, "metric": "alignment", "value": …, "unit": "ms"}`.
"""

from typing import Final

from .suite import Bench

PAGES: Final = Bench(
    name="pages",
    title="Two browser pages: how far apart the audio is that they render for one hub moment",
    note="From what the worklets render in a real Chromium.",
    round=lambda _settings, _run: iter(()),
)
