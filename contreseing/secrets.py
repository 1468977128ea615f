"""Keys outside the database, one per purpose, all derived from one master key; and randomness."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_SALT = b"contreseing/keys/1"


class KeyedSecrets:
    """HMAC keys by HKDF-SHA-256 (RFC 5869) from the master key: ``info`` is the purpose, so no key serves twice."""

    def __init__(self, master_key: str) -> None:
        self._master_key = master_key.encode("utf-8")
        self._keys: dict[str, bytes] = {}

    def derived_key(self, purpose: str) -> bytes:
        """Return the 32-byte key of a purpose; the same purpose always gives the same key."""
        key = self._keys.get(purpose)
        if key is None:
            key = HKDF(hashes.SHA256(), KEY_BYTES, _SALT, purpose.encode("utf-8")).derive(self._master_key)
            self._keys[purpose] = key
        return key

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return HMAC-SHA-256 (32 bytes) under the key of that purpose."""
        return hmac.digest(self.derived_key(f"mac/{purpose}"), message, hashlib.sha256)

    def random_id(self) -> str:
        """Return 32 hexadecimal digits."""
        return secrets.token_hex(16)

    def random_code(self) -> str:
        """Return six digits, each equally likely."""
        return f"{secrets.randbelow(1_000_000):06d}"

    def random_token(self) -> str:
        """Return 32 random bytes, URL-safe."""
        return secrets.token_urlsafe(KEY_BYTES)
