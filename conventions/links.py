"""A signer's link, visits and codes: the records and the rules of their lives (architecture: Signer's link and code).

A link's secret is ``HMAC(server key, link id, reference, version)``; it is computed when a mail is rendered and when a
link is opened, and stored nowhere. A code is made when its mail is rendered and kept as an HMAC.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

CODE_LIFETIME = timedelta(minutes=10)
CODES_AN_HOUR = 5
WRONG_CODES_IN_A_LIFE = 5
CODE_PATTERN = re.compile(r"[0-9]{6}\Z")
VISIT_LIFETIME = timedelta(days=1)


class Purpose(StrEnum):
    """What a link is good for; nothing else."""

    SIGN = "sign"
    PREPARE = "prepare"


class Closure(StrEnum):
    """Why a link is no longer good."""

    REPLACED = "replaced"
    LOCKED = "locked"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Link:
    """A request to sign (or to prepare), sent to one address."""

    id: str
    reference: str
    version: int
    purpose: Purpose
    address: str
    created_at: datetime
    expires_at: datetime
    closed_as: Closure | None = None
    closed_at: datetime | None = None
    wrong_codes: int = 0

    def is_open(self, now: datetime) -> bool:
        """Tell whether the link may be used at ``now``."""
        return self.closed_as is None and now <= self.expires_at

    @property
    def tries_left(self) -> int:
        """Wrong codes that may still be entered in the life of the link."""
        return max(0, WRONG_CODES_IN_A_LIFE - self.wrong_codes)


class VisitorKind(StrEnum):
    """What a visit looks like: a person's browser, or a machine (mail scanner, preview)."""

    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True)
class Visit:
    """A visit begun by a person's POST; ``cookie_sha256`` is all that is kept of its cookie."""

    id: str
    link_id: str
    cookie_sha256: str
    begun_at: datetime
    expires_at: datetime
    visitor: VisitorKind
    classified_because: str
    turned: tuple[int, ...] = ()
    served_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeRequest:
    """A code asked for at signature, bound to the digest of the prepared file."""

    id: str
    link_id: str
    document_sha256: str
    requested_at: datetime
    made_at: datetime | None = None
    mac: str | None = None
    used_at: datetime | None = None

    def is_usable(self, now: datetime) -> bool:
        """Tell whether the code was made, is fresh and unused."""
        return self.made_at is not None and self.used_at is None and now <= self.made_at + CODE_LIFETIME


class Secrets(Protocol):
    """Keys that live outside the database, and randomness."""

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 (32 bytes) under the key derived for that purpose."""
        ...

    def random_id(self) -> str:
        """Return a new identifier: 32 hexadecimal digits from the system's generator."""
        ...

    def random_code(self) -> str:
        """Return six random digits."""
        ...

    def random_token(self) -> str:
        """Return a new URL-safe secret of 32 bytes."""
        ...


def link_token(link: Link, secrets: Secrets) -> str:
    """Compute the secret part of a link's address: ``<id>.<HMAC, base64url without padding>``."""
    message = f"{link.id}\n{link.reference}\n{link.version}\n{link.purpose}".encode()
    return f"{link.id}.{_base64url(secrets.mac('link', message))}"


def is_token_of(token: str, link: Link, secrets: Secrets) -> bool:
    """Compare a token with the link's, in constant time."""
    return hmac.compare_digest(token.encode(), link_token(link, secrets).encode())


def code_mac(request_id: str, document_sha256: str, code: str, secrets: Secrets) -> str:
    """Compute what is stored of a code: hexadecimal HMAC over the request, the document and the code."""
    return secrets.mac("code", f"{request_id}\n{document_sha256}\n{code}".encode()).hex()


def parse_code(text: str) -> str | None:
    """Return the six digits of a code typed with any spaces, or None when malformed (which is not a try)."""
    digits = re.sub(r"[\s\u00a0\u202f-]", "", text)
    return digits if CODE_PATTERN.match(digits) else None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
