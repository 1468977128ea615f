"""Make the package by which archived agreements are transferred to the archiving service, and journal what went into it.

Nothing leaves by itself: a person deposits the package. It is a copy: the archive keeps everything, whatever the service answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conventions.agreements import FactKind
from conventions.canonical import Json, sha256_hex
from conventions.errors import ConfigurationError, InputRefused, NotFound
from conventions.folder import listed_entries, read_kept
from conventions.french import format_date, paris_date
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.retention import retention_of
from conventions.seda import TransferredAgreement, render_transfer
from conventions.sentences import KIND_LABELS
from conventions.steps.keep_trail import keep_trail

TRANSFERS = "transfer/"
"""What the journal's reference of a transfer begins with; its identifier follows."""
TRANSFER_MADE, TRANSFERRED = "archive.transfer_made", "archive.transferred"
MOST_AGREEMENTS = 100
"""Agreements of one package: it is made in memory, some 1.5 MB each."""


@dataclass(frozen=True)
class Transfer:
    """A package: the identifier of its message, which the service's answers repeat, and the ZIP's bytes."""

    message_id: str
    data: bytes


def transfer(ports: Ports, references: Sequence[str], by: str) -> Transfer:
    """Make the package of some agreements, each with its whole folder, and journal it.

    Raises:
        ConfigurationError: no archiving service is set.
        InputRefused: no agreement, one twice, or more than a package holds.
        NotFound: no such agreement, or it is not archived (``transfer.not_archived``).
        EvidenceBroken: archived bytes are not those recorded; nothing is made.
        UpstreamUnavailable, SigningFailed.
    """
    service = ports.rules.archiving_service
    if service is None:
        raise ConfigurationError("no archiving service is set", code="transfer.no_service")
    if not 0 < len(set(references)) == len(references) <= MOST_AGREEMENTS:
        raise InputRefused("not a list of agreements that one package holds", code="transfer.list", most=MOST_AGREEMENTS)
    described = [_described(ports, reference) for reference in references]
    now, message_id = ports.clock.now(), f"contreseing-{ports.secrets.random_id()}"
    data = render_transfer(service, message_id, now, described)
    listed: list[Json] = list(references)
    with ports.registry.write() as tx:
        made: dict[str, Json] = {"references": listed, "sha256": sha256_hex(data), "archival_agency": service.archival_agency}
        record_event(ports, tx, TRANSFER_MADE, at=now, reference=f"{TRANSFERS}{message_id}", data=made, personal={"by": by})
        for reference in references:
            record_event(ports, tx, TRANSFERRED, at=now, reference=reference, data={"message": message_id})
    return Transfer(message_id, data)


def _described(ports: Ports, reference: str) -> TransferredAgreement:
    with ports.registry.read() as tx:
        if tx.agreement(reference).fact(FactKind.ARCHIVED) is None:
            raise NotFound(f"{reference} is not archived", code="transfer.not_archived", reference=reference)
    keep_trail(ports, reference)
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        member, programme = tx.member(agreement.member_id), tx.programme(agreement.programme_id)
    signed = [fact.instant("signed_at") for fact in agreement.facts if fact.kind in {FactKind.MEMBER_SIGNED, FactKind.COUNTERSIGNED}]
    label = KIND_LABELS[agreement.kind]
    return TransferredAgreement(
        reference=reference,
        title=f"{label} n° {reference}, {member.name}",
        description=f"{label} du {programme.name} entre {programme.syndicate.name} et {member.name}, "
        f"signature du {format_date(paris_date(max(signed)))}, "
        "avec ses preuves : relevés, rapports de validation, courriels, ordres, sommaires.",
        organisation=member.name,
        siret=member.siret,
        signed_from=min(signed),
        signed_until=max(signed),
        programme_ends_on=programme.ends_on,
        retention=retention_of(agreement) or ports.rules.retention(programme),
        objects=[(entry, read_kept(ports, entry)) for entry in listed_entries(ports, reference)],
    )
