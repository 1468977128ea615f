"""Credentials in memory: a password's hash is its digest, a TOTP code is six digits of the time step."""

from __future__ import annotations

from datetime import datetime

from conventions.canonical import sha256_hex

STEP_SECONDS = 30


class FakeCredentials:
    """``code_at`` gives the code that ``totp_step`` accepts at an instant."""

    def hash_password(self, password: str) -> str:
        return sha256_hex(password.encode())

    def is_password(self, password_hash: str, password: str) -> bool:
        return password_hash == sha256_hex(password.encode())

    def seal_totp(self, secret: str) -> str:
        return f"sealed:{secret}"

    def totp_step(self, sealed: str, code: str, at: datetime) -> int | None:
        step = int(at.timestamp()) // STEP_SECONDS
        return next((s for s in (step, step - 1) if code == self._code(sealed, s)), None)

    def code_at(self, sealed: str, at: datetime) -> str:
        """Return the code of the instant's own step."""
        return self._code(sealed, int(at.timestamp()) // STEP_SECONDS)

    @staticmethod
    def _code(sealed: str, step: int) -> str:
        return f"{int(sha256_hex(f'{sealed}{step}'.encode()), 16) % 1_000_000:06d}"
