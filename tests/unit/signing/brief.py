"""Short-term certificates as a provider issues them, and those that only look like one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, ObjectIdentifier

from signing.pki.certificates import DER_NULL, Authority, SignerSubject, render_signer_name
from signing.pki.policies import MEMBERS_POLICY, VALIDITY_ASSURED_SHORT_TERM
from signing.short_term import LONGEST

Extensions = Mapping[str, x509.ExtensionType]
Change = Callable[[dict[str, x509.ExtensionType]], object]
EXTENSION = "short term"


def issue_brief(
    ca: Authority,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    subject: SignerSubject,
    begins: datetime,
    lifetime: timedelta = timedelta(hours=1),
    policy: str = MEMBERS_POLICY,
    change: Change = lambda _: None,
) -> x509.Certificate:
    """Issue a signer's certificate that is never revoked and names nobody to ask; ``change`` adds, alters or drops extensions."""
    extensions: dict[str, x509.ExtensionType] = {
        "constraints": x509.BasicConstraints(ca=False, path_length=None),
        "usage": _usage(),
        "policy": x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(policy), None)]),
        "issuer": x509.AuthorityInformationAccess([_access(AuthorityInformationAccessOID.CA_ISSUERS, "http://ca.invalid/ca.cer")]),
        EXTENSION: x509.UnrecognizedExtension(ObjectIdentifier(VALIDITY_ASSURED_SHORT_TERM), DER_NULL),
    }
    change(extensions)
    begins = begins.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(render_signer_name(subject))
        .issuer_name(ca.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lifetime)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    for name, extension in extensions.items():
        builder = builder.add_extension(extension, critical=name in {"constraints", "usage"})
    return builder.sign(ca.key, hashes.SHA384())


def _usage(*, certifies: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _access(method: ObjectIdentifier, address: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(address))


def _point(address: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)


def _unread(oid: ObjectIdentifier, der: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(oid, der)


PRETENDERS: dict[str, tuple[Change, timedelta]] = {
    "of a second too long": (lambda _: None, LONGEST + timedelta(seconds=1)),
    "of a year": (lambda _: None, timedelta(days=365)),
    "without the extension": (lambda all_: all_.pop(EXTENSION), LONGEST),
    "with another content in it": (
        lambda all_: all_.update({EXTENSION: _unread(ObjectIdentifier(VALIDITY_ASSURED_SHORT_TERM), b"\x01\x01\x00")}),
        LONGEST,
    ),
    "that names a responder": (
        lambda all_: all_.update(
            issuer=x509.AuthorityInformationAccess([_access(AuthorityInformationAccessOID.OCSP, "ldap://ca.invalid/ocsp")])
        ),
        LONGEST,
    ),
    "that names a list": (lambda all_: all_.update(list=x509.CRLDistributionPoints([_point("ldap://ca.invalid/crl")])), LONGEST),
    "that names a delta list": (lambda all_: all_.update(list=x509.FreshestCRL([_point("http://ca.invalid/crl")])), LONGEST),
    "of a CA": (lambda all_: all_.update(constraints=x509.BasicConstraints(ca=True, path_length=None)), LONGEST),
    "whose key certifies": (lambda all_: all_.update(usage=_usage(certifies=True)), LONGEST),
    "of a time-stamping unit": (lambda all_: all_.update(purpose=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])), LONGEST),
    "of a responder": (lambda all_: all_.update(purpose=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])), LONGEST),
    "that cannot be read": (lambda all_: all_.update(list=_unread(ExtensionOID.CRL_DISTRIBUTION_POINTS, b"\x30\x03\x02")), LONGEST),
}
"""What must not be taken for a short-term certificate, and how long it lives."""
