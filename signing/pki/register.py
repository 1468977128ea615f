"""The register of what was issued and revoked: SQLite, so that an OCSP answer is never "good" for an unknown serial number."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from signing.pki.revocation import IssuedCertificate

SCHEMA = """
CREATE TABLE IF NOT EXISTS issued (
    ca TEXT NOT NULL, serial TEXT NOT NULL, reference TEXT NOT NULL, issued_at INTEGER NOT NULL, not_after INTEGER NOT NULL,
    revoked_at INTEGER, PRIMARY KEY (ca, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS crl (ca TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT;
"""
PRIVATE_FILE = 0o600


class Register:
    """Certificates by CA and serial number; safe from several threads."""

    def __init__(self, path: Path) -> None:
        path.touch(PRIVATE_FILE)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;" + SCHEMA)

    def record(self, ca: str, certificate: x509.Certificate, reference: str, now: datetime) -> None:
        """Record an issued certificate before it is handed out; recording it twice changes nothing."""
        row = (ca, format(certificate.serial_number, "x"), reference, _seconds(now), _seconds(certificate.not_valid_after_utc))
        with self._lock:
            self._database.execute(
                "INSERT INTO issued (ca, serial, reference, issued_at, not_after) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row
            )

    def find(self, ca: str, serial: int) -> IssuedCertificate | None:
        """Return what is known of a serial number, or None."""
        with self._lock:
            row = self._database.execute(
                "SELECT not_after, revoked_at FROM issued WHERE ca = ? AND serial = ?", (ca, format(serial, "x"))
            ).fetchone()
        return None if row is None else _issued(serial, *row)

    def revoke(self, ca: str, serial: int, now: datetime) -> bool:
        """Record a revocation; False when the CA never issued that serial number. The first date stands."""
        with self._lock:
            cursor = self._database.execute(
                "UPDATE issued SET revoked_at = coalesce(revoked_at, ?) WHERE ca = ? AND serial = ?",
                (_seconds(now), ca, format(serial, "x")),
            )
        return cursor.rowcount == 1

    def revoked(self, ca: str) -> tuple[IssuedCertificate, ...]:
        """Return a CA's revoked certificates, by serial number."""
        with self._lock:
            rows = self._database.execute(
                "SELECT serial, not_after, revoked_at FROM issued WHERE ca = ? AND revoked_at IS NOT NULL ORDER BY serial", (ca,)
            ).fetchall()
        return tuple(_issued(int(serial, 16), not_after, revoked_at) for serial, not_after, revoked_at in rows)

    def next_crl_number(self, ca: str) -> int:
        """Draw the next number of a CA's lists (RFC 5280, 5.2.3)."""
        with self._lock:
            row = self._database.execute(
                "INSERT INTO crl (ca, number) VALUES (?, 1) ON CONFLICT (ca) DO UPDATE SET number = number + 1 RETURNING number", (ca,)
            ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _issued(serial: int, not_after: int, revoked_at: int | None) -> IssuedCertificate:
    return IssuedCertificate(serial, _instant(not_after), None if revoked_at is None else _instant(revoked_at))


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
