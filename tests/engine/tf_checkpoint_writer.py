"""Writes checkpoints in TensorFlow's layout, slowly and obviously, with room for whatever is to be wrong in them."""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from logdrum_engine.scoring.tf_checkpoint import DATA, INDEX, Tensor

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = crc_table()


def slow_crc32c(content: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in content:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> bytes:
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def number_field(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def message_field(number: int, message: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(message)) + message


def entry(shape: tuple[int, ...], offset: int, size: int, crc: bytes, *, dtype: int = 1, shard: int = 0) -> bytes:
    shape_message = b"".join(message_field(2, number_field(1, length)) for length in shape)
    places = number_field(3, shard) + number_field(4, offset) + number_field(5, size)
    return number_field(1, dtype) + message_field(2, shape_message) + places + varint(6 << 3 | 5) + crc


def pairs_block(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Keys shortened by what they share with the one before, and one restart."""
    block, before = b"", b""
    for key, value in pairs:
        shared = next(
            (i for i, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), min(len(key), len(before))
        )
        block += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return block + struct.pack("<II", 0, 1)


def table(blocks: Iterable[bytes], compression: int = 0) -> bytes:
    """A whole index of data blocks given as bytes."""
    content, places = b"", []
    for number, block in enumerate(blocks):
        places.append((b"k%03d" % number, varint(len(content)) + varint(len(block))))
        content += sealed(block, compression)
    at = varint(len(content))
    index = pairs_block(places)
    footer = varint(0) + varint(0) + at + varint(len(index))
    return content + sealed(index, 0) + footer.ljust(40, b"\0") + MAGIC


def sealed(block: bytes, compression: int) -> bytes:
    content = block + bytes([compression])
    return content + masked(slow_crc32c(content))


def write(folder: Path, tensors: Mapping[str, Tensor], per_block: int = 16) -> None:
    """A checkpoint of the tensors, with a header as TensorFlow writes it."""
    data, pairs = b"", [(b"", number_field(1, 1) + message_field(3, number_field(1, 1)))]
    for name, tensor in sorted(tensors.items()):
        content = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
        pairs.append((name.encode(), entry(tensor.shape, len(data), len(content), masked(slow_crc32c(content)))))
        data += content
    blocks = [pairs_block(pairs[at : at + per_block]) for at in range(0, len(pairs), per_block)]
    (folder / INDEX).write_bytes(table(blocks))
    (folder / DATA).write_bytes(data)
