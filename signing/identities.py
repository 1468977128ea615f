"""Is this signature by the person expected? A valid signature by somebody else is an invalid signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from conventions.kinds import Party
from conventions.people import folded
from conventions.signatures import ExpectedSigner, SignerIdentity
from signing.chains import is_issued_by, stated_policies
from signing.pki.policies import BACKDATING, MEMBERS_POLICY, SIGNER_LIFETIME, SYNDICATE_POLICY


@dataclass(frozen=True)
class IssuerRule:
    """Who may certify one side's signers, and under which policy; ``also``: those of other times, or another provider."""

    ca: x509.Certificate
    policy: str
    also: tuple[IssuerRule, ...] = ()

    def of(self, certificate: x509.Certificate) -> IssuerRule:
        """Return the rule that a certificate is under: the one of its issuer, this one when none is."""
        return next((rule for rule in (self, *self.also) if is_issued_by(certificate, rule.ca)), self)


IssuerRules = Mapping[Party, IssuerRule]


def assess_identity(certificate: x509.Certificate, expected: SignerIdentity, rules: IssuerRules) -> tuple[str, ...]:
    """Compare a signer's certificate with who was expected; nothing when all agrees, else what does not, without a name."""
    reasons = []
    known = rules.get(expected.party)
    rule = known.of(certificate) if known is not None else None
    if rule is None or not is_issued_by(certificate, rule.ca):
        reasons.append("signer.issuer: the certificate was not issued by the CA of this side's signers")
    if rule is None or rule.policy not in stated_policies(certificate):
        reasons.append("signer.policy: the certificate does not state the policy of this side's signers")
    if subject_text(certificate, NameOID.ORGANIZATION_IDENTIFIER) != expected.organization_identifier:
        reasons.append("signer.organisation: the certificate is for another organisation's identifier")
    if folded(subject_text(certificate, NameOID.ORGANIZATION_NAME)) != folded(expected.organisation):
        reasons.append("signer.organisation_name: the certificate is for another organisation's name")
    if not _is_same_name(certificate, expected):
        reasons.append("signer.person: the certificate is for another person")
    return tuple(reasons)


def assess_signer(certificate: x509.Certificate, expected: ExpectedSigner, rules: IssuerRules) -> tuple[str, ...]:
    """Compare a certificate with the one that was accepted, where the person came with one of their own; else with who was expected."""
    if not expected.certificate_sha256:
        return assess_identity(certificate, expected.identity, rules)
    if certificate.fingerprint(hashes.SHA256()).hex() == expected.certificate_sha256:
        return ()
    return ("signer.certificate: the certificate is not the one that was accepted with the file",)


def is_one_shot(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that our CA made it for one signing session: its policy, and a life of minutes."""
    lived = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return lived <= SIGNER_LIFETIME + BACKDATING and bool(stated_policies(certificate) & {MEMBERS_POLICY, SYNDICATE_POLICY})


def subject_text(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    """Return one attribute of the subject, or an empty text when it stands not exactly once."""
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if len(values) == 1 else ""


def _is_same_name(certificate: x509.Certificate, expected: SignerIdentity) -> bool:
    given, family = (subject_text(certificate, oid) for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME))
    person = expected.person
    return bool(given and family) and folded(given) == folded(person.given_name) and folded(family) == folded(person.family_name)
