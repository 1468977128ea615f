"""A check for demonstrations and tests: no input or output while a registry transaction is open on the same thread.

Source: architecture.md, One step, two transactions. A transaction held while something outside is slow holds everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

Port = TypeVar("Port")


class _Registry(Protocol):
    @property
    def in_transaction(self) -> bool: ...


class IoInsideTransactionError(RuntimeError):
    """A step called something outside while its transaction was open: a fault of the program, not of the outside."""


class _Guarded:
    def __init__(self, port: object, registry: _Registry) -> None:
        self._port, self._registry = port, registry

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever the port has under that name
        value = getattr(self._port, name)
        return self._checked(name, value) if callable(value) else value

    def _checked(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def checked(*args: object, **kwargs: object) -> object:
            if self._registry.in_transaction:
                msg = f"{type(self._port).__name__}.{name} called inside a registry transaction"
                raise IoInsideTransactionError(msg)
            return call(*args, **kwargs)

        return checked


def guarded(port: Port, registry: _Registry) -> Port:
    """Return the same port, whose every call raises ``IoInsideTransactionError`` while ``registry`` has a transaction open."""
    return cast("Port", _Guarded(port, registry))
