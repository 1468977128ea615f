"""Deliver one activation order and record what the service answered."""

from __future__ import annotations

from collections.abc import Mapping

from conventions.agreements import ACKNOWLEDGED, WAITING_CONDITION, Agreement, Fact, FactKind
from conventions.canonical import Json
from conventions.effect import effect_on
from conventions.errors import AlreadyRecorded, EvidenceBroken, RuleRefused
from conventions.outgoing import Outgoing
from conventions.ports.delivery import ActivationOrder
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.steps.activate import order_key

OUTCOMES = frozenset({ACKNOWLEDGED, WAITING_CONDITION})


def settle_order(ports: Ports, outgoing: Outgoing) -> None:
    """Deliver the order of an outbox row; the service's answer becomes a fact. Delivered twice, it is one order.

    Raises:
        UpstreamUnavailable: no answer; the row is tried again.
        RuleRefused: the service refuses for good, or answers something unknown.
        EvidenceBroken: the order is not one that the signed file gave.
    """
    service = outgoing.ids["service"]
    with ports.registry.read() as tx:
        agreement = tx.agreement(outgoing.reference)
        if _is_settled(agreement, service):
            return
        order = _order(tx, agreement, outgoing)
    receipt = ports.activation.deliver(order)
    if receipt.outcome not in OUTCOMES:
        raise RuleRefused(f"order {order.key}: unknown answer", code="order.refused")
    with ports.registry.write() as tx:
        fresh = tx.agreement(outgoing.reference, lock=True)
        data: dict[str, Json] = {"service": service, "key": order.key, "outcome": receipt.outcome, "receipt": dict(receipt.answer)}
        try:
            record_fact(ports, tx, fresh, Fact(FactKind.ORDER_SETTLED, ports.clock.now(), agreement.version, data))
        except AlreadyRecorded:
            return


def _is_settled(agreement: Agreement, service: str) -> bool:
    return any(
        fact.kind is FactKind.ORDER_SETTLED and fact.version == agreement.version and fact.data["service"] == service
        for fact in agreement.facts
    )


def _order(tx: Transaction, agreement: Agreement, outgoing: Outgoing) -> ActivationOrder:
    ordered = agreement.required_fact(FactKind.ORDERED)
    services = ordered.data["services"]
    service = outgoing.ids["service"]
    said = (
        next((item for item in services if isinstance(item, Mapping) and item["code"] == service), None)
        if isinstance(services, list | tuple)
        else None
    )
    version = int(outgoing.ids["order_version"])
    prepared = agreement.required_fact(FactKind.PREPARED)
    if said is None or outgoing.ids["key"] != order_key(prepared.text("sha256"), service, version):
        raise EvidenceBroken(f"{agreement.reference}: order for {service} is not one of the signed file", code="evidence.order_unknown")
    member = tx.member(agreement.member_id)
    quotas = said["quotas"]
    condition = said["condition"]
    return ActivationOrder(
        key=outgoing.ids["key"],
        order_version=version,
        reference=agreement.reference,
        service=service,
        siret=member.siret,
        member=member.name,
        effect_on=effect_on(tx, agreement, ordered.at).isoformat(),
        quotas={str(name): int(str(value)) for name, value in quotas.items()} if isinstance(quotas, Mapping) else {},
        condition=str(condition) if condition is not None else None,
        ordered_at=ordered.at,
    )
