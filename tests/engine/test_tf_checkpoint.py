"""A checkpoint of TensorFlow: read as it was written, or refused in a sentence that names what is wrong."""

import os
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_engine.scoring.tf_checkpoint import (
    DATA,
    INDEX,
    MAX_ENTRIES,
    MAX_INDEX_BYTES,
    CheckpointError,
    Tensor,
    crc32c,
    read_index,
    read_tensors,
)
from tests.engine.tf_checkpoint_writer import (
    entry,
    message_field,
    number_field,
    pairs_block,
    slow_crc32c,
    table,
    varint,
    write,
)

SMALL = {"a/bias": (3,), "a/kernel": (2, 1, 3), "ab": (1,), "b": (5, 2)}


def small_checkpoint(folder: Path) -> dict[str, Tensor]:
    dice = np.random.default_rng(3)
    tensors = {name: dice.normal(size=shape).astype(np.float32) for name, shape in SMALL.items()}
    write(folder, tensors, per_block=2)
    return tensors


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    tensors = small_checkpoint(tmp_path)
    for name, tensor in read_tensors(tmp_path, SMALL).items():
        assert tensor.dtype == np.float32
        assert np.array_equal(tensor, tensors[name])
    assert set(read_index(tmp_path / INDEX)) == {"", *SMALL}


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    tensors = small_checkpoint(tmp_path)
    assert np.array_equal(read_tensors(tmp_path, {"ab": (1,)})["ab"], tensors["ab"])


def test_checksums_are_those_of_crc_32c() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    dice = random.Random(8)
    for length in (4, 5, 1_023, 1_024, 1_025, 2_048, 7_777):
        content = dice.randbytes(length)
        assert crc32c(content) == slow_crc32c(content), length


@pytest.mark.parametrize("missing", [INDEX, DATA])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    small_checkpoint(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(CheckpointError, match=f"There is no file {missing}"):
        read_tensors(tmp_path, SMALL)
    os.mkfifo(tmp_path / missing)
    with pytest.raises(CheckpointError, match=f"There is no file {missing}"):
        read_tensors(tmp_path, SMALL)


def test_an_index_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    small_checkpoint(tmp_path)
    whole = (tmp_path / INDEX).read_bytes()
    for length in range(len(whole)):
        (tmp_path / INDEX).write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=INDEX):
            read_index(tmp_path / INDEX)


def test_an_index_with_any_byte_changed_is_refused_or_reads_the_same(tmp_path: Path) -> None:
    small_checkpoint(tmp_path)
    whole = (tmp_path / INDEX).read_bytes()
    entries = read_index(tmp_path / INDEX)
    footer = len(whole) - 48
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        (tmp_path / INDEX).write_bytes(damaged)
        if at < footer:
            with pytest.raises(CheckpointError, match=INDEX):
                read_index(tmp_path / INDEX)
        else:
            assert read_or_refused(tmp_path) in (entries, None)  # the footer has bytes that mean nothing


def read_or_refused(folder: Path) -> object:
    try:
        return read_index(folder / INDEX)
    except CheckpointError:
        return None


def test_data_cut_off_or_damaged_is_named_with_its_tensor(tmp_path: Path) -> None:
    small_checkpoint(tmp_path)
    whole = (tmp_path / DATA).read_bytes()
    (tmp_path / DATA).write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match="cut off before the end of b"):
        read_tensors(tmp_path, SMALL)
    (tmp_path / DATA).write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(CheckpointError, match="a/bias is damaged"):
        read_tensors(tmp_path, SMALL)


@pytest.mark.parametrize("shape", [(3, 1), (4,), (), (2**40,)])
def test_another_shape_than_expected_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    small_checkpoint(tmp_path)
    with pytest.raises(CheckpointError, match=r"The tensor a/bias is \(3,\) of type 1 in 12 bytes"):
        read_tensors(tmp_path, {"a/bias": shape})
    with pytest.raises(CheckpointError, match="has no tensor c"):
        read_tensors(tmp_path, {"c": shape})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (entry((2,), 0, 8, bytes(4), dtype=2), "type 2"),
        (entry((2,), 0, 8, bytes(4), shard=1), "not"),
        (entry((2**62,), 0, 8, bytes(4)), "not"),
        (entry((2,), 0, 2**62, bytes(4)), "not"),
        (entry((2,), 2**63, 8, bytes(4)), "cut off"),
        (entry((2,), 0, 8, bytes(4)), "damaged"),
        (message_field(2, b"\x12\x7f"), "not"),
        (b"", "not"),
        (varint(1 << 3 | 1) + bytes(8), "kind that is not known"),
        (varint(6 << 3 | 5) + b"\0", "damaged"),
        (b"\xff" * 12, "no end"),
        (b"\x08\x80", "damaged"),
    ],
)
def test_a_hostile_entry_is_refused(tmp_path: Path, value: bytes, said: str) -> None:
    (tmp_path / INDEX).write_bytes(table([pairs_block([(b"t", value)])]))
    (tmp_path / DATA).write_bytes(bytes(8))
    with pytest.raises(CheckpointError, match=said):
        read_tensors(tmp_path, {"t": (2,)})


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (table([pairs_block([(b"t" * 300, b"")])]), "does not fit"),
        (table([varint(3) + varint(1) + varint(0) + b"x" + struct.pack("<II", 0, 1)]), "does not fit"),
        (table([varint(0) + varint(2**60) + varint(0) + struct.pack("<II", 0, 1)]), "does not fit"),
        (table([pairs_block([(b"%05d" % n, b"") for n in range(MAX_ENTRIES + 1)])]), f"more than {MAX_ENTRIES}"),
        (table([pairs_block([(b"t", b"")])], compression=1), "compressed"),
        (b"\0" * (MAX_INDEX_BYTES + 1), "larger than"),
        (b"\0" * 100, "no index"),
    ],
)
def test_a_hostile_index_is_refused(tmp_path: Path, index: bytes, said: str) -> None:
    (tmp_path / INDEX).write_bytes(index)
    with pytest.raises(CheckpointError, match=said):
        read_index(tmp_path / INDEX)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([varint(2**63), number_field(5, 8)])), max_size=6))
def test_no_block_however_strange_escapes_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("strange", numbered=True)
    (folder / INDEX).write_bytes(table([b"".join(parts), pairs_block([(b"t", b"".join(parts))])]))
    read_or_refused(folder)
