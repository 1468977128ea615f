"""Certificates: the root, the issuing CAs, the services and the one-shot signers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from signing.pki import policies

CA_CURVE = ec.SECP384R1
LEAF_CURVE = ec.SECP256R1
DER_NULL = b"\x05\x00"
COMMON_NAME_BYTES = 64  # RFC 5280, appendix A.1, ub-common-name; ``cryptography`` counts octets of UTF-8


@dataclass(frozen=True)
class Authority:
    """A CA that can issue: its name in addresses (``root``, ``members``, ``syndicate``), its key, its certificate."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class SignerSubject:
    """Who a one-shot certificate is for; ``reference`` is the agreement's or the ceremony's."""

    organisation: str
    siren: str
    given_name: str
    family_name: str
    reference: str


def render_service_name(organisation: str, common_name: str) -> x509.Name:
    """Name an authority or a service of the system."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def render_signer_name(subject: SignerSubject) -> x509.Name:
    """Name a natural person associated with a legal person (ETSI EN 319 412-2, 4.2.4, and 412-1, 5.1.4)."""
    full_name = f"{subject.given_name} {subject.family_name}"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRFR-{subject.siren}"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, subject.reference),
            x509.NameAttribute(NameOID.SURNAME, subject.family_name),
            x509.NameAttribute(NameOID.GIVEN_NAME, subject.given_name),
            x509.NameAttribute(NameOID.COMMON_NAME, _cut(full_name)),
        ]
    )


def _cut(name: str) -> str:
    """Cut a common name to what it may hold, between characters; the other attributes hold the whole."""
    return name.encode()[:COMMON_NAME_BYTES].decode(errors="ignore").rstrip()


def issue_root(key: ec.EllipticCurvePrivateKey, organisation: str, now: datetime) -> x509.Certificate:
    """Issue the self-signed root."""
    name = render_service_name(organisation, "Autorité racine")
    builder = _start(name, name, key.public_key(), now, policies.ROOT_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True).sign(key, hashes.SHA384())


def issue_members_ca(root: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime) -> x509.Certificate:
    """Issue the CA of the members' one-shot certificates; it may state their policy and no other."""
    return _issue_ca(root, key, "Autorité de signature des membres", (policies.MEMBERS_POLICY,), base_url, now)


def issue_syndicate_ca(root: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime) -> x509.Certificate:
    """Issue the CA of the syndicate's signers, of the seal and of the time-stamp authority."""
    stated = (policies.SYNDICATE_POLICY, policies.SEAL_POLICY, policies.PROOF_POLICY, policies.TIMESTAMP_POLICY)
    return _issue_ca(root, key, "Autorité de signature du syndicat", stated, base_url, now)


def issue_seal(ca: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime) -> x509.Certificate:
    """Issue the system's seal (ETSI EN 319 412-3, a legal person's certificate)."""
    return _issue_seal(ca, key, base_url, now, "Cachet du système", policies.SEAL_POLICY)


def issue_proof_seal(ca: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime) -> x509.Certificate:
    """Issue the seal of evidence files and proof bundles, another certificate than the ceremonies' under another policy."""
    return _issue_seal(ca, key, base_url, now, "Cachet des preuves", policies.PROOF_POLICY)


def issue_timestamp_authority(
    ca: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime, *, unit: str = "Horodatage"
) -> x509.Certificate:
    """Issue a time-stamping unit: one purpose, critical (RFC 3161, 2.3); ``unit`` tells two of them apart."""
    subject = _service_subject(ca, f"{unit} {now.year}")
    builder = _start(subject, ca.certificate.subject, key, now, policies.TIMESTAMP_LIFETIME)
    builder = builder.add_extension(_usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    builder = builder.add_extension(_stated(policies.TIMESTAMP_POLICY), critical=False)
    return _finish(builder, ca, base_url)


def issue_ocsp_responder(ca: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime) -> x509.Certificate:
    """Issue a delegated responder, itself never checked for revocation (RFC 6960, 4.2.2.2)."""
    subject = _service_subject(ca, f"Répondeur OCSP {ca.name} {now.year}")
    builder = _start(subject, ca.certificate.subject, key, now, policies.OCSP_LIFETIME)
    builder = builder.add_extension(_usage("digital_signature"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    builder = builder.add_extension(
        x509.AuthorityInformationAccess([_access(AuthorityInformationAccessOID.CA_ISSUERS, f"{base_url}/ca/{ca.name}.cer")]),
        critical=False,
    )
    return builder.add_extension(_issuer_key(ca), critical=False).sign(ca.key, hashes.SHA384())


def issue_signer(
    ca: Authority,
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    subject: SignerSubject,
    policy: str,
    base_url: str,
    now: datetime,
    lifetime: timedelta = policies.SIGNER_LIFETIME,
) -> x509.Certificate:
    """Issue a signer's certificate: one-shot, of ten minutes, unless a longer life is given for a key in a device.

    A one-shot certificate carries both the short-term extension (ETSI EN 319 412-1, 5.2) and OCSP and CRL pointers, because
    some validators do not know the extension.
    """
    builder = _start(render_signer_name(subject), ca.certificate.subject, key, now, lifetime)
    builder = builder.add_extension(_usage("content_commitment"), critical=True)
    builder = builder.add_extension(_stated(policy), critical=False)
    if lifetime <= policies.SIGNER_LIFETIME:
        short_term = x509.UnrecognizedExtension(ObjectIdentifier(policies.VALIDITY_ASSURED_SHORT_TERM), DER_NULL)
        builder = builder.add_extension(short_term, critical=False)
    return _finish(builder, ca, base_url)


def _issue_seal(
    ca: Authority, key: ec.EllipticCurvePublicKey, base_url: str, now: datetime, common_name: str, policy: str
) -> x509.Certificate:
    builder = _start(_service_subject(ca, common_name), ca.certificate.subject, key, now, policies.SEAL_LIFETIME)
    builder = builder.add_extension(_usage("digital_signature", "content_commitment"), critical=True)
    builder = builder.add_extension(_stated(policy), critical=False)
    return _finish(builder, ca, base_url)


def _issue_ca(
    root: Authority, key: ec.EllipticCurvePublicKey, common_name: str, stated: tuple[str, ...], base_url: str, now: datetime
) -> x509.Certificate:
    builder = _start(_service_subject(root, common_name), root.certificate.subject, key, now, policies.ISSUING_CA_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    builder = builder.add_extension(_stated(*stated), critical=False)
    builder = builder.add_extension(_crl_pointer(root, base_url), critical=False)
    builder = builder.add_extension(
        x509.AuthorityInformationAccess([_access(AuthorityInformationAccessOID.CA_ISSUERS, f"{base_url}/ca/root.cer")]), critical=False
    )
    return builder.add_extension(_issuer_key(root), critical=False).sign(root.key, hashes.SHA384())


def _start(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = now.replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - policies.BACKDATING)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _finish(builder: x509.CertificateBuilder, ca: Authority, base_url: str) -> x509.Certificate:
    access = x509.AuthorityInformationAccess(
        [
            _access(AuthorityInformationAccessOID.OCSP, f"{base_url}/ocsp/{ca.name}"),
            _access(AuthorityInformationAccessOID.CA_ISSUERS, f"{base_url}/ca/{ca.name}.cer"),
        ]
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_crl_pointer(ca, base_url), critical=False).add_extension(access, critical=False)
    return builder.add_extension(_issuer_key(ca), critical=False).sign(ca.key, hashes.SHA384())


def _service_subject(ca: Authority, common_name: str) -> x509.Name:
    (organisation,) = ca.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return render_service_name(str(organisation.value), common_name)


def _usage(*on: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in on for name in names})


def _stated(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids])


def _access(method: ObjectIdentifier, address: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(address))


def _crl_pointer(ca: Authority, base_url: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(f"{base_url}/crl/{ca.name}.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])


def _issuer_key(ca: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
