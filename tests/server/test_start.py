"""Starting and stopping the hub as a user does: one-sentence errors, a clean end, and no torch."""

import os
import re
import signal
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.harness import ROOT, running_hub


def serve(*options: str, timeout_s: float = 30) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "logdrum_server", "serve", "--engine", "none", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def assert_one_sentence(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 1
    assert re.fullmatch(r"logdrum: .+\.\n", done.stderr), done.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = serve("--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "data"))
    assert_one_sentence(done)
    assert "in use" in done.stderr


def test_an_unknown_host_is_one_sentence(tmp_path: Path) -> None:
    assert_one_sentence(serve("--host", "256.1.1.1", "--data", str(tmp_path / "data")))


@pytest.mark.parametrize("data", ["/proc/logdrum", "{tmp}/file/data"])
def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, data: str) -> None:
    (tmp_path / "file").touch()
    assert_one_sentence(serve("--data", data.format(tmp=tmp_path)))


@pytest.mark.parametrize("options", [["--port", "70000"], ["--port", "x"], ["--engine", "gpu"], ["--engine", "unix:"]])
def test_a_wrong_option_is_told_with_the_usage(options: list[str]) -> None:
    done = serve(*options)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_version_and_help() -> None:
    for option in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-m", "logdrum_server", option], capture_output=True, text=True, check=True
        )
        assert "logdrum" in done.stdout


def test_ctrl_c_ends_hub_and_engine_without_a_traceback(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        hub.process.send_signal(signal.SIGINT)
        assert hub.process.wait(10) == 0
        assert "Traceback" not in hub.log


def test_a_second_signal_forces(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        os.kill(hub.process.pid, signal.SIGSTOP)  # so that both signals are there before either is handled
        os.kill(hub.process.pid, signal.SIGINT)
        os.kill(hub.process.pid, signal.SIGTERM)
        os.kill(hub.process.pid, signal.SIGCONT)
        assert hub.process.wait(10) == 130


def test_the_hub_installs_and_starts_without_torch_or_numpy(tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{ROOT}[server]"]
    subprocess.run(pip, check=True, capture_output=True, timeout=110)
    listed = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout.lower()
    assert not {"torch", "numpy", "soundfile"} & {line.split()[0] for line in listed.splitlines()}
    command = [home / "bin" / "logdrum", "serve", "--engine", "none", "--port", "0", "--data", tmp_path / "data"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Logdrum is at http://127.0.0.1:")
        process.terminate()
        assert process.wait(10) == 0
