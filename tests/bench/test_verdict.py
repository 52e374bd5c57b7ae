"""What became of edits in a storm is told as it is: each fault that a hub could have is found."""

import pytest

from logdrum_protocol import encode
from logdrum_protocol.document import Entity, Op, Props
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied

from .rows import Row
from .survivor import Hearing, Log
from .targets import TARGETS
from .verdict import Verdict, judge

TRACKS = (Entity(kind="track", id="track_01"),)


def applied(seq: int, op_id: str, gain_db: float = 0) -> bytes:
    op = Op(op="set", kind="track", id="track_01", props=Props(gain_db=gain_db))
    return encode(Applied(seq=seq, op_id=op_id, by="s", ops=(op,)))


def log(*op_ids: str, gain_db: float = 0) -> Log:
    made = Log()
    made.begin(10, TRACKS)
    for seq, op_id in enumerate(op_ids, 11):
        made.take(seq, applied(seq, op_id, gain_db))
    return made


def newcomer(gain_db: float = 0) -> Document:
    return apply(document_of(TRACKS), (Op(op="set", kind="track", id="track_01", props=Props(gain_db=gain_db)),))


def verdict(*logs: Log, sent: tuple[str, ...] = ("a", "b")) -> Verdict:
    return judge(logs, sent, newcomer())


def test_when_all_is_well_nothing_is_lost_or_doubled() -> None:
    assert verdict(log("a", "b"), log("a", "b")) == Verdict(lost=0, doubled=0, gaps=0, documents=1)


def test_an_edit_that_one_member_never_heard_of_is_lost() -> None:
    assert verdict(log("a", "b"), log("a")).lost == 1


def test_an_edit_that_was_applied_twice_is_doubled() -> None:
    assert verdict(log("a", "b", "a")).doubled == 1


def test_an_event_that_comes_again_is_the_answer_to_an_edit_sent_twice() -> None:
    again = log("a", "b")
    again.take(11, applied(11, "a"))
    assert verdict(again) == Verdict(lost=0, doubled=0, gaps=0, documents=1)


def test_an_event_after_one_that_is_missing_is_a_gap() -> None:
    broken = log("a")
    broken.take(13, applied(13, "b"))
    assert verdict(broken).gaps == 1


def test_documents_that_differ_are_counted() -> None:
    assert verdict(log("a", "b"), log("a", "b", gain_db=3)).documents == 2


def test_whoever_was_given_the_document_anew_lost_nothing_by_it() -> None:
    anew = log("a")
    anew.begin(12, TRACKS)
    assert verdict(log("a", "b"), anew) == Verdict(lost=0, doubled=0, gaps=0, documents=1)


@pytest.mark.parametrize(("starts", "missed"), [((0, 100, 200), 0), ((0, 300), 200), ((0, 100, 50, 150), 0)])
def test_missed_audio_is_what_lies_between_chunks(starts: tuple[int, ...], missed: int) -> None:
    hearing = Hearing()
    for start in starts:
        hearing.take(start, 100)
    assert hearing.missed_samples == missed


def storm_rows(lost: float, doubled: float) -> list[Row]:
    return [
        Row(bench="storm", subject="logdrum", n=200, metric=metric, value=value, unit="edits", run=run)
        for run in (1, 2, 3)
        for metric, value in (("lost", lost if run == 2 else 0), ("doubled", doubled if run == 2 else 0))
    ]


@pytest.mark.parametrize(("lost", "doubled", "said"), [(0, 0, "met"), (1, 0, "NOT MET"), (0, 1, "NOT MET")])
def test_one_edit_lost_or_doubled_in_one_run_misses_the_target(lost: int, doubled: int, said: str) -> None:
    (target,) = [target for target in TARGETS if "storm" in target.name]
    assert target.verdict(target.value(storm_rows(lost, doubled))) == said
