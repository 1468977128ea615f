"""Accounts, sessions, reviews and ceremonies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from conventions.accounts import Account, Role, Session
from conventions.ceremonies import Authorisation, HowShown, ManifestItem, Mark, Review
from conventions.signatures import SealedManifest
from storage.registry.rows import Rows
from storage.registry.tables import accounts, authorisations, reviews, sessions


class OfficeRows(Rows):
    """Who works at the desk and in the office, and what the signatory decided."""

    def add_account(self, account: Account) -> None:
        self._add(accounts, account.id, _account_columns(account))

    def account(self, account_id: str, *, lock: bool = False) -> Account:
        return self._account(accounts.c.id == account_id, account_id, lock=lock)

    def account_by_login(self, login: str, *, lock: bool = False) -> Account:
        return self._account(accounts.c.login == login, "of that login", lock=lock)

    def update_account(self, account: Account) -> None:
        changed = update(accounts).where(accounts.c.id == account.id).values(**_account_columns(account))
        self._update(changed, "account", account.id)

    def add_session(self, session: Session) -> None:
        self._add(sessions, "session", _session_columns(session))

    def session(self, cookie_sha256: str) -> Session:
        row = self._row(select(sessions).where(sessions.c.cookie_sha256 == cookie_sha256), "session", cookie_sha256)
        return Session(row.cookie_sha256, row.account_id, row.begun_at, row.expires_at, row.second_factor_at)

    def update_session(self, session: Session) -> None:
        changed = update(sessions).where(sessions.c.cookie_sha256 == session.cookie_sha256).values(**_session_columns(session))
        self._update(changed, "session", session.cookie_sha256)

    def end_session(self, cookie_sha256: str) -> None:
        self._change(delete(sessions).where(sessions.c.cookie_sha256 == cookie_sha256))

    def set_review(self, review: Review) -> None:
        decided = {"mark": review.mark.value, "how_shown": review.how_shown.value, "at": review.at}
        key = {"account_id": review.account_id, "reference": review.reference, "member_signed_sha256": review.member_signed_sha256}
        written = self._insert(reviews).values(**key, **decided)
        self._change(written.on_conflict_do_update(index_elements=list(reviews.primary_key), set_=decided))

    def reviews(self, account_id: str) -> Sequence[Review]:
        query = select(reviews).where(reviews.c.account_id == account_id)
        rows = self._rows(query.order_by(reviews.c.reference, reviews.c.member_signed_sha256))
        return [Review(r.account_id, r.reference, r.member_signed_sha256, Mark(r.mark), HowShown(r.how_shown), r.at) for r in rows]

    def add_authorisation(self, authorisation: Authorisation) -> None:
        self._add(authorisations, authorisation.id, _authorisation_columns(authorisation))

    def authorisation(self, authorisation_id: str) -> Authorisation:
        query = select(authorisations).where(authorisations.c.id == authorisation_id)
        return _authorisation(self._row(query, "authorisation", authorisation_id))

    def authorisations(self) -> Sequence[Authorisation]:
        return [_authorisation(row) for row in self._rows(select(authorisations).order_by(authorisations.c.number.desc()))]

    def update_authorisation(self, authorisation: Authorisation) -> None:
        columns = _authorisation_columns(authorisation)
        changed = update(authorisations).where(authorisations.c.id == authorisation.id).values(**columns)
        self._update(changed, "authorisation", authorisation.id)

    def _account(self, condition: ColumnElement[bool], key: str, *, lock: bool) -> Account:
        self._check_lock(lock=lock)
        query = select(accounts).where(condition)
        row = self._row(query.with_for_update() if lock else query, "account", key)
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
        "items": [[i.reference, i.prepared_sha256, i.member_signed_sha256, i.how_shown.value] for i in authorisation.items],
        "manifest": sealed.manifest if sealed else None,
        "cms": sealed.cms if sealed else None,
        "timestamp": sealed.timestamp if sealed else None,
        "sealed_at": sealed.sealed_at if sealed else None,
    }


def _authorisation(row: Row[Any]) -> Authorisation:
    is_sealed = row.sealed_at is not None
    return Authorisation(
        id=row.id,
        account_id=row.account_id,
        delegation_id=row.delegation_id,
        at=row.at,
        expires_at=row.expires_at,
        items=tuple(ManifestItem(reference, prepared, signed, HowShown(how)) for reference, prepared, signed, how in row.items),
        sealed=SealedManifest(bytes(row.manifest), bytes(row.cms), bytes(row.timestamp), row.sealed_at) if is_sealed else None,
    )
