"""Anchors as people keep and give them: files of one or several certificates, PEM or DER, and the end that stands beside some."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from conventions.bundle import FORMER_ENDS
from conventions.errors import ConfigurationError
from signing.chains import CERTIFICATE_ERRORS, TrustStore, parse_certificates
from signing.pki.former import FORMER_FILE, read_until

PEM_MARK = b"-----BEGIN"
Ends = Mapping[str, datetime]
"""By the fingerprint of an anchor that vouches no more (SHA-256, hexadecimal), the last instant of what it vouches for."""
NO_ENDS: Ends = MappingProxyType({})


@dataclass(frozen=True)
class GivenTrust:
    """Anchors given by hand, each PEM, and the ends of those that vouch no more."""

    pems: Sequence[bytes] = ()
    ends: Ends = field(default_factory=dict)


def as_pem(data: bytes) -> bytes:
    """Return a certificate file as PEM.

    Raises:
        ConfigurationError: not a certificate.
    """
    if PEM_MARK in data:
        return data
    try:
        return x509.load_der_x509_certificate(data).public_bytes(serialization.Encoding.PEM)
    except CERTIFICATE_ERRORS as error:
        raise ConfigurationError("not a certificate", code="configuration.trust") from error


def anchors_pem(files: Iterable[bytes]) -> list[bytes]:
    """Read anchors and return each as PEM.

    Raises:
        ConfigurationError: a file that holds no certificate.
    """
    return [one.public_bytes(serialization.Encoding.PEM) for data in files for one in parse_certificates(as_pem(data))]


def read_given(files: Mapping[Path, bytes]) -> GivenTrust:
    """Read anchors from files, and the end of those that lie in the folder of a former PKI or among the certificates of a bundle.

    An anchor that is also given where nothing ends it has no end.

    Raises:
        ConfigurationError: a file that holds no certificate; what ends some is not as it should be (``configuration.former_until``,
            ``configuration.former_ends``).
    """
    ends, endless = dict[str, datetime](), set[str]()
    told = {folder: _told_in(folder) for folder in {file.parent for file in files}}
    pems = list[bytes]()
    for file, data in files.items():
        until = told[file.parent].get(file.name) or told[file.parent].get("")
        for pem in anchors_pem([data]):
            pems.append(pem)
            anchor = fingerprint(x509.load_pem_x509_certificate(pem))
            if until is None:
                endless.add(anchor)
            else:
                ends[anchor] = max(ends.get(anchor, until), until)
    return GivenTrust(pems, {anchor: until for anchor, until in ends.items() if anchor not in endless})


def store_of(pem: bytes, ends: Ends) -> TrustStore:
    """Return the anchors of a text of PEM certificates, with their ends.

    Raises:
        ConfigurationError: there is none, or one cannot be read.
    """
    anchors = parse_certificates(pem)
    return TrustStore(anchors, {one: ends[found] for one in anchors if (found := fingerprint(one)) in ends})


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def render_ends(ends: Ends) -> dict[str, str]:
    """Tell ends in JSON, to another process."""
    return {anchor: until.isoformat() for anchor, until in ends.items()}


def parse_ends(told: Mapping[str, str]) -> Ends:
    """Read what ``render_ends`` told."""
    return {anchor: datetime.fromisoformat(until) for anchor, until in told.items()}


def _told_in(folder: Path) -> Mapping[str, datetime]:
    """Return until when the anchors of a folder vouch, by file name, all of them by the empty name; nothing where nothing says so."""
    if (folder / FORMER_FILE).exists():
        return {"": read_until(folder)}
    stated = folder.parent / FORMER_ENDS
    if not stated.exists():
        return {}
    try:
        ends = {Path(path).name: datetime.fromisoformat(until) for path, until in json.loads(stated.read_bytes()).items()}
        if any(until.tzinfo is None for until in ends.values()):
            raise ValueError("an instant without its zone")  # noqa: TRY301 told with what else it may be
        return ends
    except (OSError, ValueError, AttributeError, TypeError) as error:
        said, name = f"{FORMER_ENDS}: {type(error).__name__}", folder.parent.name
        raise ConfigurationError(said, code="configuration.former_ends", name=name) from error
