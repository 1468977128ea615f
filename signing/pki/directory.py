"""The embedded PKI on disk: private keys, certificates and bearer tokens in one private folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.errors import ConfigurationError
from signing.pki import certificates
from signing.pki.certificates import Authority
from signing.pki.key_files import KeyFiles, read_private, write_private
from signing.pki.register import Register
from signing.pki.revocation import Responder
from signing.pki.timestamps import TimestampAuthority

SCHEMA = "contreseing/pki/1"
TOKEN_NAMES = ("portal", "flows", "desk", "proofs")
"""Who may ask for what: the portal, members' certificates; the flows, the syndicate's; the desk, the seal; proofs, theirs."""
ANCHOR_FILES = ("root.pem", "members-ca.pem", "syndicate-ca.pem")
KEY_NAMES = ("root", "members-ca", "syndicate-ca", "seal", "proof-seal", "timestamps", "timestamps-2", "ocsp-members", "ocsp-syndicate")
FILE_OF = {"root": "root", "members": "members-ca", "syndicate": "syndicate-ca"}
DEFAULT_ORGANISATION = "Contreseing (autorité embarquée)"
RENEW_BEFORE = {
    "seal": timedelta(days=90),
    "proof-seal": timedelta(days=90),
    "timestamps": timedelta(days=2 * 365),
    "timestamps-2": timedelta(days=2 * 365),
    "ocsp-members": timedelta(days=2 * 365),
    "ocsp-syndicate": timedelta(days=2 * 365),
}
"""A time-stamp protects for as long as its certificate lasts, and that of the responder whose answer stands beside it in the file:
always two years at least, twice the time between renewals."""
PRIVATE_FOLDER = 0o700
Issue = Callable[[Authority, ec.EllipticCurvePublicKey, str, datetime], x509.Certificate]


@dataclass(frozen=True)
class Pki:
    """The opened PKI."""

    base_url: str
    root: Authority
    members: Authority
    syndicate: Authority
    seal: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]
    proof_seal: tuple[ec.EllipticCurvePrivateKey, x509.Certificate]
    timestamps: TimestampAuthority
    timestamps_certificate: x509.Certificate
    second_timestamps: TimestampAuthority
    responders: dict[str, Responder]
    tokens: dict[str, str]

    def authority(self, name: str) -> Authority | None:
        """Return the CA of that name in addresses, or None."""
        return {"root": self.root, "members": self.members, "syndicate": self.syndicate}.get(name)


def ensure_pki(
    folder: Path,
    base_url: str,
    now: datetime,
    organisation: str = DEFAULT_ORGANISATION,
    *,
    passphrase: str = "",
    renewed: Collection[str] = (),
) -> None:
    """Create what lacks in the folder, and renew the services that soon end, or that are named; run twice, it changes nothing else.

    With a passphrase, keys are encrypted, those that stood in plain too. CAs are never renewed here: files name them for
    decades. A renewed service has a new key; its former certificate is kept under its serial number, its former key is not.

    Raises:
        ConfigurationError: the folder holds a PKI of another address, which its certificates carry; or its keys are under
            another passphrase.
    """
    keys = KeyFiles(folder, passphrase)
    base_url = base_url.rstrip("/")
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    folder.chmod(PRIVATE_FOLDER)
    _ensure_description(folder, base_url, organisation)
    register = Register(folder / "register.sqlite")
    root_key = keys.ensure("root", certificates.CA_CURVE())
    root = Authority("root", root_key, _ensure(folder, "root", partial(certificates.issue_root, root_key, organisation, now)))
    issuing = {}
    for name, issue in (("members", certificates.issue_members_ca), ("syndicate", certificates.issue_syndicate_ca)):
        key = keys.ensure(FILE_OF[name], certificates.CA_CURVE())
        certificate = _ensure(folder, FILE_OF[name], partial(issue, root, key.public_key(), base_url, now))
        register.record("root", certificate, "", now)
        issuing[name] = Authority(name, key, certificate)
    services: tuple[tuple[str, Authority, Issue], ...] = (
        ("seal", issuing["syndicate"], certificates.issue_seal),
        ("proof-seal", issuing["syndicate"], certificates.issue_proof_seal),
        ("timestamps", issuing["syndicate"], certificates.issue_timestamp_authority),
        ("timestamps-2", issuing["syndicate"], partial(certificates.issue_timestamp_authority, unit="Second horodatage")),
        ("ocsp-members", issuing["members"], certificates.issue_ocsp_responder),
        ("ocsp-syndicate", issuing["syndicate"], certificates.issue_ocsp_responder),
    )
    for name, ca, issue_service in services:
        _finish_renewal(folder, name)
        key = keys.ensure(name, certificates.LEAF_CURVE())
        certificate = _ensure(folder, name, partial(issue_service, ca, key.public_key(), base_url, now))
        if name in renewed or certificate.not_valid_after_utc - now < RENEW_BEFORE[name]:
            fresh = ec.generate_private_key(certificates.LEAF_CURVE())
            certificate = _replace(keys, name, fresh, issue_service(ca, fresh.public_key(), base_url, now))
        register.record(ca.name, certificate, "", now)
    register.close()
    for name in TOKEN_NAMES:
        path = folder / f"{name}.token"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32).encode())


def open_pki(folder: Path, passphrase: str = "") -> Pki:
    """Open a PKI that ``ensure_pki`` made.

    Raises:
        ConfigurationError: a file lacks, cannot be read, or a key is readable by others, or under another passphrase.
    """
    keys = KeyFiles(folder, passphrase)
    try:
        description = json.loads((folder / "pki.json").read_text("utf-8"))
        key = {name: keys.read(name) for name in KEY_NAMES}
        certificate = {name: _read_certificate(folder, name) for name in key}
        tokens = {name: read_private(folder / f"{name}.token").decode("ascii").strip() for name in TOKEN_NAMES}
        strangers = [name for name in key if key[name].public_key() != certificate[name].public_key()]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the embedded PKI cannot be read: {type(error).__name__}", code="configuration.pki") from error
    if strangers:
        raise ConfigurationError(f"key and certificate do not belong together: {', '.join(strangers)}", code="configuration.pki")
    root = Authority("root", key["root"], certificate["root"])
    members = Authority("members", key["members-ca"], certificate["members-ca"])
    syndicate = Authority("syndicate", key["syndicate-ca"], certificate["syndicate-ca"])
    return Pki(
        base_url=description["base_url"],
        root=root,
        members=members,
        syndicate=syndicate,
        seal=(key["seal"], certificate["seal"]),
        proof_seal=(key["proof-seal"], certificate["proof-seal"]),
        timestamps=TimestampAuthority(key["timestamps"], certificate["timestamps"], syndicate.certificate),
        timestamps_certificate=certificate["timestamps"],
        second_timestamps=TimestampAuthority(key["timestamps-2"], certificate["timestamps-2"], syndicate.certificate),
        responders={ca.name: Responder(ca, key[f"ocsp-{ca.name}"], certificate[f"ocsp-{ca.name}"]) for ca in (members, syndicate)},
        tokens=tokens,
    )


def read_description(folder: Path) -> tuple[str, str]:
    """Return the address and the organisation that a PKI was made for.

    Raises:
        ConfigurationError: not a folder that ``ensure_pki`` made.
    """
    try:
        description = json.loads((folder / "pki.json").read_text("utf-8"))
        return str(description["base_url"]), str(description["organisation"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"no PKI in {folder.name}: {type(error).__name__}", code="configuration.pki") from error


def read_certificates(folder: Path) -> dict[str, x509.Certificate]:
    """Read the certificates in use, by name, CAs first.

    Raises:
        ConfigurationError: one lacks or cannot be read.
    """
    try:
        return {name: _read_certificate(folder, name) for name in KEY_NAMES}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"a certificate of the PKI cannot be read: {type(error).__name__}", code="configuration.pki") from error


def read_anchors(folder: Path) -> dict[str, bytes]:
    """Read the trust anchors, PEM by file name (``ANCHOR_FILES``).

    Raises:
        ConfigurationError: not a folder that ``ensure_pki`` made.
    """
    try:
        return {name: (folder / name).read_bytes() for name in ANCHOR_FILES}
    except OSError as error:
        raise ConfigurationError(f"trust anchor missing: {Path(str(error.filename)).name}", code="configuration.pki") from error


def read_token(folder: Path, name: str) -> str:
    """Read one bearer token.

    Raises:
        ConfigurationError: it lacks, or others can read it.
    """
    try:
        return read_private(folder / f"{name}.token").decode("ascii").strip()
    except OSError as error:
        raise ConfigurationError(f"bearer token missing: {name}", code="configuration.pki") from error


def _ensure_description(folder: Path, base_url: str, organisation: str) -> None:
    path = folder / "pki.json"
    if not path.exists():
        description = {"schema": SCHEMA, "base_url": base_url, "organisation": organisation}
        write_private(path, json.dumps(description, ensure_ascii=False).encode())
        return
    kept = json.loads(path.read_text("utf-8"))
    if kept.get("schema") != SCHEMA or kept.get("base_url") != base_url:
        raise ConfigurationError(
            f"this PKI was made for {kept.get('base_url')}, not {base_url}, and its certificates say so", code="configuration.pki_address"
        )


def _ensure(folder: Path, name: str, issue: Callable[[], x509.Certificate]) -> x509.Certificate:
    path = folder / f"{name}.pem"
    if not path.exists():
        write_private(path, issue().public_bytes(serialization.Encoding.PEM))
    return _read_certificate(folder, name)


def _replace(keys: KeyFiles, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> x509.Certificate:
    """Put a new key and certificate in the place of a service's; stopped anywhere, ``_finish_renewal`` ends it."""
    folder = keys.folder
    former = _read_certificate(folder, name)
    write_private(folder / f"{name}-{former.serial_number:x}.pem", former.public_bytes(serialization.Encoding.PEM))
    write_private(folder / f"{name}.key.next", keys.render(key))
    write_private(folder / f"{name}.pem.next", certificate.public_bytes(serialization.Encoding.PEM))
    _finish_renewal(folder, name)
    return certificate


def _finish_renewal(folder: Path, name: str) -> None:
    """Put a complete pair in place; without its certificate a new key is dropped, because nothing was issued for it."""
    key, certificate = folder / f"{name}.key.next", folder / f"{name}.pem.next"
    if certificate.exists():
        if key.exists():
            key.replace(folder / f"{name}.key")
        certificate.replace(folder / f"{name}.pem")
    key.unlink(missing_ok=True)


def _read_certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
