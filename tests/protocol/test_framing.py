"""The local queue's frames (Q)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_protocol.errors import ProtocolError
from logdrum_protocol.framing import FrameSplitter, frame


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 64))
def test_q_payloads_survive_any_reads(payloads: list[bytes], read: int) -> None:
    sent = b"".join(frame(payload) for payload in payloads)
    splitter = FrameSplitter()
    received = [got for at in range(0, len(sent), read) for got in splitter.feed(sent[at : at + read])]
    assert received == payloads


def test_q_a_length_beyond_the_limit_is_refused_before_it_is_awaited() -> None:
    with pytest.raises(ProtocolError):
        list(FrameSplitter().feed(b"\xff\xff\xff\xff"))
