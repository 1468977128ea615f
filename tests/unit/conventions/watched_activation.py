"""A service that looks whether it is asked for what is archived."""

from __future__ import annotations

from conventions.agreements import FactKind
from conventions.canonical import sha256_hex
from conventions.ports.delivery import ActivationOrder, Receipt
from tests.fakes.delivery import FakeActivation
from tests.fakes.world import World


class WatchedActivation(FakeActivation):
    """A service that looks, at each order, whether the file that the order comes from is archived."""

    def __init__(self, world: World) -> None:
        super().__init__(world.registry)
        self._world = world

    def deliver(self, order: ActivationOrder) -> Receipt:
        archived = self._world.agreement(order.reference).required_fact(FactKind.ARCHIVED)
        data = self._world.archive.objects[archived.text("key")]
        assert sha256_hex(data) == archived.text("sha256")
        same = [known.key for known in self.orders.values() if (known.reference, known.service) == (order.reference, order.service)]
        assert set(same) <= {order.key}, f"{order.reference}: two orders for {order.service}"
        return super().deliver(order)
