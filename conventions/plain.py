"""Records of the domain as plain JSON values, and back: what the archive keeps of them must be readable without this program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from conventions.canonical import Json
from conventions.errors import EvidenceBroken

T = TypeVar("T")


def plain(value: object) -> Json:
    """Reduce a record (dataclasses, words of an enumeration, days, instants, tuples) to what JSON holds.

    Raises:
        TypeError: it holds something else.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    msg = f"a record does not hold a {type(value).__name__}"
    raise TypeError(msg)


def restored(kind: type[T], value: Json) -> T:
    """Make a record again from its plain value; a field that is absent takes its default.

    Raises:
        EvidenceBroken: the value is not that of such a record.
    """
    try:
        return cast("T", _restored(kind, value))
    except (ValueError, TypeError, KeyError) as error:
        raise EvidenceBroken(f"not the plain value of a {kind.__name__}", code="evidence.record") from error


def _restored(kind: Any, value: Any) -> object:  # noqa: ANN401 a type as annotations write it
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None else _restored(next(one for one in arguments if one is not NoneType), value)
    if origin is tuple:
        return _restored_tuple(arguments, value)
    if isinstance(kind, type):
        if is_dataclass(kind):
            return _restored_record(kind, value)
        if issubclass(kind, StrEnum):
            return kind(value)
        if issubclass(kind, date):  # an instant is one too
            return kind.fromisoformat(value)
        if type(value) is kind:
            return value
    msg = f"{kind} expected"
    raise TypeError(msg)


def _restored_tuple(arguments: tuple[Any, ...], value: Any) -> tuple[object, ...]:  # noqa: ANN401
    if not isinstance(value, list):
        msg = "a list is expected"
        raise TypeError(msg)
    if arguments[-1] is Ellipsis:
        return tuple(_restored(arguments[0], item) for item in value)
    return tuple(_restored(kind, item) for kind, item in zip(arguments, value, strict=True))


def _restored_record(kind: type[Any], value: Any) -> object:  # noqa: ANN401
    hints = get_type_hints(kind)
    if not isinstance(value, dict) or not value.keys() <= hints.keys():
        msg = f"the fields of a {kind.__name__} are expected"
        raise TypeError(msg)
    known = {field.name: field for field in fields(kind)}
    lacking = [name for name, field in known.items() if name not in value and field.default is field.default_factory is MISSING]
    if lacking:
        raise KeyError(lacking[0])
    return kind(**{name: _restored(hints[name], item) for name, item in value.items()})
