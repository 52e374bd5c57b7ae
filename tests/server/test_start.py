"""Starting and stopping the hub as a user does: one-sentence errors, a clean end, and no torch."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from logdrum_protocol.client_messages import Hello
from logdrum_protocol.hub_messages import Welcome
from tests.harness import ROOT, RunningHub, call, joined, running_hub


def serve(*options: str, timeout_s: float = 30) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "logdrum_server", "serve", "--engine", "none", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def logdrum(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "logdrum_server", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


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


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--engine", "gpu"],
        ["--engine", "unix:"],
        ["--tokens", "--open"],
        ["--origin", "jam.example"],
        ["--max-connections-per-address", "-1"],
        ["--max-members", "0"],
        ["--log-format", "xml"],
    ],
)
def test_a_wrong_option_is_told_with_the_usage(options: list[str]) -> None:
    done = serve(*options)
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.mark.parametrize("command", [[], ["serve"], ["token"], ["top"], ["export"], ["import"]])
def test_help_shows_how(command: list[str]) -> None:
    done = logdrum(*command, "--help")
    assert done.returncode == 0
    assert "usage: logdrum" in done.stdout
    assert not command or "examples:" in done.stdout


def test_version() -> None:
    assert re.fullmatch(r"logdrum \d+\.\d+\.\d+\n", logdrum("--version").stdout)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sunset", "--rotate"],
        ["Sunset"],
        ["sunset", "--role", "admin"],
        ["sunset", "--name", ""],
        ["sunset", "--expires", "0h"],
        ["sunset", "--expires", "12"],
        ["sunset", "--url", "jam.example"],
        ["sunset", "--url", "http://jam.example:port"],
    ],
)
def test_a_token_that_cannot_be_made_is_told_with_the_usage(tmp_path: Path, words: list[str]) -> None:
    done = logdrum("token", "--data", str(tmp_path), *words)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [["sunset"], ["--rotate"], ["--list"]])
def test_a_data_folder_that_is_not_there_gets_no_keys(tmp_path: Path, words: list[str]) -> None:
    done = logdrum("token", "--data", str(tmp_path / "nowhere"), *words)
    assert_one_sentence(done)
    assert not (tmp_path / "nowhere").exists()


def test_a_key_that_signs_is_not_retired_and_a_broken_ring_is_one_sentence(tmp_path: Path) -> None:
    kid = logdrum("token", "--list", "--data", str(tmp_path)).stdout.split()[0]
    assert_one_sentence(logdrum("token", "--retire", kid, "--data", str(tmp_path)))
    assert_one_sentence(logdrum("token", "--retire", "nobody", "--data", str(tmp_path)))
    (tmp_path / "keys.json").write_text("{}")
    assert_one_sentence(logdrum("token", "sunset", "--data", str(tmp_path)))


def token_for(hub: RunningHub, *words: str) -> str:
    return logdrum("token", "sunset", "--data", str(hub.data), *words).stdout.strip()


async def is_let_in(hub: RunningHub, token: str) -> bool:
    async with call(hub) as caller:
        await caller.send(Hello(name="Thandi", token=token))
        return isinstance(await caller.next(), Welcome)


async def test_h5_a_printed_token_opens_its_room_until_its_key_is_retired_while_the_hub_runs(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none", "--tokens") as hub:
        token, old = token_for(hub), logdrum("token", "--list", "--data", str(hub.data)).stdout.split()[0]
        assert await is_let_in(hub, token)
        logdrum("token", "--rotate", "--data", str(hub.data))
        assert await is_let_in(hub, token)
        assert await is_let_in(hub, token_for(hub))
        assert logdrum("token", "--retire", old, "--data", str(hub.data)).returncode == 0
        assert not await is_let_in(hub, token)


def test_h5_an_address_that_joins_is_printed_for_a_url(tmp_path: Path) -> None:
    done = logdrum("token", "sunset", "--data", str(tmp_path), "--url", "https://jam.example/")
    assert re.fullmatch(r"https://jam\.example/r/sunset#token=[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)


@pytest.mark.parametrize(("options", "asks"), [([], False), (["--open"], False), (["--tokens"], True)])
def test_h5_a_hub_that_asks_for_tokens_says_how_to_make_one(tmp_path: Path, options: list[str], asks: bool) -> None:
    command = [sys.executable, "-m", "logdrum_server", "serve", "--engine", "none", "--port", "0", *options]
    command += ["--data", str(tmp_path / "my data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        said = process.stdout.read()
    assert ("logdrum token ROOM --data" in said) is asks
    assert (f"'{tmp_path}/my data'" in said) is asks


async def test_logs_can_be_a_json_object_a_line(tmp_path: Path) -> None:
    with running_hub(tmp_path, "--engine", "none", "--log-format", "json") as hub:
        async with joined(hub) as (_, welcome):
            pass
        await asyncio.to_thread(hub.stop)
        lines = [json.loads(line) for line in hub.log.splitlines()]
    (came,) = [line for line in lines if line["message"] == "joined"]
    assert (came["room"], came["session"], came["level"]) == ("sunset", welcome.session, "info")


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
