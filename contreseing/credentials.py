"""Passwords by argon2id, second factors by TOTP (RFC 6238): what proves that a person of the office is who they say."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken

from conventions.errors import EvidenceBroken
from conventions.links import parse_code

TOTP_STEP_SECONDS = 30
TOTP_DRIFT_STEPS = 1


class LocalCredentials:
    """Argon2id with the library's parameters (RFC 9106, low-memory profile); TOTP secrets sealed by Fernet.

    ``totp_key`` is 32 bytes from outside the database.
    """

    def __init__(self, totp_key: bytes) -> None:
        self._hasher = PasswordHasher()
        self._fernet = Fernet(base64.urlsafe_b64encode(totp_key))
        self._nobody = self._hasher.hash("nobody has this password")

    def hash_password(self, password: str) -> str:
        """Return the argon2id hash, parameters and salt included."""
        return self._hasher.hash(password)

    def is_password(self, password_hash: str, password: str) -> bool:
        """Compare; an empty hash (an unknown account) costs the same work and never matches."""
        try:
            matches = self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and bool(password_hash)

    def seal_totp(self, secret: str) -> str:
        """Encrypt a base32 secret."""
        return self._fernet.encrypt(secret.encode("ascii")).decode("ascii")

    def totp_step(self, sealed: str, code: str, at: datetime) -> int | None:
        """Return the time step that a code matches, one before and one after included, or None.

        Raises:
            EvidenceBroken: the sealed secret cannot be opened with our key.
        """
        digits = parse_code(code)
        secret = self._open(sealed) if sealed else None
        if digits is None or secret is None:
            return None
        now_step = int(at.timestamp()) // TOTP_STEP_SECONDS
        generator = pyotp.TOTP(secret, interval=TOTP_STEP_SECONDS)
        found = None
        for step in range(now_step - TOTP_DRIFT_STEPS, now_step + TOTP_DRIFT_STEPS + 1):
            if hmac.compare_digest(generator.generate_otp(step), digits):
                found = step
        return found

    def _open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("ascii")
        except (InvalidToken, UnicodeDecodeError, binascii.Error) as error:
            raise EvidenceBroken("a sealed TOTP secret cannot be opened with this master key", code="credentials.sealed") from error


def random_totp_secret() -> str:
    """Return a new base32 TOTP secret of 160 bits (RFC 4226, 4)."""
    return pyotp.random_base32(32)
