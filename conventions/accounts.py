"""People of the office: accounts, roles and sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SESSION_LIFETIME = timedelta(hours=8)
FAILED_SIGN_INS_BEFORE_PAUSE = 5
PAUSE_AFTER_FAILED_SIGN_INS = timedelta(minutes=15)


class Role(StrEnum):
    """What a person of the office may do."""

    AGENT = "agent"
    ASSISTANT = "assistant"
    SIGNATORY = "signatory"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Account:
    """A local account. ``totp_sealed`` is the TOTP secret encrypted under a key outside the database."""

    id: str
    login: str
    name: str
    roles: tuple[Role, ...]
    password_hash: str
    totp_sealed: str
    totp_last_step: int = 0
    delegation_id: str | None = None
    failed_sign_ins: int = 0
    paused_until: datetime | None = None


@dataclass(frozen=True)
class Session:
    """An office or desk session; ``cookie_sha256`` is all that is kept of its cookie."""

    cookie_sha256: str
    account_id: str
    begun_at: datetime
    expires_at: datetime
    second_factor_at: datetime | None = None
