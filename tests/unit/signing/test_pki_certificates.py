"""What the embedded PKI's certificates say, and what they cannot do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from signing.chains import TrustStore, build_chain, stated_policies
from signing.evidence import crl_address, ocsp_address
from signing.pki import policies
from signing.pki.certificates import SignerSubject, issue_signer
from tests.unit.signing.authority import BASE_URL, NOW, memory_pki

PKI = memory_pki()
SUBJECT = SignerSubject("Communauté de communes des Abers-Fictifs", "000000141", "Maëlle", "Le Goff-Exemple", "2026-0014")


def signer(subject: SignerSubject = SUBJECT) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return issue_signer(PKI.members, key, subject, policies.MEMBERS_POLICY, BASE_URL, NOW)


def test_a_signers_certificate_lives_ten_minutes_and_names_who_signs_for_whom() -> None:
    certificate = signer()
    said = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert said[NameOID.ORGANIZATION_IDENTIFIER] == "NTRFR-000000141"
    assert said[NameOID.ORGANIZATION_NAME] == SUBJECT.organisation
    assert (said[NameOID.GIVEN_NAME], said[NameOID.SURNAME]) == ("Maëlle", "Le Goff-Exemple")
    assert said[NameOID.ORGANIZATIONAL_UNIT_NAME] == "2026-0014"
    assert certificate.not_valid_after_utc - NOW == timedelta(minutes=10)
    assert NOW - certificate.not_valid_before_utc == timedelta(minutes=1)


def test_it_carries_the_short_term_extension_and_the_pointers_of_those_who_do_not_know_it() -> None:
    certificate = signer()
    extension = certificate.extensions.get_extension_for_oid(ObjectIdentifier("0.4.0.194121.2.1"))
    assert not extension.critical
    assert ocsp_address(certificate) == f"{BASE_URL}/ocsp/members"
    assert crl_address(certificate) == f"{BASE_URL}/crl/members.crl"
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [one.access_location.value for one in access if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS] == [
        f"{BASE_URL}/ca/members.cer"
    ]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.content_commitment
    assert not usage.value.digital_signature


def test_each_side_states_its_own_policy_and_its_ca_no_other() -> None:
    assert stated_policies(signer()) == {policies.MEMBERS_POLICY}
    assert stated_policies(PKI.members.certificate) == {policies.MEMBERS_POLICY}
    assert stated_policies(PKI.syndicate.certificate) == {
        policies.SYNDICATE_POLICY,
        policies.SEAL_POLICY,
        policies.PROOF_POLICY,
        policies.TIMESTAMP_POLICY,
    }


def test_a_name_longer_than_a_common_name_may_be_is_cut_there_and_whole_elsewhere() -> None:
    certificate = signer(SignerSubject("Organisme", "000000141", "Anne-Lise-Marie-Françoise", "K" * 90, "2026-0014"))
    (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    (surname,) = certificate.subject.get_attributes_for_oid(NameOID.SURNAME)
    assert (len(str(common_name.value).encode()), surname.value) == (64, "K" * 90)


def test_serial_numbers_are_drawn_at_random() -> None:
    assert len({signer().serial_number for _ in range(20)}) == 20
    assert all(certificate.serial_number.bit_length() > 100 for certificate in (signer(), PKI.seal, PKI.root.certificate))


def test_the_time_stamping_unit_has_one_critical_purpose() -> None:
    purposes = PKI.timestamps_certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purposes.critical
    assert list(purposes.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_issuing_cas_outlive_what_they_sign_by_decades_and_cannot_make_other_cas() -> None:
    for ca in (PKI.members, PKI.syndicate):
        constraints = ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (constraints.ca, constraints.path_length) == (True, 0)
        assert ca.certificate.not_valid_after_utc - NOW > timedelta(days=25 * 365)
    assert PKI.root.certificate.not_valid_after_utc > PKI.members.certificate.not_valid_after_utc


@pytest.mark.parametrize("anchors", [1, 3], ids=["the root alone", "the issuing CAs too"])
def test_a_path_leads_to_the_root(anchors: int) -> None:
    certificate = signer()
    candidates = (PKI.members.certificate, PKI.syndicate.certificate)
    chain = build_chain(certificate, candidates, TrustStore(PKI.anchors[:anchors]), NOW)
    assert chain == (certificate, PKI.members.certificate, PKI.root.certificate)
