"""Anchors that vouch no more: each with the end of what it vouches for, beside those of today, which have none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from cryptography import x509

from conventions.errors import ConfigurationError
from signing.chains import TrustStore, parse_certificates
from signing.pki.former import FormerPki

MEMBERS_CA, SYNDICATE_CA = "members-ca.pem", "syndicate-ca.pem"
Certificates = tuple[x509.Certificate, ...]


def trust_in_time(anchors_pem: Iterable[bytes], former: Sequence[FormerPki] = ()) -> TrustStore:
    """Return the anchors of time-stamps alone: those of today, and of former PKIs until their end.

    Raises:
        ConfigurationError: an anchor is unreadable.
    """
    return with_former(all_of(anchors_pem), ends_of(former))


def with_former(present: Iterable[x509.Certificate], ends: Mapping[x509.Certificate, datetime]) -> TrustStore:
    """Believe the anchors of today without an end, also those that a former PKI holds too: a root may be above both."""
    anchors = tuple(present)
    return TrustStore([*anchors, *ends], {one: until for one, until in ends.items() if one not in anchors})


def ends_of(former: Iterable[FormerPki]) -> Mapping[x509.Certificate, datetime]:
    """Return each anchor of the former PKIs with its end: the last, where two hold it.

    Raises:
        ConfigurationError: ``configuration.former_pki``.
    """
    ends: dict[x509.Certificate, datetime] = {}
    for one in former:
        until = one.authorities.until
        for certificate in (certificate for several in former_anchors(one).values() for certificate in several):
            ends[certificate] = max(ends.get(certificate, until), until)
    return ends


def former_anchors(one: FormerPki) -> Mapping[str, Certificates]:
    """Return the anchors of a former PKI by file name.

    Raises:
        ConfigurationError: ``configuration.former_pki``: one is unreadable, or a file of an issuing CA holds several.
    """
    name = one.authorities.name
    try:
        anchors = {file: parse_certificates(pem) for file, pem in one.authorities.anchors_pem.items()}
    except ConfigurationError as error:
        raise ConfigurationError(f"an anchor of the former PKI {name}: {error}", code="configuration.former_pki", name=name) from error
    if any(len(several) != 1 for file, several in anchors.items() if file in {MEMBERS_CA, SYNDICATE_CA}):
        raise ConfigurationError(f"one issuing CA a file, in the former PKI {name}", code="configuration.former_pki", name=name)
    return anchors


def all_of(pems: Iterable[bytes]) -> Certificates:
    """Return the certificates of several PEM texts.

    Raises:
        ConfigurationError: one is unreadable.
    """
    return tuple(one for pem in pems for one in parse_certificates(pem))
