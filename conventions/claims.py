"""Claims: one worker at a time on one agreement, with a fencing number that unmasks a late one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from conventions.errors import UpstreamUnavailable
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports


@dataclass(frozen=True)
class Claim:
    """A claim held: its name and fencing number."""

    name: str
    fence: int

    def verify(self, tx: Transaction) -> None:
        """Check inside a transaction that the claim is still ours, and end it with that transaction.

        Raises:
            Busy: somebody else took it.
        """
        tx.verify_claim(self.name, self.fence)
        tx.release_claim(self.name, self.fence)


def take_claim(ports: Ports, tx: Transaction, reference: str) -> Claim:
    """Claim an agreement inside a transaction.

    Raises:
        Busy: another worker is on it.
    """
    now = ports.clock.now()
    name = f"agreement:{reference}"
    fence = tx.claim(name, ports.secrets.random_id(), now, now + ports.rules.signing_lease)
    return Claim(name, fence)


@contextmanager
def freed_on_error(ports: Ports, claims: tuple[Claim, ...]) -> Iterator[None]:
    """Release the claims when the work inside fails, so that the next attempt need not wait for the lease to end."""
    try:
        yield
    except BaseException:
        _release(ports, claims)
        raise


def _release(ports: Ports, claims: tuple[Claim, ...]) -> None:
    try:
        with ports.registry.write() as tx:
            for claim in claims:
                tx.release_claim(claim.name, claim.fence)
    except UpstreamUnavailable:
        return  # the lease ends by itself
