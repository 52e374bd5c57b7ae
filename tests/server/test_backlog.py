"""What a member who comes back is sent of what was missed (H2)."""

from logdrum_server.backlog import MAX_BYTES, MAX_EVENTS, Backlog


def test_h2_all_that_was_missed_in_order() -> None:
    backlog = Backlog()
    for seq in range(1, 6):
        backlog.append(seq, b"%d" % seq)
    assert backlog.covers(2)
    assert list(backlog.since(2)) == [b"3", b"4", b"5"]
    assert list(backlog.since(5)) == []


def test_h2_what_it_cannot_prove_it_does_not_cover() -> None:
    backlog = Backlog(10)
    backlog.append(11, b"x")
    assert [seq for seq in range(14) if backlog.covers(seq)] == [10, 11]


def test_h2_it_keeps_the_newest_events() -> None:
    backlog = Backlog()
    for seq in range(1, MAX_EVENTS + 2):
        backlog.append(seq, b"x")
    assert not backlog.covers(0)
    assert backlog.covers(1)


def test_c7_it_never_holds_more_than_can_be_queued_for_one_member() -> None:
    backlog = Backlog()
    for seq in range(1, 20):
        backlog.append(seq, bytes(MAX_BYTES // 4))
    assert len(list(backlog.since(15))) == 4
    backlog.append(20, bytes(MAX_BYTES + 1))
    assert not backlog.covers(19)
    assert backlog.covers(20)
