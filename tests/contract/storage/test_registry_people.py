"""Contract of the registry: links, visits, codes, accounts, sessions, reviews, ceremonies, archive entries, board."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from conventions.accounts import Role, Session
from conventions.canonical import sha256_hex
from conventions.ceremonies import Authorisation, HowShown, ManifestItem, Mark, ModelRead, Review
from conventions.errors import AlreadyRecorded, NotFound
from conventions.kinds import Kind
from conventions.links import Closure, CodeRequest, Visit, VisitorKind
from conventions.ports.registry import ArchiveEntry, Registry, ShownState, Transaction
from conventions.signatures import SealedManifest
from tests.contract.storage.records import LATER, NOW, account, link, seed_agreement

COOKIE = sha256_hex(b"cookie")
VISIT = Visit("v-1", "l-1", COOKIE, NOW, LATER, VisitorKind.PERSON, "a POST with a token")
CODE = CodeRequest("k-1", "l-1", sha256_hex(b"document"), NOW)
SESSION = Session(COOKIE, "a-1", NOW, LATER)
ITEM = ManifestItem(
    "2026-0001", sha256_hex(b"prepared"), sha256_hex(b"signed"), HowShown.IN_TABLE, ("picture", "text"), sha256_hex(b"model")
)
AUTHORISATION = Authorisation("z-1", "a-1", "d-1", NOW, LATER, (ITEM,))
ENTRY = ArchiveEntry("2026-0001", 1, "sealed", sha256_hex(b"sealed"), 6, "agreements/2026-0001/0001-sealed", LATER)


def test_links_are_kept_counted_and_closed(registry: Registry) -> None:
    closed = dataclasses.replace(link("1"), closed_as=Closure.LOCKED, closed_at=LATER, wrong_codes=5)
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_link(link("1"))
        tx.add_link(link("0"))
        with pytest.raises(AlreadyRecorded):
            tx.add_link(link("1"))
        assert tx.link("l-1", lock=True) == link("1")
        tx.update_link(closed)

    with registry.read() as tx:
        assert tx.link("l-1") == closed
        assert tx.links_of("2026-0001") == [closed, link("0")]
        assert tx.links_of("2026-0002") == []


def test_visits_are_found_by_their_cookie(registry: Registry) -> None:
    turned = dataclasses.replace(VISIT, turned=(1, 2, 3), served_as=("picture", "text"))
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_link(link())
        tx.add_visit(VISIT)
        with pytest.raises(AlreadyRecorded):
            tx.add_visit(dataclasses.replace(VISIT, id="v-2"))
        assert tx.visit_by_cookie(COOKIE) == VISIT
        tx.update_visit(turned)

    with registry.read() as tx:
        assert tx.visit_by_cookie(COOKIE) == turned


def test_a_links_visits_are_listed_oldest_first(registry: Registry) -> None:
    later = dataclasses.replace(VISIT, id="v-0", cookie_sha256=sha256_hex(b"other"), begun_at=LATER)
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_link(link())
        tx.add_visit(VISIT)
        tx.add_visit(later)

    with registry.read() as tx:
        assert tx.visits_of("l-1") == [VISIT, later]
        assert tx.visits_of("l-2") == []


def test_codes_are_listed_oldest_first(registry: Registry) -> None:
    made = dataclasses.replace(CODE, made_at=NOW, mac="ab" * 32, used_at=LATER)
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_link(link())
        tx.add_code_request(CODE)
        tx.add_code_request(dataclasses.replace(CODE, id="k-0"))
        tx.update_code_request(made)

    with registry.read() as tx:
        assert tx.code_requests("l-1") == [made, dataclasses.replace(CODE, id="k-0")]
        assert tx.code_request("k-1") == made
        assert tx.code_requests("l-2") == []


def test_accounts_are_found_by_id_and_login(registry: Registry) -> None:
    changed = dataclasses.replace(account(), roles=(Role.AUDITOR,), totp_last_step=57_000_000, failed_sign_ins=3, paused_until=LATER)
    with registry.write() as tx:
        tx.add_account(account())
        with pytest.raises(AlreadyRecorded):
            tx.add_account(dataclasses.replace(account("2"), login="login-1"))
        assert tx.account("a-1", lock=True) == tx.account_by_login("login-1", lock=True) == account()
        tx.update_account(changed)

    with registry.read() as tx:
        assert tx.account("a-1") == tx.account_by_login("login-1") == changed


def test_sessions_begin_change_and_end(registry: Registry) -> None:
    stronger = dataclasses.replace(SESSION, second_factor_at=NOW)
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_session(SESSION)
        tx.update_session(stronger)
    with registry.write() as tx:
        assert tx.session(COOKIE) == stronger
        tx.end_session(COOKIE)
        tx.end_session(COOKIE)
        with pytest.raises(NotFound):
            tx.session(COOKIE)


def test_the_last_mark_on_a_document_wins(registry: Registry) -> None:
    ready = Review("a-1", "2026-0001", sha256_hex(b"signed"), Mark.READY, HowShown.OPENED, NOW)
    aside = dataclasses.replace(ready, mark=Mark.ASIDE, at=LATER)
    with registry.write() as tx:
        seed_agreement(tx)
        tx.add_account(account())
        for review in (ready, aside):
            tx.set_review(review)
        tx.set_review(dataclasses.replace(ready, member_signed_sha256=sha256_hex(b"other")))

    with registry.read() as tx:
        assert {(r.member_signed_sha256, r.mark) for r in tx.reviews("a-1")} == {
            (sha256_hex(b"signed"), Mark.ASIDE),
            (sha256_hex(b"other"), Mark.READY),
        }
        assert tx.reviews("a-2") == []


def test_a_model_is_read_once_by_each_account_for_each_kind_and_text(registry: Registry) -> None:
    read = ModelRead("a-1", Kind.CONVENTION, sha256_hex(b"model"), NOW)
    others = (
        dataclasses.replace(read, account_id="a-2"),
        dataclasses.replace(read, kind=Kind.CHARTER, at=LATER),
        dataclasses.replace(read, sha256=sha256_hex(b"another"), at=LATER),
    )
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_account(account("2"))
        for one in (*reversed(others), read, dataclasses.replace(read, at=LATER)):
            tx.add_model_read(one)

    with registry.read() as tx:
        found = tx.model_reads("a-1")
        assert found[0] == read
        assert set(found[1:]) == set(others[1:])
        assert tx.model_reads("a-2") == [others[0]]
        assert tx.model_reads("a-3") == []


def test_ceremonies_are_sealed_and_listed_newest_first(registry: Registry) -> None:
    sealed = dataclasses.replace(AUTHORISATION, sealed=SealedManifest(b'{"a":1}', bytes(range(256)), b"\x30\x00", NOW))
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_authorisation(AUTHORISATION)
        tx.add_authorisation(dataclasses.replace(AUTHORISATION, id="z-0", items=()))
        with pytest.raises(AlreadyRecorded):
            tx.add_authorisation(AUTHORISATION)
        assert tx.authorisation("z-1") == AUTHORISATION
        tx.update_authorisation(sealed)

    with registry.read() as tx:
        assert tx.authorisations() == [dataclasses.replace(AUTHORISATION, id="z-0", items=()), sealed]


@pytest.mark.parametrize(
    "update",
    [
        lambda tx: tx.update_link(link("none")),
        lambda tx: tx.update_visit(VISIT),
        lambda tx: tx.update_code_request(CODE),
        lambda tx: tx.update_account(account("none")),
        lambda tx: tx.update_session(SESSION),
        lambda tx: tx.update_authorisation(AUTHORISATION),
        lambda tx: tx.complete_archive_entry("none", NOW),
        lambda tx: tx.add_link(dataclasses.replace(link(), reference="2026-9999")),
        lambda tx: tx.add_visit(dataclasses.replace(VISIT, link_id="none")),
        lambda tx: tx.add_code_request(dataclasses.replace(CODE, link_id="none")),
        lambda tx: tx.add_session(dataclasses.replace(SESSION, account_id="none")),
        lambda tx: tx.add_authorisation(dataclasses.replace(AUTHORISATION, account_id="none")),
        lambda tx: tx.set_review(Review("none", "2026-0001", COOKIE, Mark.READY, HowShown.OPENED, NOW)),
        lambda tx: tx.add_model_read(ModelRead("none", Kind.CONVENTION, COOKIE, NOW)),
    ],
)
def test_nothing_is_recorded_of_what_does_not_stand(registry: Registry, update: Callable[[Transaction], object]) -> None:
    with registry.write() as tx:
        seed_agreement(tx)

    with pytest.raises(NotFound), registry.write() as tx:
        update(tx)


def test_archive_entries_are_intents_then_complete_once(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_archive_entry(dataclasses.replace(ENTRY, seq=10, key="k-10", size_bytes=2**40))
        tx.add_archive_entry(dataclasses.replace(ENTRY, seq=2, key="k-2"))
        for taken in (dataclasses.replace(ENTRY, seq=2, key="k-3"), dataclasses.replace(ENTRY, seq=3, key="k-2")):
            with pytest.raises(AlreadyRecorded):
                tx.add_archive_entry(taken)
        tx.complete_archive_entry("k-2", NOW)
    with registry.write() as tx:
        tx.complete_archive_entry("k-2", LATER)

    with registry.read() as tx:
        assert [(e.seq, e.completed_at) for e in tx.archive_entries("2026-0001")] == [(2, NOW), (10, None)]
        assert tx.archive_entries("2026-0001")[1].size_bytes == 2**40
        assert tx.archive_entries("2026-0002") == []


def test_folders_are_listed_and_those_that_a_crash_left_apart(registry: Registry) -> None:
    with registry.write() as tx:
        for number, reference in enumerate(("2026-0003", "2026-0001", "2026-0002"), 1):
            for seq in (1, 2):
                tx.add_archive_entry(dataclasses.replace(ENTRY, reference=reference, seq=seq, key=f"k-{number}-{seq}"))
                if (reference, seq) not in {("2026-0003", 1), ("2026-0001", 2)}:
                    tx.complete_archive_entry(f"k-{number}-{seq}", NOW)
    with registry.read() as tx:
        assert tx.archived_folders() == ["2026-0001", "2026-0002", "2026-0003"]
        assert tx.archived_folders(unfinished=True) == ["2026-0001", "2026-0003"]
        assert tx.archived_folders(after="2026-0001", unfinished=True) == ["2026-0003"]
        assert tx.archived_folders(limit=1, unfinished=True) == ["2026-0001"]


def test_what_prefect_shows_is_kept(registry: Registry) -> None:
    with registry.write() as tx:
        assert tx.shown_state("2026-0001") == ShownState("2026-0001", None, None)
        tx.set_shown_state(ShownState("2026-0001", "active", "run-1"))
        tx.set_shown_state(ShownState("2026-0001", "archived", None))
        assert tx.shown_state("2026-0001") == ShownState("2026-0001", "archived", None)


def test_sessions_outlive_nothing_but_their_row(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_session(SESSION)
        tx.add_session(dataclasses.replace(SESSION, cookie_sha256=sha256_hex(b"2"), expires_at=LATER + timedelta(hours=8)))
        with pytest.raises(AlreadyRecorded):
            tx.add_session(SESSION)
