import random
from collections.abc import Callable

import pytest

from logdrum_client.clock import HubClock
from logdrum_client.estimator import MAX_SLEW, STEP_US, Burst, Estimate, HubTime, Probe, estimate, extended, summarize

OFFSET_US = 700_000_000_000
Delay = Callable[[random.Random], float]


def jittery(rng: random.Random) -> float:
    return rng.uniform(20_000, 60_000)  # 40 ± 20 ms each way, each by itself


def idle(rng: random.Random) -> float:
    return 20 + rng.expovariate(1 / 50)


def busy(rng: random.Random) -> float:
    return 50 + rng.expovariate(1 / 3000)


class ManualClock:
    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


class Network:
    """A hub whose clock drifts, behind ways that take their time."""

    def __init__(self, seed: int, delay: Delay, drift: float = 0.0) -> None:
        self.rng = random.Random(seed)
        self.clock = ManualClock()
        self.hub = HubClock(self.clock)
        self.offset_us = OFFSET_US
        self._delay = delay
        self._drift = drift

    def true_us(self) -> float:
        return self.offset_us + self.clock.us * (1 + self._drift)

    def error_us(self) -> float:
        return abs(self.hub.now_us() - self.true_us())

    def ping(self) -> Probe:
        sent = self.clock.us
        self.clock.us += round(self._delay(self.rng))
        received = round(self.true_us())
        self.clock.us += round(self._delay(self.rng))
        return Probe(sent, received, received, self.clock.us)

    def burst(self) -> None:
        self.hub.take(summarize([self.ping() for _ in range(8)]))

    def wait(self, us: int) -> None:
        self.clock.us += us


def p95_error_us(delay: Delay, drift: float, first: int, last: int, networks: int = 20) -> float:
    """Error between bursts `first` and `last`, over seeds 0 to `networks`."""
    errors = []
    for seed in range(networks):
        network = Network(seed, delay, drift)
        for n in range(last):
            network.burst()
            network.wait(250_000 if n < 8 else 1_000_000 if n < 16 else 5_000_000)
            errors += [network.error_us()] * (n >= first)
    return sorted(errors)[int(0.95 * len(errors))]


@pytest.mark.parametrize("drift", [0.0, 50e-6, -50e-6])
def test_k1_p95_error_under_jitter_is_two_milliseconds_after_a_few_bursts(drift: float) -> None:
    assert p95_error_us(jittery, drift, 6, 40) < 2000


@pytest.mark.parametrize("drift", [0.0, 50e-6])
def test_k1_p95_error_on_an_idle_network_is_far_below_a_millisecond(drift: float) -> None:
    assert p95_error_us(idle, drift, 1, 24) < 50


def test_k1_p95_error_beside_heavy_traffic_is_below_a_millisecond() -> None:
    assert p95_error_us(busy, 20e-6, 4, 30) < 1000


def test_k1_the_stated_error_mostly_holds() -> None:
    within = total = 0
    for seed in range(20):
        network = Network(seed, jittery)
        for _ in range(20):
            network.burst()
            within += network.error_us() <= network.hub.error_us
            total += 1
            network.wait(1_000_000)
    assert within / total > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_k1_time_never_runs_backwards_nor_faster_than_half_a_percent(seed: int) -> None:
    network = Network(seed, jittery, 50e-6)
    network.burst()
    before = network.hub.now_us()
    for n in range(2000):
        if n % 100 == 50:
            probes = [network.ping() for _ in range(8)]
            before = network.hub.now_us()
            network.hub.take(summarize(probes))
        network.wait(10_000)
        passed = network.hub.now_us() - before
        assert 10_000 * 0.995 - 1 <= passed <= 10_000 * 1.005 + 1
        before += passed


def test_k1_the_first_sync_is_a_step() -> None:
    network = Network(0, idle)
    network.hub.welcome(0, 0)
    network.burst()
    assert network.error_us() < 1000


def test_k1_a_clock_that_jumped_is_followed_by_a_step() -> None:
    network = Network(0, idle)
    for _ in range(10):
        network.burst()
        network.wait(1_000_000)
    network.offset_us += 30_000_000
    network.burst()
    assert network.error_us() < 1000
    assert network.hub.bursts == 1


def welcomed_again(ahead_us: int) -> tuple[Network, bool]:
    """A clock in time, whose hub is asked for a welcome, takes 3 s, and stamps it so far ahead of the truth."""
    network = Network(0, idle)
    network.burst()
    asked_us = network.clock.us
    network.wait(2_000_000)
    stamped_us = round(network.true_us()) + ahead_us
    network.wait(1_000_000)
    return network, network.hub.welcome(stamped_us, asked_us)


def test_k1_a_welcome_that_fits_leaves_the_clock_as_it_was() -> None:
    network, same = welcomed_again(0)
    assert (same, network.hub.synced) == (True, True)
    assert network.error_us() < 1000


@pytest.mark.parametrize("ahead_us", [-3_600_000_000, -2_200_000, 1_200_000, 3_600_000_000])
def test_k1_a_welcome_that_cannot_be_of_this_clock_begins_it_anew(ahead_us: int) -> None:
    network, same = welcomed_again(ahead_us)
    assert (same, network.hub.synced, network.hub.error_us) == (False, False, float("inf"))


def test_before_the_first_sync_the_time_is_that_of_the_welcome() -> None:
    network = Network(0, idle)
    network.hub.welcome(123_000_000, 0)
    network.wait(500)
    assert network.hub.now_us() == 123_000_500


def test_a_burst_that_was_held_up_one_way_does_not_move_the_estimate() -> None:
    window: tuple[Burst, ...] = ()
    for n in range(10):
        window = extended(window, Burst(n * 1_000_000, 900.0, 1100.0, 200))
    before = estimate(window).offset_us
    late = extended(window, Burst(10_000_000, 900.0, 80_000.0, 80_000))
    assert estimate(late).offset_us == pytest.approx(before, abs=1)


def test_small_errors_are_slewed() -> None:
    old = HubTime(Estimate(0, 1000.0, 0.0, 0.0))
    new = old.toward(Estimate(0, 1010.0, 0.0, 0.0), 5000)
    assert new.at(5000) == old.at(5000)
    assert new.at(5000 + round(10 / MAX_SLEW) + 1) == pytest.approx(
        new.estimate.hub_us(5000 + round(10 / MAX_SLEW) + 1)
    )


def test_gross_errors_are_stepped() -> None:
    old = HubTime(Estimate(0, 0.0, 0.0, 0.0))
    target = Estimate(0, STEP_US + 1, 0.0, 0.0)
    assert old.toward(target, 0).at(0) == target.hub_us(0)
