"""What every ``Activation`` does, seen on the fake and on webhooks with the real receiver."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Protocol

import pytest

from contreseing.clock import SystemClock
from conventions.errors import RuleRefused, UpstreamUnavailable
from conventions.ports.delivery import Activation, ActivationOrder
from delivery.webhooks import WebhookActivation
from tests.contract.delivery.parts import RunningPart, receiver_in, webhook_secret
from tests.fakes.delivery import FakeActivation

SECRET = webhook_secret("the one in use")


def new_order() -> ActivationOrder:
    """Return an order under a key of its own."""
    return ActivationOrder(
        key=secrets.token_hex(32),
        order_version=1,
        reference="2026-0014",
        service="sae",
        siret="00000000000014",
        member="Communauté de communes des Abers-Fictifs",
        effect_on="2026-11-23",
        quotas={"volume_go": 50},
        condition=None,
        ordered_at=datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC),
    )


class Service(Protocol):
    """An activation, and the service at its other end."""

    @property
    def activation(self) -> Activation: ...

    @property
    def refused(self) -> Activation:
        """An activation whose orders the service refuses for good."""
        ...

    def received_keys(self) -> list[str]:
        """List the keys of the orders that the service keeps, first received first."""
        ...

    def break_down(self) -> None:
        """Let the service be unreachable."""
        ...

    def mend(self) -> None:
        """Let it be reachable again."""
        ...


class FakeService:
    def __init__(self) -> None:
        self.activation, self.refused = FakeActivation(), FakeActivation()
        self.refused.failure = RuleRefused("the service refuses the order for good")

    def received_keys(self) -> list[str]:
        return list(self.activation.orders)

    def break_down(self) -> None:
        self.activation.failure = UpstreamUnavailable("the service does not answer")

    def mend(self) -> None:
        self.activation.failure = None


class RealService:
    def __init__(self, receiver: RunningPart) -> None:
        self._receiver = receiver
        url = f"{receiver.address}/activations"
        self.activation = WebhookActivation(url, [SECRET], clock=SystemClock())
        self.refused = WebhookActivation(url, [webhook_secret("another one")], clock=SystemClock())

    def received_keys(self) -> list[str]:
        return [received["id"] for received in self._receiver.get("/activations")["activations"]]

    def break_down(self) -> None:
        self._receiver.kill()

    def mend(self) -> None:
        self._receiver.start()


@pytest.fixture(params=["fake", "real"], scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if request.param == "fake":
        yield FakeService()
        return
    receiver = receiver_in(tmp_path_factory.mktemp("receiver"), SECRET).start()
    real = RealService(receiver)
    with real.activation, real.refused:
        yield real
    assert receiver.stop() == (0, "")


def standing(service: Service, *orders: ActivationOrder) -> list[str]:
    """List the keys that the service keeps, once for each time, among those of the orders."""
    return [key for key in service.received_keys() if key in {order.key for order in orders}]


def test_an_order_without_condition_is_acknowledged(service: Service) -> None:
    order = new_order()
    assert service.activation.deliver(order).outcome == "acknowledged"
    assert standing(service, order) == [order.key]


def test_an_order_with_a_condition_waits(service: Service) -> None:
    order = dataclasses.replace(new_order(), condition="deux documents à envoyer")
    assert service.activation.deliver(order).outcome == "waiting_condition"
    assert standing(service, order) == [order.key]


def test_the_same_key_twice_is_one_order_with_one_answer(service: Service) -> None:
    order = new_order()
    assert service.activation.deliver(order) == service.activation.deliver(order)
    assert standing(service, order) == [order.key]


def test_the_same_key_from_several_workers_at_once_is_one_order(service: Service) -> None:
    order = new_order()
    with ThreadPoolExecutor(8) as workers:
        receipts = list(workers.map(service.activation.deliver, [order] * 16))
    assert {receipt.outcome for receipt in receipts} == {"acknowledged"}
    assert standing(service, order) == [order.key]


def test_each_key_is_an_order(service: Service) -> None:
    orders = [new_order() for _ in range(5)]
    for order in orders:
        service.activation.deliver(order)
    assert standing(service, *orders) == [order.key for order in orders]


def test_while_the_service_is_down_orders_wait_and_later_pass_once(service: Service) -> None:
    before, during = new_order(), new_order()
    service.activation.deliver(before)
    service.break_down()
    with pytest.raises(UpstreamUnavailable) as outage:
        service.activation.deliver(during)
    assert outage.value.retryable
    service.mend()
    for order in (during, before):
        assert service.activation.deliver(order).outcome == "acknowledged"
    assert standing(service, before, during) == [before.key, during.key]


def test_a_refusal_for_good_is_never_retried(service: Service) -> None:
    order = new_order()
    with pytest.raises(RuleRefused) as refusal:
        service.refused.deliver(order)
    assert not refusal.value.retryable
    assert standing(service, order) == []
