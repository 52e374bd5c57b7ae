"""Rates and strikes (C2, C6)."""

from logdrum_server.core.floods import BURST, Allowance, Strikes
from logdrum_server.core.restarts import FIRST_DELAY_S, LONGEST_DELAY_S, Backoff

SECOND_US = 1_000_000


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
