"""The person of a certificate that is not ours: its names, compared whatever their case, accents and order; its organisation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from conventions.people import folded
from signing.identities import subject_text

SIREN = re.compile(r"NTRFR-(\d{9})\Z|0002 ?(\d{9})(?:\d{5})?\Z")
"""``NTRFR-<SIREN>`` (EN 319 412-1, 5.1.4), or ``0002 <SIREN or SIRET>`` (ICD 0002 of ISO 6523, as French certificates write it)."""
PERSON, ORGANISATION, UNSTATED = "person", "organisation", "organisation, which it does not state,"
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class PersonExpected:
    """Who must have signed: a name, in any order; ``siren`` empty when no organisation is expected.

    ``may_lack_siren``: a certificate that states no number at all is taken on its name alone; a namesake's would be taken too.
    """

    name: str
    siren: str = ""
    may_lack_siren: bool = False


def assess_person(certificate: x509.Certificate, expected: PersonExpected) -> str:
    """Return what does not agree, ``PERSON``, ``ORGANISATION`` or ``UNSTATED``; empty when all does."""
    wanted = _words(expected.name)
    full = f"{subject_text(certificate, NameOID.GIVEN_NAME)} {subject_text(certificate, NameOID.SURNAME)}"
    if not wanted or wanted not in (_words(full), _words(subject_text(certificate, NameOID.COMMON_NAME))):
        return PERSON
    found = stated_sirens(certificate)
    if not expected.siren or expected.siren in found or (expected.may_lack_siren and not found):
        return ""
    return ORGANISATION if found else UNSTATED


def stated_sirens(certificate: x509.Certificate) -> frozenset[str]:
    """Return the SIREN numbers that the subject states."""
    texts = [
        str(one.value)
        for oid in (NameOID.ORGANIZATION_IDENTIFIER, NameOID.ORGANIZATIONAL_UNIT_NAME)
        for one in certificate.subject.get_attributes_for_oid(oid)
    ]
    return frozenset(found[1] or found[2] for text in texts if (found := SIREN.match(text)))


def shown_name(certificate: x509.Certificate) -> str:
    """Return the name to show: the common name, else given name and surname."""
    common = subject_text(certificate, NameOID.COMMON_NAME)
    return common or f"{subject_text(certificate, NameOID.GIVEN_NAME)} {subject_text(certificate, NameOID.SURNAME)}".strip()


def _words(text: str) -> list[str]:
    return sorted(WORD.findall(folded(text)))
