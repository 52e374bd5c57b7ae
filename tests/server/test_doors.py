"""Origins, addresses, resume keys and the secrets behind them (C8, H3, H4, H5)."""

import stat
import threading
from pathlib import Path

import pytest

from logdrum_server.config import Config
from logdrum_server.doors import Pass, TokenRefused, open_doors, secret_file
from logdrum_server.doors.addresses import DEFAULT_LIMIT, Addresses
from logdrum_server.doors.origins import as_origin, make_origins
from logdrum_server.errors import StartError

LOCAL = "127.0.0.1:8765"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "[::1]:8765", "localhost", "LOCALHOST:80", "192.168.1.20:8765"])
def test_c8_the_hubs_own_page_is_let_in(host: str) -> None:
    assert make_origins([], hosts=["127.0.0.1"]).admits(f"http://{host}", host)


def test_c8_who_says_no_origin_is_no_browser() -> None:
    assert make_origins([], hosts=["127.0.0.1"]).admits(None, "anything.example")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:8766",
        "http://127.0.0.1:8765.evil.example",
        "http://evil.example/127.0.0.1:8765",
        "http://127.0.0.1:8765@evil.example",
        "null",
        "",
        "file://",
        "127.0.0.1:8765",
    ],
)
@pytest.mark.parametrize("hosts", [["127.0.0.1"], None], ids=["open", "tokens"])
def test_c8_pages_from_elsewhere_are_not(origin: str, hosts: list[str] | None) -> None:
    assert not make_origins([], hosts=hosts).admits(origin, LOCAL)


@pytest.mark.parametrize(
    "host", ["evil.example:8765", "127.0.0.1.evil.example:8765", "localhost.evil.example", "[", ""]
)
def test_c8_a_name_that_was_made_to_point_here_is_not_the_hubs_own_where_rooms_are_open(host: str) -> None:
    assert not make_origins([], hosts=["127.0.0.1"]).admits(f"http://{host}", host)


def test_c8_where_tokens_are_asked_for_the_hub_goes_by_any_name() -> None:
    assert make_origins([], hosts=None).admits("https://jam.example", "jam.example")


def test_c8_the_configured_host_is_the_hubs_own_name() -> None:
    origins = make_origins([], hosts=["studio.local"])
    assert origins.admits("http://studio.local:8765", "Studio.local:8765")


def test_c8_an_origin_that_was_added_is_let_in_and_names_the_hub() -> None:
    origins = make_origins(["https://Jam.example/"], hosts=["127.0.0.1"])
    assert origins.admits("https://jam.example", LOCAL)
    assert origins.knows("jam.example:443")
    assert not origins.admits("http://jam.example", LOCAL)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Jam.Example", "http://jam.example"),
        ("https://jam.example:443/", "https://jam.example"),
        ("http://[::1]:8765", "http://[::1]:8765"),
        ("https://jam.example:80", "https://jam.example:80"),
    ],
)
def test_c8_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert as_origin(url) == origin


@pytest.mark.parametrize(
    "url", ["jam.example", "ftp://a", "http://", "http://a/page", "http://a?b", "http://u@a", "http://a:b", "http://[a"]
)
def test_c8_what_is_no_origin_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"origin|Port|IPv6"):
        as_origin(url)


def test_c8_an_address_holds_so_many_connections_and_no_more() -> None:
    addresses = Addresses()
    assert all(addresses.enter("203.0.113.5") for _ in range(DEFAULT_LIMIT))
    assert not addresses.enter("203.0.113.5")
    assert addresses.enter("203.0.113.6")
    addresses.leave("203.0.113.5")
    assert addresses.enter("203.0.113.5")


def test_c8_an_address_that_was_turned_away_counts_for_nothing() -> None:
    addresses = Addresses(1)
    assert [addresses.enter("203.0.113.5") for _ in range(3)] == [True, False, False]
    addresses.leave("203.0.113.5")
    assert addresses.enter("203.0.113.5")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_c8_this_machine_is_exempt_unless_a_limit_was_set(address: str) -> None:
    usual, asked_for = Addresses(), Addresses(2)
    assert all(usual.enter(address) for _ in range(DEFAULT_LIMIT + 1))
    assert [asked_for.enter(address) for _ in range(3)] == [True, True, False]


def test_c8_one_customers_ipv6_addresses_count_as_one() -> None:
    addresses = Addresses(1)
    assert addresses.enter("2001:db8:1:2::1")
    assert not addresses.enter("2001:db8:1:2:ffff::9%eth0")
    assert addresses.enter("2001:db8:1:3::1")


def test_c8_a_limit_of_0_is_none() -> None:
    addresses = Addresses(0)
    assert all(addresses.enter("203.0.113.5") for _ in range(5 * DEFAULT_LIMIT))


def test_h4_a_resume_key_is_right_for_its_room_session_and_epoch_alone(tmp_path: Path) -> None:
    doors = open_doors(Config(data=tmp_path))
    key = doors.resume_key("sunset", "s1", 5)
    assert doors.check_resume("sunset", "s1", 5, key)
    for other in (("sunrise", "s1", 5), ("sunset", "s2", 5), ("sunset", "s1", 6), ("sunset", "s1\0005", 5)):
        assert not doors.check_resume(*other, key)
    for wrong in ("", key[:-1], key + "A", key.swapcase(), "ключ", "\0"):
        assert not doors.check_resume("sunset", "s1", 5, wrong)


def test_h4_resume_keys_survive_a_restart_and_are_another_hubs_in_another_folder(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    key = open_doors(Config(data=here)).resume_key("sunset", "s1", 5)
    assert open_doors(Config(data=here)).check_resume("sunset", "s1", 5, key)
    assert not open_doors(Config(data=there)).check_resume("sunset", "s1", 5, key)


def test_h4_a_session_that_was_put_out_does_not_come_back_though_its_key_is_right(tmp_path: Path) -> None:
    doors = open_doors(Config(data=tmp_path))
    doors.put_out.add("sunset", "s1")
    for hub in (doors, open_doors(Config(data=tmp_path))):
        assert not hub.check_resume("sunset", "s1", 5, hub.resume_key("sunset", "s1", 5))
        assert hub.check_resume("sunset", "s2", 5, hub.resume_key("sunset", "s2", 5))
        assert hub.check_resume("sunrise", "s1", 5, hub.resume_key("sunrise", "s1", 5))


def test_h4_a_torn_line_puts_nobody_else_out(tmp_path: Path) -> None:
    doors = open_doors(Config(data=tmp_path))
    doors.put_out.add("sunset", "s1\n[]")
    with (tmp_path / "put-out.jsonl").open("ab") as file:
        file.write(b'\n\xff\n["sunset","s2')
    doors.put_out.add("sunset", "s3")
    again = open_doors(Config(data=tmp_path)).put_out
    held = [session for session in ("s1\n[]", "s1", "s2", "s3") if ("sunset", session) in again]
    assert held == ["s1\n[]", "s3"]


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    open_doors(Config(data=tmp_path, rooms="tokens")).put_out.add("sunset", "s1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"keys.json": 0o600, "resume.key": 0o600, "admin.key": 0o600, "put-out.jsonl": 0o600}


def test_an_open_hub_makes_no_key_ring(tmp_path: Path) -> None:
    open_doors(Config(data=tmp_path))
    assert not (tmp_path / "keys.json").exists()


def test_many_who_make_a_secret_at_once_agree_on_one(tmp_path: Path) -> None:
    start, made = threading.Barrier(8), list[bytes]()

    def make(number: int) -> None:
        start.wait()
        made.append(secret_file.read_or_make(tmp_path / "key", bytes([number]) * 32))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("name", ["resume.key", "admin.key"])
def test_a_secret_that_is_too_short_to_be_one_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(StartError, match="too short"):
        open_doors(Config(data=tmp_path))


def test_a_key_ring_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(StartError, match="cannot be read"):
        open_doors(Config(data=tmp_path, rooms="tokens"))


def test_the_admin_key_may_end_its_line(tmp_path: Path) -> None:
    key = "k" * 40
    (tmp_path / "admin.key").write_text(f"{key}\n")
    doors = open_doors(Config(data=tmp_path))
    assert doors.is_admin(key)
    assert not any(doors.is_admin(wrong) for wrong in ("", key[:-1], key + "k", f"{key}\n", "ключ", "\udc80"))


def test_h5_an_open_hub_lets_everyone_in_and_gives_roles_itself(tmp_path: Path) -> None:
    doors = open_doors(Config(data=tmp_path))
    assert doors.admit(None, "sunset") == doors.admit("", "sunset") == Pass(None, None, "sunset")


@pytest.mark.parametrize("token", [None, ""])
def test_h3_a_hub_that_asks_for_tokens_lets_nobody_in_without(tmp_path: Path, token: str | None) -> None:
    doors = open_doors(Config(data=tmp_path, rooms="tokens"))
    with pytest.raises(TokenRefused, match="asks for a token"):
        doors.admit(token, "sunset", resuming=True)


@pytest.mark.parametrize(
    ("host", "asks"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("studio.local", True),
    ],
)
def test_h5_rooms_are_open_on_loopback_and_ask_for_tokens_elsewhere(tmp_path: Path, host: str, asks: bool) -> None:
    assert Config(data=tmp_path, host=host).asks_for_tokens is asks
    assert not Config(data=tmp_path, host=host, rooms="open").asks_for_tokens
    assert Config(data=tmp_path, host=host, rooms="tokens").asks_for_tokens
