"""Private files of the embedded PKI: keys, encrypted when a passphrase is set, and whatever else only its owner may read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import ConfigurationError

PRIVATE_FILE = 0o600
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"  # RFC 7468, 11


@dataclass(frozen=True)
class KeyFiles:
    """The keys of a folder, PKCS#8 in PEM; without a passphrase they stand in plain, readable by their owner alone."""

    folder: Path
    passphrase: str = field(default="", repr=False)

    def read(self, name: str) -> ec.EllipticCurvePrivateKey:
        """Read a key.

        Raises:
            ConfigurationError: ``configuration.pki_passphrase`` (none, or another, for an encrypted key; one for a plain key),
                ``configuration.secret_readable``, ``configuration.pki``.
            OSError: it lacks.
        """
        data = read_private(self.folder / f"{name}.key")
        if data.startswith(ENCRYPTED) is not bool(self.passphrase):
            said = "a passphrase is needed for" if not self.passphrase else "a passphrase is set and does not protect"
            raise ConfigurationError(f"{said} the key {name}", code="configuration.pki_passphrase")
        try:
            key = serialization.load_pem_private_key(data, self.passphrase.encode() or None)
        except ValueError as error:
            code = "configuration.pki_passphrase" if self.passphrase else "configuration.pki"
            raise ConfigurationError(f"the key {name} cannot be read", code=code) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ConfigurationError(f"the key {name} is not an elliptic curve key", code="configuration.pki")
        return key

    def ensure(self, name: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        """Read a key, made if it lacks, and encrypted if it was plain and a passphrase is now set."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            write_private(path, self.render(ec.generate_private_key(curve)))
        elif self.passphrase and not read_private(path).startswith(ENCRYPTED):
            write_private(path, self.render(KeyFiles(self.folder).read(name)))
        return self.read(name)

    def render(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        """Serialise a key as it stands in the folder."""
        how: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if self.passphrase:
            how = serialization.BestAvailableEncryption(self.passphrase.encode())
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


def is_encrypted(path: Path) -> bool:
    """Tell whether a key's file is encrypted."""
    return path.read_bytes().startswith(ENCRYPTED)


def refuse_plain_keys(folder: Path) -> None:
    """Check that a folder holds no private key in plain, now that a passphrase is set; a folder without keys passes.

    Raises:
        ConfigurationError: ``configuration.pki_plain_key``.
    """
    plain = sorted(path.stem for path in folder.glob("*.key*") if not is_encrypted(path))
    if plain:
        names = ", ".join(plain)
        raise ConfigurationError(f"a passphrase is set, and plain keys stand: {names}", code="configuration.pki_plain_key", keys=names)


def read_private(path: Path) -> bytes:
    """Read a file that nobody else may read.

    Raises:
        ConfigurationError: ``configuration.secret_readable``.
        OSError: it lacks.
    """
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path.name} is readable by others: chmod 600", code="configuration.secret_readable")
    return path.read_bytes()


def write_private(path: Path, data: bytes) -> None:
    """Write a file whole, under its name only once complete, readable by its owner alone."""
    incomplete = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(incomplete, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    incomplete.replace(path)


def read_passphrase(path: Path | None) -> str:
    """Read the passphrase of a file that nobody else may read; empty without a file.

    Raises:
        ConfigurationError: ``configuration.pki_passphrase``: it lacks or is empty; ``configuration.secret_readable``.
    """
    if path is None:
        return ""
    try:
        passphrase = read_private(path).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("the file of the passphrase cannot be read", code="configuration.pki_passphrase") from error
    if not passphrase:
        raise ConfigurationError("the file of the passphrase is empty", code="configuration.pki_passphrase")
    return passphrase
