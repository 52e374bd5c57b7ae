"""What became of edits in a storm: none lost, none twice, and the same document for everybody."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

from logdrum_protocol import decode_hub_message
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied

from .survivor import Log


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs of all members come to."""

    lost: int
    """Edits that somebody never heard of, who was given no second snapshot instead."""
    doubled: int
    """Edits that somebody heard of as applied more than once."""
    gaps: int
    documents: int
    """How many different documents there are; 1 is right. The newcomer's is one of them."""


def judge(logs: Sequence[Log], sent: Iterable[str], newcomer: Document) -> Verdict:
    """Compare the logs of members with what was sent, and their documents with a newcomer's."""
    wanted = Counter(sent)
    heard = [Counter(_applied(event).op_id for event in log.events) for log in logs if log.snapshots == 1]
    return Verdict(
        lost=max(((wanted - counts).total() for counts in heard), default=0),
        doubled=max(((counts - wanted).total() for counts in heard), default=0),
        gaps=sum(log.gaps for log in logs),
        documents=len({newcomer, *_documents(logs)}),
    )


def _documents(logs: Sequence[Log]) -> set[Document]:
    different = {_digest(log): log for log in logs}
    return {_folded(log) for log in different.values()}


def _digest(log: Log) -> bytes:
    digest = hashlib.sha256(msgspec.msgpack.encode(log.entities))
    for event in log.events:
        digest.update(event)
    return digest.digest()


def _folded(log: Log) -> Document:
    document = document_of(log.entities)
    for event in log.events:
        document = apply(document, _applied(event).ops)
    return document


@cache
def _applied(event: bytes) -> Applied:
    message = decode_hub_message(event)
    assert isinstance(message, Applied), "nobody does anything but edit"
    return message
