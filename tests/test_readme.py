"""What the README shows runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

from tests.harness import ROOT, running_hub


def test_the_readmes_client_plays_eight_bars(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    with running_hub(tmp_path) as hub:
        script = tmp_path / "example.py"
        script.write_text(example.replace("http://127.0.0.1:8765", hub.url))
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    samples = sum(int(line.split("(")[1].split(",")[0]) for line in done.stdout.splitlines())
    assert samples == round(8 * 4 * 60 / 113 * 48_000)
