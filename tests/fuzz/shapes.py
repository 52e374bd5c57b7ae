"""Messages made of chance from the structs themselves: right ones, and ones with something wrong in them (C2, C5)."""

import math
import random
import string
from collections.abc import Callable
from typing import Final, get_args

import msgspec
from msgspec import inspect as mi

MAX_TEXT: Final = 300
_WORD: Final = string.ascii_letters + string.digits + "_-"
_TONGUES: Final = ("sho", "ẞß", "مرحبا‮", "🥁" * 8, "\x00\x1b[2J", "e\u0301", "\ufeff", "🏳️‍🌈", "\u2028")

_PATTERNS: Final[dict[str, Callable[[random.Random], str]]] = {
    r"^[a-z0-9][a-z0-9-]{0,63}\Z": lambda dice: "a" + _letters(dice, 0, 63, "abc-019"),
    r"^[A-Za-z0-9_-]{8,36}\Z": lambda dice: _letters(dice, 8, 36, _WORD),
    r"^(\*|[A-Za-z0-9_-]{8,36})\Z": lambda dice: dice.choice(("*", _letters(dice, 8, 36, _WORD))),
    r"^[0-9a-f]{64}\Z": lambda dice: _letters(dice, 64, 64, "0123456789abcdef"),
    r"^[a-z0-9_]{1,32}\Z": lambda dice: _letters(dice, 1, 32, "abc_019"),
    r"^#[0-9a-fA-F]{6}\Z": lambda dice: "#" + _letters(dice, 6, 6, "0123456789abcdefABCDEF"),
}

HOSTILE: Final[tuple[object, ...]] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**53,
    2**63,
    2**64 - 1,
    -(2**63),
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    1.5,
    "",
    "x" * 5000,
    "🥁" * 3000,
    "\x00",
    b"",
    b"\xff" * 100,
    [],
    {},
    [[[[[[[]]]]]]],
    [None] * 2000,
    {"type": "edit"},
    {1: 2},
    dict.fromkeys(map(str, range(300)), ""),
)
"""What no field, or nearly none, may hold."""


def structs_of(union: object) -> dict[str, type[msgspec.Struct]]:
    """The messages of a direction by their wire names."""
    return {str(struct.__struct_config__.tag): struct for struct in get_args(union)}


def message(dice: random.Random, struct: type[msgspec.Struct]) -> dict[str, object]:
    """A message of this struct as a plain map, every field within its bounds."""
    made = _made(dice, mi.type_info(struct))
    assert isinstance(made, dict)
    return made


def spoiled(dice: random.Random, fields: dict[str, object]) -> dict[str, object]:
    """The same with one thing wrong: a field gone, one too many, or somewhere in it a value that does not belong."""
    spoilt, names = dict(fields), [name for name in fields if name != "type"]
    throw = dice.random()
    if not names or throw < 0.1:
        return {**spoilt, dice.choice(("mood", "", "seq", "\x00")): dice.choice(HOSTILE)}
    name = dice.choice(names)
    if throw < 0.2:
        del spoilt[name]
    else:
        spoilt[name] = _worse(dice, spoilt[name])
    return spoilt


def _worse(dice: random.Random, value: object) -> object:
    """Something inside of it is another, or all of it."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        return spoiled(dice, value)
    if isinstance(value, list) and value and dice.random() < 0.8:
        at = dice.randrange(len(value))
        return [*value[:at], _worse(dice, value[at]), *value[at + 1 :]]
    return dice.choice(HOSTILE)


def _made(dice: random.Random, kind: mi.Type) -> object:
    match kind:
        case mi.Metadata(type=inner):
            return _made(dice, inner)
        case mi.UnionType(types=types):
            return _made(dice, dice.choice(types))
        case mi.StructType(fields=fields, array_like=True):
            return [_made(dice, field.type) for field in fields]
        case mi.StructType(fields=fields):
            asked = {field.encode_name: field.type for field in fields if field.required or dice.random() < 0.5}
            tag = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
            return {**tag, **{name: _made(dice, inner) for name, inner in asked.items()}}
        case mi.VarTupleType(item_type=item) | mi.ListType(item_type=item):
            return [_made(dice, item) for _ in range(_length(dice, kind.min_length, kind.max_length, 6))]
        case mi.DictType(key_type=key, value_type=value):
            count = _length(dice, kind.min_length, kind.max_length, 6)
            return {str(_made(dice, key)): _made(dice, value) for _ in range(count)}
        case _:
            return _leaf(dice, kind)


def _leaf(dice: random.Random, kind: mi.Type) -> object:
    match kind:
        case mi.NoneType():
            return None
        case mi.BoolType():
            return dice.random() < 0.5
        case mi.LiteralType(values=values):
            return dice.choice(values)
        case mi.IntType(ge=low, le=high):
            return _number(dice, -(2**63) if low is None else int(low), 2**64 - 1 if high is None else int(high))
        case mi.FloatType(ge=low, le=high):
            return _fraction(dice, low, high)
        case mi.BytesType():
            return dice.randbytes(_length(dice, kind.min_length, kind.max_length, MAX_TEXT))
        case mi.StrType(pattern=str(pattern)):
            return _PATTERNS[pattern](dice)
        case mi.StrType():
            return _text(dice, _length(dice, kind.min_length, kind.max_length, MAX_TEXT))
        case _:
            raise AssertionError(f"the wire has a new kind of field: {kind}")


def _number(dice: random.Random, low: int, high: int) -> int:
    """Any whole number within bounds, the bounds themselves often."""
    return dice.choice((low, high, dice.randint(low, high), dice.randint(low, min(high, low + 1000))))


def _fraction(dice: random.Random, low: float | None, high: float | None) -> float:
    low, high = -1e300 if low is None else float(low), 1e300 if high is None else float(high)
    return dice.choice((low, high, low / 2 + high / 2, low + (high / 2 - low / 2) * dice.random()))


def _length(dice: random.Random, least: int | None, most: int | None, usual: int) -> int:
    least, most = least or 0, usual if most is None else most
    return dice.choice((least, min(most, usual), dice.randint(least, min(most, usual))))


def _text(dice: random.Random, length: int) -> str:
    """So many characters of any tongue."""
    text = dice.choice(_TONGUES) if dice.random() < 0.3 else ""
    return (text + "".join(dice.choices(_WORD, k=max(0, length - len(text)))))[:length]


def _letters(dice: random.Random, least: int, most: int, alphabet: str) -> str:
    return "".join(dice.choices(alphabet, k=dice.randint(least, most)))
