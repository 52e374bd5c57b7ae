"""Two hubs on one data folder would write two histories; the second is refused at once."""

import subprocess
import sys
from pathlib import Path

from logdrum_protocol.client_messages import SendChat
from logdrum_protocol.hub_messages import Chat
from tests.harness import ROOT, RunningHub, joined, running_hub


def start_another(hub: RunningHub) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "logdrum_server", "serve", "--port", "0", "--engine", "none", "--data"]
    return subprocess.run([*command, str(hub.data)], capture_output=True, text=True, timeout=20, cwd=ROOT, check=False)


async def test_a_second_hub_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        (tape := hub.data / "tapes" / "of-a-stream.pcm").write_bytes(b"what is being played")
        second = start_another(hub)
        assert second.returncode == 1
        assert second.stderr == (
            f"logdrum: The folder {hub.data} is in use by another hub (process {hub.process.pid}): "
            "stop that one, or choose another folder with --data.\n"
        )
        assert tape.exists(), "the second tidied up what the first is using"
        async with joined(hub) as (caller, _):
            await caller.send(SendChat(text="still here"))
            assert (await caller.until(Chat)).seq == 1


async def test_a_hub_that_was_killed_leaves_its_folder_to_the_next(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        hub.process.kill()
        hub.process.wait()
    with running_hub(tmp_path, "--engine", "none") as hub:
        assert hub.process.poll() is None
