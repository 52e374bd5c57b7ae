"""TypeScript types of every message, generated from the structs (`make types`)."""

import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, get_args

import msgspec
from msgspec import inspect as mi

from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.hub_messages import HubMessage

_HEAD: Final = """\
// Generated from logdrum_protocol; do not edit. `make types` writes it anew, and a test fails when it is stale.
"""


def generate() -> str:
    """Return the whole TypeScript module."""
    unions = {"ClientMessage": get_args(ClientMessage), "HubMessage": get_args(HubMessage)}
    structs = _reachable([struct for members in unions.values() for struct in members])
    parts = [_HEAD, *(_enum(enum) for enum in (ErrorCode, CloseCode))]
    parts += [_interface(info) for info in structs]
    parts += [_alias(name, [member.__name__ for member in members]) for name, members in unions.items()]
    return "\n".join(parts)


def _reachable(roots: Iterable[type]) -> list[mi.StructType]:
    found: dict[str, mi.StructType] = {}
    waiting = [mi.type_info(root) for root in roots]
    while waiting:
        info = waiting.pop(0)
        if isinstance(info, mi.StructType):
            if info.cls.__name__ in found:
                continue
            found[info.cls.__name__] = info
            waiting += [field.type for field in info.fields]
        else:
            waiting += _children(info)
    return list(found.values())


def _children(info: mi.Type) -> Iterator[mi.Type]:
    match info:
        case mi.Metadata():
            yield info.type
        case mi.UnionType():
            yield from info.types
        case mi.VarTupleType():
            yield info.item_type
        case mi.DictType():
            yield info.value_type


def _interface(info: mi.StructType) -> str:
    doc = (info.cls.__doc__ or "").strip().splitlines()[0]
    lines = [f"/** {doc} */", f"export interface {info.cls.__name__} {{"]
    if info.tag_field is not None:
        lines.append(f'  readonly {info.tag_field}: "{info.tag}";')
    lines += [_field(field) for field in info.fields]
    return "\n".join([*lines, "}", ""])


def _field(field: mi.Field) -> str:
    note = next(_notes(field.type), None)
    comment = f"  /** {note} */\n" if note else ""
    return f"{comment}  readonly {field.encode_name}{'' if field.required else '?'}: {_type(field.type)};"


def _notes(info: mi.Type) -> Iterator[str]:
    if isinstance(info, mi.Metadata) and info.extra_json_schema:
        description = info.extra_json_schema.get("description")
        if isinstance(description, str):
            yield description
    if isinstance(info, (mi.Metadata, mi.UnionType)):
        for child in _children(info):
            yield from _notes(child)


def _type(info: mi.Type) -> str:
    match info:
        case mi.Metadata():
            return _type(info.type)
        case mi.StructType():
            return info.cls.__name__
        case mi.UnionType():
            names = (_type(member) for member in info.types)
            return " | ".join(dict.fromkeys(names))
        case mi.VarTupleType():
            inner = _type(info.item_type)
            return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
        case mi.DictType():
            return f"Readonly<Record<string, {_type(info.value_type)}>>"
        case mi.LiteralType():
            return " | ".join(msgspec.json.encode(value).decode() for value in info.values)
        case _:
            return _scalar(info)


def _scalar(info: mi.Type) -> str:
    names: dict[type[mi.Type], str] = {
        mi.BoolType: "boolean",
        mi.IntType: "number",
        mi.FloatType: "number",
        mi.StrType: "string",
        mi.BytesType: "Uint8Array",
        mi.NoneType: "null",
    }
    return names[type(info)]


def _enum(enum: type[Enum]) -> str:
    rows = [f"  {member.name}: {msgspec.json.encode(member.value).decode()}," for member in enum]
    doc = (enum.__doc__ or "").strip().splitlines()[0]
    name = enum.__name__
    kind = f"export type {name} = (typeof {name})[keyof typeof {name}];"
    return "\n".join([f"/** {doc} */", f"export const {name} = {{", *rows, "} as const;", kind, ""])


def _alias(name: str, members: list[str]) -> str:
    rows = "".join(f"\n  | {member}" for member in members)
    return f"export type {name} ={rows};\n"


if __name__ == "__main__":
    sys.stdout.write(generate())
