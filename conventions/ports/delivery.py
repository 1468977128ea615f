"""Ports of what leaves: mails and activation orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from conventions.canonical import Json
from conventions.outgoing import Template


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    filename: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class Notice:
    """A mail to be rendered and sent. ``values`` fill the template; they may hold a link or a code and are never logged.

    ``id`` makes the Message-ID, so that a mail sent twice after a crash is seen to be the same one.
    """

    id: str
    template: Template
    to: str
    values: Mapping[str, str]
    attachments: tuple[Attachment, ...] = ()
    demonstration: bool = False


class Mailer(Protocol):
    """Sends notices."""

    def send(self, notice: Notice) -> None:
        """Render the notice (text and HTML, French) and hand it to the mail server.

        Raises:
            UpstreamUnavailable: refused for now, or no answer.
            InputRefused: the server refuses the address for good.
        """
        ...

    def render(self, notice: Notice) -> bytes:
        """Make the message (RFC 5322) as ``send`` does, and send nothing.

        Raises:
            InputRefused: as ``send``.
        """
        ...


@dataclass(frozen=True)
class ActivationOrder:
    """An order to switch a service on. ``key`` is its identity for ever and its ``webhook-id``."""

    key: str
    order_version: int
    reference: str
    service: str
    siret: str
    member: str
    effect_on: str
    quotas: Mapping[str, int]
    condition: str | None
    ordered_at: datetime


@dataclass(frozen=True)
class Receipt:
    """What the service answered: ``acknowledged`` or ``waiting_condition``, and its answer as received."""

    outcome: str
    answer: Mapping[str, Json] = field(default_factory=dict)


class Activation(Protocol):
    """Delivers orders."""

    def deliver(self, order: ActivationOrder) -> Receipt:
        """Deliver an order (Standard Webhooks); delivering the same key twice is one order.

        Raises:
            UpstreamUnavailable: no answer, 5xx or 429.
            RuleRefused: the service refuses the order for good (4xx).
        """
        ...
