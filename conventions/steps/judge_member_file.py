"""Have a file that the member alone signed judged by every reader, once: nobody else will, since it is never completed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from conventions.agreements import Agreement, Stage
from conventions.canonical import Json
from conventions.errors import NotFound
from conventions.folder import read_by_digest
from conventions.kinds import Party
from conventions.opinions import ask_readers
from conventions.ports.system import Ports
from conventions.preparation import expected_signers
from conventions.recording import quarantine, record_event
from conventions.steps.archive import render_report

VALIDATION_KIND = "validation-"
JUDGED = "archive.member_file_judged"


def judge_member_file(ports: Ports, agreement: Agreement) -> Sequence[tuple[str, bytes]]:
    """Return the reports on the member-signed file of the current version, each with its kind in the folder: those kept, else made now.

    What a reader refuses is kept as it says, and puts the agreement aside once.

    Raises:
        NotFound: the member has not signed, or neither store has the file.
        EvidenceBroken, UpstreamUnavailable.
    """
    reference, sha256 = agreement.reference, agreement.required_artefact(Stage.MEMBER_SIGNED).sha256
    kept = _kept(ports, reference, sha256)
    if kept:
        return kept
    expected = [one for one in expected_signers(agreement) if one.identity.party is Party.MEMBER]
    reports = ask_readers(ports, read_by_digest(ports, reference, sha256), expected)
    rendered = {report.reader: render_report(report) for report in reports}
    digests: Mapping[str, Json] = {reader: ports.working.put(data) for reader, data in rendered.items()}
    refused_by: Sequence[Json] = [report.reader for report in reports if not report.valid]
    with ports.registry.write() as tx:
        data: Mapping[str, Json] = {"sha256": sha256, "reports": digests, "refused_by": refused_by}
        record_event(ports, tx, JUDGED, at=ports.clock.now(), reference=reference, data=data)
    if refused_by:
        code = "verification.failed" if len(refused_by) == len(reports) else "verification.disagree"
        quarantine(ports, reference, code, {"refused_by": refused_by, "reports": digests})
    return [(f"{VALIDATION_KIND}{reader}", data) for reader, data in rendered.items()]


def _kept(ports: Ports, reference: str, sha256: str) -> Sequence[tuple[str, bytes]]:
    with ports.registry.read() as tx:
        entries = [entry for entry in tx.archive_entries(reference) if entry.kind.startswith(VALIDATION_KIND)]
    found = list[tuple[str, bytes]]()
    for entry in entries:
        try:
            data = read_by_digest(ports, reference, entry.sha256)
        except NotFound:
            continue  # lost before it was under lock: told, and made again
        if json.loads(data)["report"]["sha256"] == sha256:
            found.append((entry.kind, data))
    return found
