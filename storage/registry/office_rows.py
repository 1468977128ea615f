"""Accounts, sessions, reviews and ceremonies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, select

from conventions.accounts import Account, Role, Session
from conventions.ceremonies import Authorisation, HowShown, ManifestItem, Mark, ModelRead, Review
from conventions.kinds import Kind
from conventions.signatures import SealedManifest
from storage.registry.rows import Rows, insert_into
from storage.registry.tables import accounts, authorisations, model_reads, reviews, sessions

ACCOUNT = select(accounts).where(accounts.c.id == bindparam("wanted"))
ACCOUNT_BY_LOGIN = select(accounts).where(accounts.c.login == bindparam("wanted"))
SESSION = select(sessions).where(sessions.c.cookie_sha256 == bindparam("cookie_sha256"))
END_SESSION = delete(sessions).where(sessions.c.cookie_sha256 == bindparam("cookie_sha256"))
SET_REVIEW = insert_into(
    reviews,
    "ON CONFLICT (account_id, reference, member_signed_sha256) "
    "DO UPDATE SET mark = excluded.mark, how_shown = excluded.how_shown, at = excluded.at",
)
REVIEWS = (
    select(reviews).where(reviews.c.account_id == bindparam("account_id")).order_by(reviews.c.reference, reviews.c.member_signed_sha256)
)
ADD_MODEL_READ = insert_into(model_reads, "ON CONFLICT (account_id, kind, sha256) DO NOTHING")
MODEL_READS = (
    select(model_reads).where(model_reads.c.account_id == bindparam("account_id")).order_by(model_reads.c.at, model_reads.c.sha256)
)
AUTHORISATION = select(authorisations).where(authorisations.c.id == bindparam("id"))
AUTHORISATIONS = select(authorisations).order_by(authorisations.c.number.desc())


class OfficeRows(Rows):
    """Who works at the desk and in the office, and what the signatory decided."""

    def add_account(self, account: Account) -> None:
        self._add(accounts, account.id, _account_columns(account))

    def account(self, account_id: str, *, lock: bool = False) -> Account:
        return self._account(ACCOUNT, account_id, lock=lock)

    def account_by_login(self, login: str, *, lock: bool = False) -> Account:
        return self._account(ACCOUNT_BY_LOGIN, login, lock=lock)

    def update_account(self, account: Account) -> None:
        self._update(accounts.c.id, account.id, _account_columns(account))

    def add_session(self, session: Session) -> None:
        self._add(sessions, session.cookie_sha256, _session_columns(session))

    def session(self, cookie_sha256: str) -> Session:
        row = self._row(SESSION, "session", cookie_sha256, cookie_sha256=cookie_sha256)
        return Session(row.cookie_sha256, row.account_id, row.begun_at, row.expires_at, row.second_factor_at)

    def update_session(self, session: Session) -> None:
        self._update(sessions.c.cookie_sha256, session.cookie_sha256, _session_columns(session))

    def end_session(self, cookie_sha256: str) -> None:
        self._change(END_SESSION, {"cookie_sha256": cookie_sha256})

    def set_review(self, review: Review) -> None:
        columns = {
            "account_id": review.account_id,
            "reference": review.reference,
            "member_signed_sha256": review.member_signed_sha256,
            "mark": review.mark.value,
            "how_shown": review.how_shown.value,
            "at": review.at,
        }
        self._change(SET_REVIEW, columns)

    def reviews(self, account_id: str) -> Sequence[Review]:
        rows = self._rows(REVIEWS, account_id=account_id)
        return [Review(r.account_id, r.reference, r.member_signed_sha256, Mark(r.mark), HowShown(r.how_shown), r.at) for r in rows]

    def add_model_read(self, read: ModelRead) -> None:
        self._change(ADD_MODEL_READ, {"account_id": read.account_id, "kind": read.kind.value, "sha256": read.sha256, "at": read.at})

    def model_reads(self, account_id: str) -> Sequence[ModelRead]:
        return [ModelRead(row.account_id, Kind(row.kind), row.sha256, row.at) for row in self._rows(MODEL_READS, account_id=account_id)]

    def add_authorisation(self, authorisation: Authorisation) -> None:
        self._add(authorisations, authorisation.id, _authorisation_columns(authorisation))

    def authorisation(self, authorisation_id: str) -> Authorisation:
        return _authorisation(self._row(AUTHORISATION, "authorisation", authorisation_id, id=authorisation_id))

    def authorisations(self) -> Sequence[Authorisation]:
        return [_authorisation(row) for row in self._rows(AUTHORISATIONS)]

    def update_authorisation(self, authorisation: Authorisation) -> None:
        self._update(authorisations.c.id, authorisation.id, _authorisation_columns(authorisation))

    def _account(self, query: Select[Any], key: str, *, lock: bool) -> Account:
        self._check_lock(lock=lock)
        row = self._row(query.with_for_update() if lock else query, "account", key, wanted=key)
        return Account(
            id=row.id,
            login=row.login,
            name=row.name,
            roles=tuple(Role(role) for role in row.roles),
            password_hash=row.password_hash,
            totp_sealed=row.totp_sealed,
            totp_last_step=row.totp_last_step,
            delegation_id=row.delegation_id,
            failed_sign_ins=row.failed_sign_ins,
            paused_until=row.paused_until,
        )


def _account_columns(account: Account) -> Mapping[str, object]:
    return {
        "id": account.id,
        "login": account.login,
        "name": account.name,
        "roles": [role.value for role in account.roles],
        "password_hash": account.password_hash,
        "totp_sealed": account.totp_sealed,
        "totp_last_step": account.totp_last_step,
        "delegation_id": account.delegation_id,
        "failed_sign_ins": account.failed_sign_ins,
        "paused_until": account.paused_until,
    }


def _session_columns(session: Session) -> Mapping[str, object]:
    return {
        "cookie_sha256": session.cookie_sha256,
        "account_id": session.account_id,
        "begun_at": session.begun_at,
        "expires_at": session.expires_at,
        "second_factor_at": session.second_factor_at,
    }


def _authorisation_columns(authorisation: Authorisation) -> Mapping[str, object]:
    sealed = authorisation.sealed
    return {
        "id": authorisation.id,
        "account_id": authorisation.account_id,
        "delegation_id": authorisation.delegation_id,
        "at": authorisation.at,
        "expires_at": authorisation.expires_at,
        "items": [_item_columns(item) for item in authorisation.items],
        "manifest": sealed.manifest if sealed else None,
        "cms": sealed.cms if sealed else None,
        "timestamp": sealed.timestamp if sealed else None,
        "sealed_at": sealed.sealed_at if sealed else None,
    }


def _item_columns(item: ManifestItem) -> list[object]:
    return [item.reference, item.prepared_sha256, item.member_signed_sha256, item.how_shown.value, list(item.served_as), item.model_sha256]


def _authorisation(row: Row[Any]) -> Authorisation:
    is_sealed = row.sealed_at is not None
    return Authorisation(
        id=row.id,
        account_id=row.account_id,
        delegation_id=row.delegation_id,
        at=row.at,
        expires_at=row.expires_at,
        items=tuple(_manifest_item(*item) for item in row.items),
        sealed=SealedManifest(bytes(row.manifest), bytes(row.cms), bytes(row.timestamp), row.sealed_at) if is_sealed else None,
    )


def _manifest_item(
    reference: str, prepared: str, signed: str, how: str, served_as: Sequence[str] = (), model_sha256: str | None = None
) -> ManifestItem:
    """Read an item; older ones do not say in which form they were opened, nor that a model was read."""
    return ManifestItem(reference, prepared, signed, HowShown(how), tuple(served_as), model_sha256)
