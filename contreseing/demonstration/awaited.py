"""Who is still to sign in the demonstration, for whoever opens it to play that part."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.ports.system import Ports
from conventions.status import Status, status_of


@dataclass(frozen=True)
class AwaitedSigner:
    """An agreement that waits for its member, and the address to which its link went."""

    reference: str
    member: str
    address: str


def awaited_signers(ports: Ports, most: int) -> list[AwaitedSigner]:
    """Return the first agreements, by reference, that a member is still to sign; ``most`` of them at most."""
    now = ports.clock.now()
    with ports.registry.read() as tx:
        waiting = [one for one in tx.agreements() if status_of(one, now) is Status.AWAITING_MEMBER][:most]
        members = [tx.member(one.member_id) for one in waiting]
    return [
        AwaitedSigner(one.reference, member.name, member.representative_mail.address) for one, member in zip(waiting, members, strict=True)
    ]
