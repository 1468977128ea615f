"""Put a document before a reader of the desk, as text or as pictures of its pages: the form is recorded, and what is taken away too."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conventions.accounts import Account
from conventions.agreements import Agreement
from conventions.canonical import Json
from conventions.ceremonies import Authorisation
from conventions.errors import NotFound
from conventions.folder import read_by_digest
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import record_event
from conventions.steps.desk import DESK_READERS
from conventions.steps.read_page import SERVED_AS, picture_of, served_sha256
from conventions.steps.sign_in import session_account

SHOWN = "desk.shown"


def show(ports: Ports, cookie: str, reference: str, served_as: str) -> tuple[str, ...]:
    """Record in which form a document is put before the reader; return the HTML of each part of its text, none for pictures.

    Raises:
        LinkRefused, RuleRefused, EvidenceBroken, UpstreamUnavailable.
        NotFound: no such document, or no such form.
    """
    if served_as not in SERVED_AS:
        raise NotFound(f"no document served as {served_as!r}", code="document.not_found")
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        agreement = tx.agreement(reference)
        preparation = preparation_of(agreement)
        data: dict[str, Json] = {"account": account.id, "served_as": served_as, "sha256": served_sha256(preparation, served_as)}
        _record_once(ports, tx, SHOWN, reference, data)
    if served_as != "text":
        return ()
    return tuple(str(html) for _, html in json.loads(ports.working.get(preparation.twin_sha256)))


def _record_once(ports: Ports, tx: Transaction, type_: str, reference: str, data: Mapping[str, Json]) -> None:
    """Record what a reader was shown, unless the journal says so already: a page seen again says nothing new."""
    if not any(entry.event.type == type_ and entry.event.data == data for entry in tx.events(reference)):
        record_event(ports, tx, type_, at=ports.clock.now(), reference=reference, data=data)


def served_to(tx: Transaction, account: Account, agreement: Agreement) -> tuple[str, ...]:
    """List the forms in which the file that stands now was put before an account, as the journal knows them."""
    preparation = preparation_of(agreement)
    of_digest = {served_sha256(preparation, form): form for form in SERVED_AS}
    shown = (entry.event.data for entry in tx.events(agreement.reference) if entry.event.type == SHOWN)
    digests = {str(data["sha256"]) for data in shown if data["account"] == account.id}
    return tuple(sorted(of_digest[digest] for digest in digests & of_digest.keys()))


def desk_document(ports: Ports, cookie: str, reference: str) -> bytes:
    """Return the PDF of an agreement that waits for its signature, as the member signed it where it did; the access is journalled.

    Raises:
        LinkRefused, RuleRefused, NotFound, UpstreamUnavailable.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        artefact = tx.agreement(reference).to_countersign
        data = {"account": account.id, "stage": artefact.stage.value, "sha256": artefact.sha256}
        record_event(ports, tx, "file.downloaded", at=ports.clock.now(), reference=reference, data=data)
    return read_by_digest(ports, reference, artefact.sha256)


def desk_page_picture(ports: Ports, cookie: str, reference: str, page: int) -> bytes:
    """Return one page of the prepared file as a PNG, the same picture as the member saw; the first access is journalled.

    Raises:
        LinkRefused, RuleRefused, NotFound, UpstreamUnavailable.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        preparation = preparation_of(tx.agreement(reference))
        if not 1 <= page <= preparation.page_count:
            raise NotFound(f"{reference} has no page {page}", code="document.no_page")
        data: dict[str, Json] = {"account": account.id, "page": page, "sha256": preparation.sha256}
        _record_once(ports, tx, "file.page_seen", reference, data)
    return picture_of(ports, reference, preparation.sha256, page)


def sealed_list(ports: Ports, cookie: str, authorisation_id: str) -> bytes:
    """Return the sealed list of a ceremony of the reader's delegation, canonical JSON; the access is journalled.

    Raises:
        LinkRefused, RuleRefused.
        NotFound: no such ceremony, or not one of this delegation.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        sealed = authorisation_of(tx, account, authorisation_id).sealed
        if sealed is None:
            raise NotFound(f"no sealed list for ceremony {authorisation_id}")
        record_event(ports, tx, "ceremony.list_read", at=ports.clock.now(), data={"account": account.id, "ceremony": authorisation_id})
    return sealed.manifest


def authorisation_of(tx: Transaction, account: Account, authorisation_id: str) -> Authorisation:
    """Return a ceremony held under an account's delegation.

    Raises:
        NotFound: there is none of that name.
    """
    authorisation = tx.authorisation(authorisation_id)
    if authorisation.delegation_id != account.delegation_id:
        raise NotFound(f"ceremony {authorisation_id} is of another delegation")
    return authorisation
