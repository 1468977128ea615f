"""A ceremony's manifest under seal: who checks it trusts nothing but the seal's certificate and the time-stamp authorities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from conventions.ceremonies import CEREMONY_LIFETIME, MANIFEST_SCHEMA
from conventions.errors import VerificationFailed
from conventions.signatures import SealedManifest
from signing.cms_parsing import parse_cms
from signing.cms_verification import verify_signer
from signing.timestamping import UNREADABLE, TimestampToken, TokenRules, verify_token

MAX_AGE: timedelta = CEREMONY_LIFETIME


@dataclass(frozen=True)
class ManifestFacts:
    """What a sealed manifest authorises: person, body, and the member-signed digest of each document by reference."""

    ceremony: str
    given_name: str
    family_name: str
    organisation: str
    siren: str
    items: Mapping[str, str]


def verify_sealed_manifest(sealed: SealedManifest, seal: x509.Certificate, rules: TokenRules, now: datetime) -> ManifestFacts:
    """Check the seal, the time-stamp and its age, then read the manifest.

    1. The CMS holds one signature, by the seal's certificate and no other, over these bytes.
    2. The token is over the CMS, by a trusted authority, and less than thirty minutes old.
    3. The manifest is of the schema this version knows.

    Raises:
        VerificationFailed: ``manifest.seal``, ``manifest.age``, ``manifest.unreadable``, or a code of the time-stamp's checks.
    """
    verify_seal(sealed.manifest, sealed.cms, seal)  # (1)
    token = verify_seal_timestamp(sealed, rules)  # (2)
    if not timedelta(seconds=-5) <= now - token.gen_time < MAX_AGE:
        raise VerificationFailed("the ceremony was sealed more than thirty minutes ago", code="manifest.age")
    return parse_manifest(sealed.manifest)  # (3)


def verify_seal_timestamp(sealed: SealedManifest, rules: TokenRules) -> TimestampToken:
    """Check the token over the CMS.

    Raises:
        VerificationFailed: a code of the time-stamp's checks.
    """
    return verify_token(sealed.timestamp, hashlib.sha256(sealed.cms).digest(), rules)


def verify_seal(content: bytes, cms_der: bytes, seal: x509.Certificate) -> None:
    """Check a detached CMS by the seal (RFC 5652, 5.4 and 5.6).

    Raises:
        VerificationFailed: ``manifest.seal``.
    """
    try:
        cms = parse_cms(cms_der)
        verify_signer(cms, content)
    except (*UNREADABLE, VerificationFailed) as error:
        raise VerificationFailed("the manifest's seal is wrong", code="manifest.seal") from error
    if cms.signer != seal or cms.content is not None:
        raise VerificationFailed("another seal than the system's", code="manifest.seal")


def parse_manifest(manifest: bytes) -> ManifestFacts:
    """Read a ceremony's manifest (``conventions.ceremonies.ceremony_manifest``).

    Raises:
        VerificationFailed: ``manifest.unreadable``.
    """
    try:
        content = json.loads(manifest)
        if content["schema"] != MANIFEST_SCHEMA:
            raise VerificationFailed("manifest of another schema", code="manifest.unreadable")
        items = {item["reference"]: item["member_signed_sha256"] for item in content["items"]}
        facts = ManifestFacts(
            ceremony=content["ceremony"],
            given_name=content["person"]["given_name"],
            family_name=content["person"]["family_name"],
            organisation=content["organisation"],
            siren=content["siren"],
            items=items,
        )
        complete = len(items) == len(content["items"]) and all(isinstance(text, str) and text for text in _texts(facts))
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationFailed("not a ceremony's manifest", code="manifest.unreadable") from error
    if not complete:
        raise VerificationFailed("a ceremony's manifest with a repeated or empty entry", code="manifest.unreadable")
    return facts


def verify_listed(facts: ManifestFacts, items: Iterable[tuple[str, str]]) -> None:
    """Check that each (reference, member-signed digest) stands in the manifest.

    Raises:
        VerificationFailed: ``manifest.not_listed``.
    """
    for reference, digest in items:
        if facts.items.get(reference) != digest:
            raise VerificationFailed(f"{reference}: not in the ceremony with this digest", code="manifest.not_listed", reference=reference)


def _texts(facts: ManifestFacts) -> Iterable[object]:
    yield from (facts.ceremony, facts.given_name, facts.family_name, facts.organisation, facts.siren)
    yield from facts.items
    yield from facts.items.values()
