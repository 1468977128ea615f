"""Make the proof bundle of an agreement: what the archive holds of it, and all that an expert verifies it by."""

from __future__ import annotations

import json
from dataclasses import dataclass

from conventions.agreements import Agreement
from conventions.bundle import (
    ANCHOR_NAMES,
    LIST,
    PROGRAM,
    README,
    ROOT_NAME,
    SEAL,
    SEAL_TIMESTAMP,
    SUMS,
    archived_name,
    bundle_name,
    certificate_fingerprint,
    journal_files,
    material_files,
    render_list,
    render_sums,
    render_zip,
)
from conventions.bundle_readme import render_readme
from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import EvidenceBroken, NotFound
from conventions.folder import listed_entries, read_kept
from conventions.ports.system import Ports
from conventions.proved import proved
from conventions.recording import record_event
from conventions.steps.keep_trail import EVIDENCE_KIND, keep_trail
from conventions.steps.office import OFFICE_READERS
from conventions.steps.prove_events import JournalProof, prove_events
from conventions.steps.sign_in import session_account
from conventions.steps.stamp_journal import stamp_journal

NOT_BY_US = ("-prepared.pdf", "-uploaded.pdf")
"""Files of the folder that this system signed nothing in: an uploaded file is judged as what it was raised to."""


@dataclass(frozen=True)
class Bundle:
    """A bundle: the name of its file, the ZIP's bytes, and the fingerprint of its root certificate (SHA-256 of the DER)."""

    filename: str
    data: bytes
    root_sha256: str


def bundle(ports: Ports, reference: str, by: str) -> Bundle:
    """Make the bundle and journal that it was made; while the folder and the journal's head stay, the bytes are the same.

    Raises:
        NotFound: no such agreement, or nothing of it is archived yet (``bundle.nothing_archived``).
        EvidenceBroken: archived bytes are not those recorded, or the journal does not hold what happened.
        Busy: the journal is being stamped; come back.
        UpstreamUnavailable, SigningFailed.
    """
    keep_trail(ports, reference)
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
    entries = listed_entries(ports, reference)
    names = [archived_name(entry) for entry in entries]
    files = {name: read_kept(ports, entry) for name, entry in zip(names, entries, strict=True)}
    signed = _last_of_each([files[name] for name in names if name.endswith(".pdf") and not name.endswith(NOT_BY_US)])
    anchors = ports.signing.trust_anchors_pem()
    former = ports.signing.former_authorities()
    files |= material_files(anchors, [ports.signing.proof_material(data) for data in signed], former)
    files |= journal_files(_covering_proof(ports, agreement))
    files[README] = render_readme(proved(agreement), entries, names, former)
    files[PROGRAM] = ports.verifier.program()
    files |= _sealed(ports, render_list(reference, files))
    files[SUMS] = render_sums(files)
    data = render_zip(bundle_name(reference), files)
    with ports.registry.write() as tx:
        about = {"list_sha256": sha256_hex(files[LIST]), "sha256": sha256_hex(data)}
        record_event(ports, tx, "bundle.made", at=ports.clock.now(), reference=reference, data=about, personal={"by": by})
    root = next(pem for name, pem in anchors.items() if ANCHOR_NAMES.get(name) == ROOT_NAME)
    return Bundle(f"{bundle_name(reference)}.zip", data, certificate_fingerprint(root))


def office_bundle(ports: Ports, cookie: str, reference: str) -> Bundle:
    """Make the bundle for a person of the office; see ``bundle``.

    Raises:
        LinkRefused, RuleRefused: this account may not read.
    """
    with ports.registry.read() as tx:
        account = session_account(ports, tx, cookie, OFFICE_READERS)
    return bundle(ports, reference, account.id)


def office_evidence(ports: Ports, cookie: str, reference: str) -> tuple[str, bytes]:
    """Return the last evidence file of an agreement, with the name to save it under; the access is journalled.

    Raises:
        LinkRefused, RuleRefused: this account may not read.
        NotFound: there is none yet (``evidence.none_yet``).
        EvidenceBroken, UpstreamUnavailable.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, OFFICE_READERS)
        kept = [entry for entry in tx.archive_entries(reference) if entry.kind == EVIDENCE_KIND and entry.completed_at is not None]
        if not kept:
            raise NotFound(f"{reference} has no evidence file yet", code="evidence.none_yet")
        data = {"account": account.id, "sha256": kept[-1].sha256, "stage": EVIDENCE_KIND}
        record_event(ports, tx, "file.read", at=ports.clock.now(), reference=reference, data=data)
    return f"preuve-{reference}.pdf", read_kept(ports, kept[-1])


def _last_of_each(signed: list[bytes]) -> list[bytes]:
    """Leave out the files that another one only adds to: what validates the later one is what validates the earlier."""
    return [data for data in signed if not any(other is not data and other.startswith(data) for other in signed)]


def _covering_proof(ports: Ports, agreement: Agreement) -> JournalProof:
    """Prove the agreement's events against a head that covers each of its facts, stamped now if none does."""
    try:
        proof = prove_events(ports, agreement.reference)
    except NotFound:
        stamp_journal(ports)
        proof = prove_events(ports, agreement.reference)
    if not _covers(proof, agreement):
        stamp_journal(ports)
        proof = prove_events(ports, agreement.reference)
    if not _covers(proof, agreement):
        raise EvidenceBroken(f"{agreement.reference}: a fact is not in the journal", code="journal.fact_missing")
    return proof


def _covers(proof: JournalProof, agreement: Agreement) -> bool:
    events = [json.loads(event.canonical) for event in proof.events]
    known = {(event["type"], event["at"]) for event in events}
    return all((f"agreement.{fact.kind}", fact.at.isoformat()) in known for fact in agreement.facts)


def _sealed(ports: Ports, listed: bytes) -> dict[str, bytes]:
    """Seal the list; the seal of a list is made once and kept, so that the same state of things is the same bundle."""
    name = f"bundle-seals/{sha256_hex(listed)}"
    try:
        kept = json.loads(ports.working.get_named(name))
    except NotFound:
        sealed = ports.signing.seal_proof(listed)
        ports.working.put_named(name, render_canonical({"cms": sealed.cms.hex(), "timestamp": sealed.timestamp.hex()}))
        kept = json.loads(ports.working.get_named(name))
    return {LIST: listed, SEAL: bytes.fromhex(kept["cms"]), SEAL_TIMESTAMP: bytes.fromhex(kept["timestamp"])}
