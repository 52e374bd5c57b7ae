"""Rates and strikes (C2, C6, D10)."""

from typing import get_args

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Op
from logdrum_protocol.hub_messages import Error, Rejected
from logdrum_protocol.records import JobParams
from logdrum_server.core.floods import BURST, RATES, Allowance, Rates, Strikes, class_of, judge, refusal
from logdrum_server.core.restarts import FIRST_DELAY_S, LONGEST_DELAY_S, Backoff
from tests.protocol.examples import CLIENT

SECOND_US = 1_000_000

EDIT = c.Edit(op_id="e", ops=(Op(op="delete", kind="clip", id="clip_0001"),))
UNDO, NAMED_UNDO = c.Undo(), c.Undo(op_id="u")
CHAT = c.SendChat(text="sho")
PLAY = c.TransportSet(op_id="t", playing=True)
SAVE = c.VersionSave(op_id="v", name="first")
CANCEL = c.JobCancel(job="j")
LOOK = c.SetPresence(state={})
PING = c.ClockPing(t0=1)


def test_c6_a_burst_passes_and_what_is_over_is_told_once_a_second() -> None:
    allowance = Allowance(0)
    verdicts = [allowance.spend(0) for _ in range(BURST + 3)]
    assert verdicts[-4:] == ["pass", "tell", "drop", "drop"]
    assert allowance.spend(1) == "drop"


def test_c6_the_allowance_comes_back_with_time() -> None:
    allowance = Allowance(0)
    for _ in range(BURST):
        allowance.spend(0)
    assert [allowance.spend(SECOND_US) for _ in range(201)][-2:] == ["pass", "tell"]


def test_c6_a_flood_is_closed() -> None:
    allowance = Allowance(0)
    assert "close" in {allowance.spend(SECOND_US) for _ in range(BURST + 1000)}


def test_c6_a_steady_excess_below_the_limit_is_not_closed() -> None:
    allowance = Allowance(0)
    verdicts = {allowance.spend(millisecond * 4_000) for millisecond in range(50_000)}
    assert "close" not in verdicts


def test_c2_ten_bad_messages_within_ten_seconds_are_too_many() -> None:
    strikes = Strikes()
    assert [strikes.strike(second * SECOND_US) for second in range(10)] == [False] * 9 + [True]


def test_c2_the_same_over_a_longer_time_is_not() -> None:
    strikes = Strikes()
    assert not any(strikes.strike(second * 2 * SECOND_US) for second in range(100))


def test_q1_early_deaths_wait_longer_up_to_a_limit() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay_s(0.1) for _ in range(10)]
    assert delays[:3] == [FIRST_DELAY_S, 2 * FIRST_DELAY_S, 4 * FIRST_DELAY_S]
    assert delays[-1] == LONGEST_DELAY_S


def test_q1_a_healthy_run_is_forgiven() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next_delay_s(0.1)
    assert backoff.next_delay_s(3600) == FIRST_DELAY_S


def test_c6_every_message_has_its_class_but_those_of_the_connection_itself() -> None:
    kinds = {type(message): class_of(message) for message in CLIENT.values()}
    assert set(kinds) == set(get_args(c.ClientMessage))
    assert {message for message, kind in kinds.items() if kind is None} == {c.Hello, c.ClockPing}
    assert set(kinds.values()) - {None} == set(RATES)


@pytest.mark.parametrize(
    ("kind", "rate_per_s", "burst"),
    [("edit", 100, 500), ("chat", 5, 20), ("transport", 20, 60), ("task", 5, 20), ("live", 100, 200)],
)
def test_c6_a_session_may_send_a_burst_of_a_class_and_then_its_rate(kind: str, rate_per_s: int, burst: int) -> None:
    rates = Rates()
    assert [rates.spend(kind, 0) for _ in range(burst + 1)] == ["pass"] * burst + ["over"]  # type: ignore[arg-type]
    later = [rates.spend(kind, SECOND_US) for _ in range(rate_per_s + 1)]  # type: ignore[arg-type]
    assert later == ["pass"] * rate_per_s + ["over"]


def test_c6_one_class_takes_nothing_from_another() -> None:
    rates = Rates()
    for _ in range(100):
        rates.spend("chat", 0)
    assert rates.spend("edit", 0) == rates.spend("transport", 0) == rates.spend("task", 0) == "pass"


def test_c6_a_reconnect_does_not_fill_the_bucket() -> None:
    rates = Rates()
    verdicts = [judge(Allowance(0), rates, CHAT, 0) for _ in range(21)]
    assert verdicts[19:] == ["pass", "tell"]


def test_c6_a_connection_is_bounded_across_classes() -> None:
    allowance, rates = Allowance(0), Rates()
    for _ in range(BURST):
        assert judge(allowance, rates, EDIT, 0) == "pass"
    assert judge(allowance, rates, PLAY, 0) != "pass"
    assert rates.spend("transport", 0) == "pass"  # what the connection dropped, the session did not spend


def test_c6_pings_count_a_quarter_and_have_no_class() -> None:
    allowance, rates = Allowance(0), Rates()
    assert [judge(allowance, rates, PING, 0) for _ in range(4 * BURST + 1)].index("tell") == 4 * BURST


def test_c6_a_thousand_dropped_of_any_kind_close() -> None:
    allowance, rates = Allowance(0), Rates()
    for _ in range(20):
        judge(allowance, rates, CHAT, 0)
    verdicts = [judge(allowance, rates, CHAT, number * 5_000) for number in range(1_300)]
    assert "close" in verdicts


def test_d10_an_edit_that_comes_too_fast_is_rejected_each_time_under_its_op_id() -> None:
    for verdict in ("tell", "drop"):
        answer = refusal(EDIT, verdict)  # type: ignore[arg-type]
        assert isinstance(answer, Rejected)
        assert (answer.op_id, answer.code) == ("e", "rate_limited")


@pytest.mark.parametrize("message", [NAMED_UNDO, PLAY, SAVE, c.SendChat(text="sho", op_id="s")])
def test_c6_who_waits_for_an_answer_gets_one_each_time(message: c.ClientMessage) -> None:
    for verdict in ("tell", "drop"):
        answer = refusal(message, verdict)  # type: ignore[arg-type]
        assert isinstance(answer, Error)
        assert (answer.op_id, answer.code) == (message.op_id, "rate_limited")  # type: ignore[union-attr]


@pytest.mark.parametrize("message", [UNDO, CHAT, CANCEL, c.JobSteer(job="j", params=JobParams()), LOOK, PING])
def test_c6_the_rest_are_told_once_a_second(message: c.ClientMessage) -> None:
    told, dropped = refusal(message, "tell"), refusal(message, "drop")
    assert isinstance(told, Error)
    assert (told.op_id, told.code, dropped) == (None, "rate_limited", None)
