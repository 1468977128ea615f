"""Mailer and activation in memory; both can be told to fail."""

from __future__ import annotations

from conventions.agreements import ACKNOWLEDGED, WAITING_CONDITION
from conventions.errors import ContreseingError, InputRefused
from conventions.ports.delivery import ActivationOrder, Notice, Receipt
from tests.fakes.registry import FakeRegistry, refuse_inside_transaction


class FakeMailer:
    """Keeps the notices handed to it.

    ``failure`` is raised by every call while it is set; an address in ``refused`` is refused for good.
    """

    def __init__(self, registry: FakeRegistry | None = None) -> None:
        self.sent: list[Notice] = []
        self.failure: ContreseingError | None = None
        self.refused: set[str] = set()
        self._registry = registry

    def send(self, notice: Notice) -> None:
        refuse_inside_transaction(self._registry)
        if self.failure is not None:
            raise self.failure
        if notice.to in self.refused:
            raise InputRefused("the mail server refuses the address for good", code="mail.address_refused")
        self.sent.append(notice)

    def render(self, notice: Notice) -> bytes:
        refuse_inside_transaction(self._registry)
        lines = [f"{name}: {value}" for name, value in sorted(notice.values.items())]
        return "\n".join([f"To: {notice.to}", notice.template, *lines, ""]).encode()

    def last_to(self, address: str) -> Notice:
        """Return the last notice sent to an address."""
        return next(notice for notice in reversed(self.sent) if notice.to == address)


class FakeActivation:
    """Acknowledges orders, or leaves those with a condition waiting; the same key twice is one order.

    ``failure`` is raised by every call while it is set; ``failures`` maps a service's code to what its orders raise.
    """

    def __init__(self, registry: FakeRegistry | None = None) -> None:
        self.orders: dict[str, ActivationOrder] = {}
        self.deliveries = 0
        self.failure: ContreseingError | None = None
        self.failures: dict[str, ContreseingError] = {}
        self._registry = registry

    def deliver(self, order: ActivationOrder) -> Receipt:
        refuse_inside_transaction(self._registry)
        failure = self.failure or self.failures.get(order.service)
        if failure is not None:
            raise failure
        self.deliveries += 1
        self.orders.setdefault(order.key, order)
        return Receipt(WAITING_CONDITION if order.condition else ACKNOWLEDGED, {"service": order.service})
