"""What a demonstration leaves to be looked at: the archived files, the prepared ones, the trust anchors, the summary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from conventions.agreements import Agreement, FactKind, Stage, settled_services
from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken
from conventions.ports.system import Ports
from conventions.status import Status, status_of

READERS = 4
ACTIVATIONS = "activations.jsonl"


@dataclass(frozen=True)
class StageTime:
    """How long a stage took, and for how many things."""

    name: str
    seconds: float
    count: int


@dataclass(frozen=True)
class Outcome:
    """Where one agreement stands at the end."""

    reference: str
    member: str
    category: str
    contribution_eur: int
    status: Status
    signed_at: datetime | None
    file: str | None
    sha256: str | None
    level: str | None
    archive_key: str | None
    retain_until: str | None
    services: tuple[str, ...]
    services_pending: tuple[str, ...]


def write_files(ports: Ports, out: Path, received: Path) -> list[Outcome]:
    """Write every file and return the outcomes by reference; archived files are read back from the archive and compared.

    ``received`` is where the receiver keeps what it got.

    Raises:
        EvidenceBroken: the archive gives other bytes than those recorded.
    """
    for folder in (out / "conventions", out / "prepared", out / "trust"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, pem in ports.signing.trust_anchors_pem().items():
        (out / "trust" / name).write_bytes(pem)
    if (received / ACTIVATIONS).exists():
        shutil.copyfile(received / ACTIVATIONS, out / ACTIVATIONS)
    with ports.registry.read() as tx:
        agreements = list(tx.agreements())
        members = {member.id: member for member in tx.members()}
    now = ports.clock.now()

    def written(agreement: Agreement) -> Outcome:
        prepared = agreement.artefact(Stage.PREPARED)
        if prepared is not None:
            (out / "prepared" / f"{agreement.reference}.pdf").write_bytes(ports.working.get(prepared.sha256))
        archived, signed = agreement.fact(FactKind.ARCHIVED), agreement.fact(FactKind.MEMBER_SIGNED)
        file = None
        if archived is not None:
            data = ports.archive.read(archived.text("key"))
            if sha256_hex(data) != archived.text("sha256"):
                raise EvidenceBroken(f"{agreement.reference}: the archived file is not the one recorded", code="evidence.archived_differs")
            file = f"conventions/{agreement.reference}.pdf"
            (out / file).write_bytes(data)
        member = members[agreement.member_id]
        on, pending = settled_services(agreement)
        return Outcome(
            reference=agreement.reference,
            member=member.name,
            category=member.category.value,
            contribution_eur=member.contribution_eur,
            status=status_of(agreement, now),
            signed_at=signed.instant("signed_at") if signed is not None else None,
            file=file,
            sha256=archived.text("sha256") if archived is not None else None,
            level=archived.text("level") if archived is not None else None,
            archive_key=archived.text("key") if archived is not None else None,
            retain_until=archived.text("retain_until") if archived is not None else None,
            services=on,
            services_pending=pending,
        )

    with ThreadPoolExecutor(READERS, "output") as readers:
        return list(readers.map(written, agreements))


def write_summary(out: Path, outcomes: Sequence[Outcome], stages: Sequence[StageTime]) -> None:
    """Write ``summary.json``."""
    summary = {
        "total_contribution_eur": sum(outcome.contribution_eur for outcome in outcomes),
        "stages": [{"name": stage.name, "seconds": round(stage.seconds, 2), "count": stage.count} for stage in stages],
        "agreements": [
            {
                "reference": outcome.reference,
                "member": outcome.member,
                "category": outcome.category,
                "contribution_eur": outcome.contribution_eur,
                "status": outcome.status.value,
                "file": outcome.file,
                "sha256": outcome.sha256,
                "level": outcome.level,
                "archive_key": outcome.archive_key,
                "retain_until": outcome.retain_until,
                "services": list(outcome.services),
                "services_pending": list(outcome.services_pending),
            }
            for outcome in outcomes
        ],
    }
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
