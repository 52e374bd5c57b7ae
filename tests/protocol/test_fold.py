"""The document's fold, and the histories that everybody must replay alike (D)."""

import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_protocol.document import DEFAULTS, NAMES, REQUIRED, Op, Props
from logdrum_protocol.document import given as given_props
from logdrum_protocol.fold import Created, Document, Removed, Wrote, apply, document_of, parent_of, step
from logdrum_protocol.hub_messages import Applied
from tests.protocol.examples import VECTORS
from tests.protocol.histories import random_op
from tests.server.documents import clip, delete, note, set_, track

_HISTORIES = json.loads((VECTORS / "documents.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("history", _HISTORIES, ids=lambda history: history["name"])
def test_d3_every_history_leads_to_its_document(history: dict[str, list[object]]) -> None:
    document = Document()
    for plain in history["events"]:
        document = apply(document, msgspec.convert(plain, Applied).ops)
    assert [msgspec.to_builtins(entity) for entity in document.listed()] == history["entities"]


def test_d1_the_tables_name_every_property() -> None:
    named = {name for names in NAMES.values() for name in names}
    assert named == set(Props.__struct_fields__)
    assert all(not set(REQUIRED[kind]) & set(given_props(DEFAULTS[kind])) for kind in DEFAULTS)


@pytest.mark.parametrize("op", [set_("clip", "clip_0001", name="x"), delete("clip", "clip_0001")])
def test_d3_an_op_on_what_is_not_there_changes_nothing(op: Op) -> None:
    assert step(Document(), op) == (Document(), ())


def test_d1_a_property_that_the_kind_does_not_have_is_passed_over() -> None:
    document = apply(Document(), (track(pitch=41), set_("track", "track_01", tick=7)))
    assert document.entities["track_01"].props == DEFAULTS["track"]


def test_d6_steps_hold_what_it_takes_to_go_back() -> None:
    document, made = step(Document(), track())
    (created,) = made
    assert isinstance(created, Created)
    document, (wrote,) = step(document, set_("track", "track_01", pan=0.5))
    assert wrote == Wrote("track", "track_01", Props(pan=0.0), Props(pan=0.5))
    document = apply(document, (clip(), note()))
    _, gone = step(document, delete("track", "track_01"))
    assert [change.entity.id for change in gone if isinstance(change, Removed)] == [
        "note_0001",
        "clip_0001",
        "track_01",
    ]


def test_a_document_of_its_entities_is_the_document() -> None:
    document = apply(Document(), (track(), clip(), note(), track("track_02")))
    assert document_of(reversed(document.listed())) == document


def test_an_older_document_is_not_touched_by_what_comes_after() -> None:
    before = apply(Document(), (track(), clip()))
    kept = before.listed()
    apply(before, (set_("clip", "clip_0001", name="x"), delete("track", "track_01")))
    assert before.listed() == kept


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=30))
def test_counts_and_contents_follow_the_entities(seeds: list[int]) -> None:
    document = _grown(seeds)
    for kind in DEFAULTS:
        assert document.count(kind) == sum(entity.kind == kind for entity in document.entities.values())
    inside = {child: id for id, children in document.inside.items() for child in children}
    assert inside == {entity.id: parent for entity in document.entities.values() if (parent := parent_of(entity))}


def _grown(seeds: list[int]) -> Document:
    document = Document()
    for number, seed in enumerate(seeds):
        op = random_op(random.Random(seed), document, f"{number:03}")
        if not str(op.props).count("_none"):
            document = apply(document, (op,))
    return document
