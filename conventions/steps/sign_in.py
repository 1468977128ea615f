"""People of the office sign in with a password and a TOTP code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from conventions.accounts import (
    FAILED_SIGN_INS_BEFORE_PAUSE,
    PAUSE_AFTER_FAILED_SIGN_INS,
    SESSION_LIFETIME,
    Account,
    Role,
    Session,
)
from conventions.canonical import sha256_hex
from conventions.errors import ContreseingError, LinkRefused, NotFound, RuleRefused
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.views import SignedIn


def sign_in(ports: Ports, login: str, password: str, totp_code: str) -> SignedIn:
    """Begin a session; a time step of the TOTP is never accepted twice.

    Raises:
        RuleRefused: ``sign_in.refused``, the same for an unknown login, a wrong password and a wrong code;
            ``sign_in.paused`` after five failures, for 15 minutes.
    """
    now = ports.clock.now()
    known = _account(ports, login)
    is_password = ports.credentials.is_password(known.password_hash if known is not None else "", password)
    step = ports.credentials.totp_step(known.totp_sealed, totp_code, now) if known is not None else None
    cookie = ports.secrets.random_token()
    with ports.registry.write() as tx:
        if known is None:
            refusal: ContreseingError | None = RuleRefused("no such account", code="sign_in.refused")
        else:
            account = tx.account(known.id, lock=True)
            refusal = _refusal(account, now, step=step, is_password=is_password)
            tx.update_account(after_try(account, now, step if refusal is None else None))
            if refusal is None:
                tx.add_session(Session(sha256_hex(cookie.encode()), account.id, now, now + SESSION_LIFETIME, now))
        type_ = "session.begun" if refusal is None else "session.refused"
        record_event(ports, tx, type_, at=now, data={}, personal={"login": login[:100]})
    if refusal is not None or known is None:
        raise refusal or RuleRefused("no such account", code="sign_in.refused")
    return SignedIn(cookie, known, now + SESSION_LIFETIME)


def account_of(ports: Ports, cookie: str) -> Account:
    """Return the account of a session.

    Raises:
        LinkRefused: ``session.ended``.
    """
    with ports.registry.read() as tx:
        return session_account(ports, tx, cookie)


def session_account(ports: Ports, tx: Transaction, cookie: str, roles: Iterable[Role] = Role) -> Account:
    """Return the account of a session, in the caller's transaction, if it has one of the roles.

    Raises:
        LinkRefused: ``session.ended``.
        RuleRefused: ``role.refused``.
    """
    try:
        session = tx.session(sha256_hex(cookie.encode()))
        account = tx.account(session.account_id)
    except NotFound as error:
        raise LinkRefused("no such session", code="session.ended") from error
    if ports.clock.now() > session.expires_at:
        raise LinkRefused("the session is over", code="session.ended")
    if not set(account.roles) & set(roles):
        raise RuleRefused(f"account {account.id} lacks the role", code="role.refused")
    return account


def sign_out(ports: Ports, cookie: str) -> None:
    """End a session; an unknown one is ended already."""
    with ports.registry.write() as tx:
        tx.end_session(sha256_hex(cookie.encode()))


def _account(ports: Ports, login: str) -> Account | None:
    try:
        with ports.registry.read() as tx:
            return tx.account_by_login(login)
    except NotFound:
        return None


def is_paused(account: Account, now: datetime) -> bool:
    """Tell whether no code of the account is tried, right or wrong."""
    return account.paused_until is not None and now < account.paused_until


def after_try(account: Account, now: datetime, step: int | None) -> Account:
    """Count a try of a second factor, at sign-in or at a ceremony; ``step`` is the right code's time step, None if it was refused.

    The fifth wrong one in a row pauses the account; what is tried during the pause changes nothing.
    """
    if is_paused(account, now):
        return account
    if step is not None:
        return replace(account, totp_last_step=step, failed_sign_ins=0, paused_until=None)
    failed = account.failed_sign_ins + 1
    if failed < FAILED_SIGN_INS_BEFORE_PAUSE:
        return replace(account, failed_sign_ins=failed)
    return replace(account, failed_sign_ins=0, paused_until=now + PAUSE_AFTER_FAILED_SIGN_INS)


def _refusal(account: Account, now: datetime, *, step: int | None, is_password: bool) -> RuleRefused | None:
    if is_paused(account, now):
        return RuleRefused(f"account {account.id} is paused", code="sign_in.paused")
    if not is_password or step is None or step <= account.totp_last_step:
        return RuleRefused(f"account {account.id}: wrong password or code", code="sign_in.refused")
    return None
