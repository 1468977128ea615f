"""Where pyHanko lets a certification path end, of signers and of time-stamp authorities, and what it asks about revocation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

from signing.chains import TrustStore, render_der
from signing.remembered_checks import RememberingValidator

REQUIRED = RevocationCheckingPolicy.from_legacy("require")
ABOVE_ALONE = RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, REQUIRED.intermediate_ca_cert_rule)
"""For a short-term certificate: the state of every CA above it, and not its own."""


@dataclass(frozen=True)
class PathPolicies:
    """One of signers, one of those with a short-term certificate, one of time-stamp authorities."""

    signers: CertValidationPolicySpec
    short_term: CertValidationPolicySpec
    authorities: CertValidationPolicySpec


def path_policies(trust: TrustStore, stamp_trust: TrustStore) -> list[PathPolicies]:
    """Return the policies to be tried in turn: paths that end at roots, then at any anchor; one when these are the same."""
    checks = RememberingValidator()
    tried = dict.fromkeys([(trust.roots, stamp_trust.roots), (trust.anchors, stamp_trust.anchors)])
    return [
        PathPolicies(_policy(signers, REQUIRED, checks), _policy(signers, ABOVE_ALONE, checks), _policy(authorities, REQUIRED, checks))
        for signers, authorities in tried
    ]


def load_asn1(certificates: Sequence[x509.Certificate]) -> list[asn1_x509.Certificate]:
    """Return certificates as pyHanko wants them."""
    return [asn1_x509.Certificate.load(der) for der in render_der(certificates)]


def _policy(anchors: Sequence[x509.Certificate], asked: RevocationCheckingPolicy, checks: RememberingValidator) -> CertValidationPolicySpec:
    return CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=load_asn1(anchors)),
        revinfo_policy=CertRevTrustPolicy(asked),
        signature_validator=checks,
    )
