"""Tensors of a TensorFlow checkpoint, without TensorFlow: an index, which is a LevelDB table, into one data file."""

import os
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from logdrum_engine.errors import EngineError

Tensor = npt.NDArray[np.float32]
Words: TypeAlias = npt.NDArray[np.uint32]

INDEX: Final = ".index"
DATA: Final = ".data-00000-of-00001"
MAX_INDEX_BYTES: Final = 256 * 1024
MAX_ENTRIES: Final = 4_096
MAX_KEY_BYTES: Final = 256
_MAGIC: Final = 0xDB4775248B80FB57
_FOOTER_BYTES: Final = 48
_TRAILER_BYTES: Final = 5
"""A block's compression, one byte, and its checksum."""
_FLOAT32: Final = 1
_LANES: Final = 1_024


class CheckpointError(EngineError):
    """A checkpoint that is not there, is damaged or holds something else; the text is safe to show."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Where a tensor lies in the data file."""

    dtype: int = 0
    shape: tuple[int, ...] = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    checksum: int = 0


def read_tensors(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Read the tensors named, each of exactly its shape; nothing is allocated that was not asked for."""
    entries = read_index(folder / INDEX)
    with _opened(folder / DATA) as data:
        return {name: _tensor(data, name, entries.get(name), shape) for name, shape in shapes.items()}


def read_index(path: Path) -> dict[str, Entry]:
    """Read every entry of an index."""
    with _opened(path) as file:
        table = file.read(MAX_INDEX_BYTES + 1)
    if len(table) > MAX_INDEX_BYTES:
        raise CheckpointError(f"{path.name}: the index is larger than {MAX_INDEX_BYTES // 1024} KiB.")
    try:
        return _entries(table)
    except (IndexError, struct.error) as fault:
        raise CheckpointError(f"{path.name}: the index is cut off or damaged.") from fault
    except CheckpointError as fault:
        raise CheckpointError(f"{path.name}: {fault}") from fault


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():  # a pipe would wait for ever
        raise CheckpointError(f"There is no file {path.name} in the folder {path.parent.name!r}.")
    try:
        return path.open("rb")
    except OSError as fault:
        raise CheckpointError(f"{path.name}: the file cannot be opened.") from fault


def _tensor(data: BinaryIO, name: str, entry: Entry | None, shape: tuple[int, ...]) -> Tensor:
    if entry is None:
        raise CheckpointError(f"The checkpoint has no tensor {name}.")
    size = 4 * int(np.prod(shape))
    if (entry.dtype, entry.shard, entry.shape, entry.size) != (_FLOAT32, 0, shape, size):
        found = f"{entry.shape[:8]} of type {entry.dtype} in {entry.size} bytes"
        raise CheckpointError(f"The tensor {name} is {found}, not {shape} of type {_FLOAT32} in {size}.")
    if entry.offset + size > data.seek(0, os.SEEK_END):
        raise CheckpointError(f"The data file is cut off before the end of {name}.")
    data.seek(entry.offset)
    content = data.read(size)
    if masked_crc32c(content) != entry.checksum:
        raise CheckpointError(f"The tensor {name} is damaged: its checksum differs.")
    return np.frombuffer(content, dtype="<f4").reshape(shape).astype(np.float32)


# The table: blocks of key and value, an index of the blocks, and a footer that says where the index is.


def _entries(table: bytes) -> dict[str, Entry]:
    if len(table) < _FOOTER_BYTES or struct.unpack("<Q", table[-8:])[0] != _MAGIC:
        raise CheckpointError("this is no index of a checkpoint.")
    at = len(table) - _FOOTER_BYTES
    for _ in range(2):  # the unused block of metadata, whose place comes first
        _, at = _varint(table, at)
    entries: dict[str, Entry] = {}
    count = 0
    for _, place in _pairs(_block(table, table[at:-8])):
        for key, value in _pairs(_block(table, place)):
            if (count := count + 1) > MAX_ENTRIES:
                raise CheckpointError(f"the index has more than {MAX_ENTRIES} entries.")
            entries[key.decode("utf-8", "replace")] = _entry(value)
    return entries


def _block(table: bytes, place: bytes) -> bytes:
    offset, at = _varint(place, 0)
    size, _ = _varint(place, at)
    end = offset + size
    if end + _TRAILER_BYTES > len(table) - _FOOTER_BYTES or size < 8:
        raise CheckpointError("a block lies outside of the index.")
    if table[end] != 0:
        raise CheckpointError("the index is compressed, which is not read here.")
    if masked_crc32c(table[offset : end + 1]) != struct.unpack("<I", table[end + 1 : end + _TRAILER_BYTES])[0]:
        raise CheckpointError("the index is damaged: a checksum differs.")
    return table[offset:end]


def _pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk a block; each key is told by what differs from the one before."""
    end = len(block) - 4 - 4 * int(struct.unpack("<I", block[-4:])[0])
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        size, at = _varint(block, at)
        if shared > len(key) or shared + fresh > MAX_KEY_BYTES or at + fresh + size > end:
            raise CheckpointError("an entry of the index does not fit its block.")
        key = key[:shared] + block[at : at + fresh]
        at += fresh + size
        yield key, block[at - size : at]


# Entries: protocol buffers, of which a few fields matter.


def _entry(message: bytes) -> Entry:
    found: dict[int, int | bytes] = dict(_fields(message))
    numbers = {number: value for number, value in found.items() if isinstance(value, int)}
    shape = found.get(2, b"")
    return Entry(
        dtype=numbers.get(1, 0),
        shape=_shape(shape) if isinstance(shape, bytes) else (),
        shard=numbers.get(3, 0),
        offset=numbers.get(4, 0),
        size=numbers.get(5, 0),
        checksum=numbers.get(6, 0),
    )


def _shape(message: bytes) -> tuple[int, ...]:
    dimensions = (
        dict(_fields(value)) for number, value in _fields(message) if number == 2 and isinstance(value, bytes)
    )
    sizes = (dimension.get(1, 0) for dimension in dimensions)
    return tuple(size for size in sizes if isinstance(size, int))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
            case 2:
                size, at = _varint(message, at)
                yield tag >> 3, message[at : at + size]
                at += size
            case 5:
                yield tag >> 3, struct.unpack_from("<I", message, at)[0]
                at += 4
            case _:
                raise CheckpointError("an entry of the index is of a kind that is not known.")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of up to 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise CheckpointError("a number of the index has no end.")


# Checksums: CRC-32C, many lanes at a time, since a loop over bytes takes a second for each megabyte or two.


def masked_crc32c(content: bytes) -> int:
    """Checksum of at least four bytes, masked as LevelDB stores it."""
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(content: bytes) -> int:
    """Checksum of at least four bytes: lanes side by side, then put together two by two."""
    length = -(-len(content) // _LANES)
    padded = np.zeros(length * _LANES, dtype=np.uint8)  # zeros ahead of a message change nothing
    padded[padded.size - len(content) :] = np.frombuffer(content, dtype=np.uint8)
    padded[padded.size - len(content) :][:4] ^= 0xFF  # the same as a register of ones to begin with
    lanes = np.zeros(_LANES, dtype=np.uint32)
    for column in np.ascontiguousarray(padded.reshape(_LANES, length).T):
        lanes = _table()[(lanes ^ column) & 0xFF] ^ (lanes >> np.uint32(8))
    shift = _shift_by(length)
    while lanes.size > 1:
        lanes = _applied(shift, lanes[0::2]) ^ lanes[1::2]
        shift = _applied(shift, shift)
    return int(lanes[0]) ^ 0xFFFFFFFF


@cache
def _table() -> Words:
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, values >> np.uint32(1) ^ np.uint32(0x82F63B78), values >> np.uint32(1))
    return values


def _shift_by(length: int) -> Words:
    """What `length` zero bytes make of each of a register's bits."""
    bits = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    power, product = _table()[bits & 0xFF] ^ (bits >> np.uint32(8)), bits
    while length:
        if length & 1:
            product = _applied(power, product)
        power = _applied(power, power)
        length >>= 1
    return product


def _applied(operator: Words, registers: Words) -> Words:
    """Send each register through an operator given by what it makes of single bits."""
    bits = registers[:, None] >> np.arange(32, dtype=np.uint32) & np.uint32(1)
    return np.asarray(np.bitwise_xor.reduce(bits * operator, axis=1))
