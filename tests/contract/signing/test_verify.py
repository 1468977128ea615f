"""Files verified by hand, ours and others', with nothing but anchors."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from conventions.checks import checks_of
from conventions.errors import ConfigurationError, VerificationFailed
from conventions.signatures import Check, Indication, Outcome, SignedFile
from conventions.verdicts import verdict
from signing.adapter import PadesSigning
from signing.chains import TrustStore, parse_certificates
from signing.cms import CmsBuilder, Mechanism
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms
from signing.der import strip_padding
from signing.findings import assess_signature_timestamps
from signing.pki.directory import open_pki
from signing.reading import GrowingReader
from signing.timestamping import TokenRules
from signing.values import read_signature_values
from signing.verify import FileVerifier, verify_file
from tests.contract.signing.running import RunningPki
from tests.unit.signing.attacks import ATTACKS, attacked
from tests.unit.signing.authority import memory_pki
from tests.unit.signing.material import BOTH, prepared_pdf


def root(pki: RunningPki) -> list[bytes]:
    return [(pki.folder / "root.pem").read_bytes()]


def now() -> datetime:
    return datetime.now(UTC)


def foreign_signature(pki: RunningPki, subfilter: SigSeedSubFilter) -> bytes:
    """Sign with the seal's key through pyHanko's own signer, as another tool would: no time-stamp, no validation data."""
    opened = open_pki(pki.folder)
    key, certificate = opened.seal
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register(asn1_x509.Certificate.load(opened.syndicate.certificate.public_bytes(serialization.Encoding.DER)))
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(der),
        cert_registry=store,
    )
    meta = signers.PdfSignatureMetadata(field_name="Signature_Membre", subfilter=subfilter, md_algorithm="sha256")
    output = io.BytesIO(prepared_pdf())
    work = signers.PdfSigner(meta, signer).async_sign_pdf(IncrementalPdfFileWriter(output), in_place=True)
    asyncio.run(work)
    return output.getvalue()


def test_our_files_are_valid_at_their_level(pki: RunningPki, member_signed: SignedFile, countersigned: SignedFile) -> None:
    for data, count in ((member_signed.data, 1), (countersigned.data, 2)):
        report: Any = verify_file(data, root(pki), now())
        assert (report["valid"], report["level"], report["reasons"]) == (True, "B-LTA", [])
        assert len(report["signatures"]) == count
        assert [one["kind"] for one in report["timestamps"]] == ["signature-timestamp"] * count + ["document-timestamp"] * count
        assert {one["qualified"] for one in report["signatures"]} == {False}
        assert datetime.fromisoformat(report["verifiable_until"]) - now() > timedelta(days=4 * 365)
        assert json.loads(json.dumps(report)) == report


@pytest.mark.parametrize("place", [0, 1])
def test_a_false_time_stamp_beside_a_true_one_does_not_pass_with_it(
    pki: RunningPki, signing: PadesSigning, member_signed: SignedFile, place: int
) -> None:
    data = member_signed.data
    (value, _) = read_signature_values(GrowingReader(data), data)
    signed = parse_cms(strip_padding(value.contents))
    (true,) = signed.unsigned_attributes[SIGNATURE_TIMESTAMP_OID]
    false = signing._outside.run(signing._engine.stamp(bytes(32))).der  # over something else
    both = false + true if place == 0 else true + false
    builder = CmsBuilder(signed.signer, (), Mechanism.ECDSA_SHA256)
    altered = dataclasses.replace(value, contents=builder.render(bytes(32), signed.signature, both))
    rules = TokenRules(TrustStore(parse_certificates(root(pki)[0])))
    for passed, proven in ((True, False), (True, True), (False, True)):
        found = assess_signature_timestamps(altered, passed=passed, archive_proven=proven, rules=rules)
        assert [one.indication is Indication.TOTAL_PASSED for one in found] == [place == 1, place == 0]
        assert [bool(one.reasons) for one in found] == [place == 0, place == 1]


def test_our_one_shot_certificates_are_said_to_make_simple_signatures(pki: RunningPki, countersigned: SignedFile) -> None:
    found = FileVerifier(root(pki)).verify(countersigned.data, now())
    assert [one.is_one_shot for one in found.signatures] == [True, True]
    assert verdict(found).count("signature simple, par un certificat à usage unique") == 2
    others = FileVerifier(root(pki)).verify(foreign_signature(pki, SigSeedSubFilter.PADES), now())
    assert [one.is_one_shot for one in others.signatures] == [False]


def test_each_check_is_told_as_the_reader_found_it(pki: RunningPki, countersigned: SignedFile) -> None:
    foreign = foreign_signature(pki, SigSeedSubFilter.PADES)
    (untrusted,) = FileVerifier([]).verify(foreign, now()).signatures
    checks = checks_of(untrusted)
    assert (checks[Check.CRYPTOGRAPHY], checks[Check.FORMAT], checks[Check.SIGNING_CERTIFICATE]) == (Outcome.PASSED,) * 3
    assert checks[Check.CERTIFICATE_PATH] is Outcome.INDETERMINATE
    altered = foreign.replace(b"page 1 sur 2", b"page 9 sur 2") if b"page 1 sur 2" in foreign else foreign[:100] + b"%" + foreign[101:]
    (broken,) = FileVerifier(root(pki)).verify(altered, now()).signatures
    assert checks_of(broken)[Check.CRYPTOGRAPHY] is Outcome.FAILED
    assert checks_of(broken)[Check.SIGNING_CERTIFICATE] is Outcome.PASSED


def test_the_keys_are_those_published(pki: RunningPki, countersigned: SignedFile) -> None:
    report: Any = verify_file(countersigned.data, root(pki), now())
    assert list(report) == ["valid", "level", "signatures", "timestamps", "verifiable_until", "reasons"]
    assert list(report["signatures"][0]) == ["field", "signer", "signed_at", "indication", "sub_indication", "level", "qualified"]
    assert list(report["timestamps"][0]) == ["kind", "authority", "at", "indication"]


def test_a_file_is_still_valid_after_the_signers_certificates_ended(pki: RunningPki, countersigned: SignedFile) -> None:
    report: Any = verify_file(countersigned.data, root(pki), now() + timedelta(days=3))
    assert (report["valid"], report["reasons"]) == (True, [])


def test_under_another_root_nothing_is_known(countersigned: SignedFile) -> None:
    stranger = memory_pki(now() - timedelta(days=1)).root.certificate.public_bytes(serialization.Encoding.PEM)
    report: Any = verify_file(countersigned.data, [stranger], now())
    assert not report["valid"]
    assert {one["indication"] for one in report["signatures"]} == {"INDETERMINATE"}
    assert report["reasons"]


def test_without_an_anchor_nobody_is_trusted(countersigned: SignedFile) -> None:
    report: Any = verify_file(countersigned.data, [], now())
    assert (report["valid"], report["level"]) == (False, "B-LTA")
    assert {one["sub_indication"] for one in report["signatures"]} == {"NO_CERTIFICATE_CHAIN_FOUND"}


@pytest.mark.parametrize("anchor", [b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_no_anchor(countersigned: SignedFile, anchor: bytes) -> None:
    with pytest.raises(ConfigurationError):
        verify_file(countersigned.data, [anchor], now())


def test_once_the_last_authority_s_certificate_has_ended_nothing_passes(pki: RunningPki, countersigned: SignedFile) -> None:
    until = datetime.fromisoformat(str(verify_file(countersigned.data, root(pki), now())["verifiable_until"]))
    for at, passes in ((until - timedelta(minutes=1), True), (until + timedelta(minutes=1), False)):
        report: Any = verify_file(countersigned.data, root(pki), at)
        assert report["valid"] is passes, report["reasons"]
        assert {one["sub_indication"] for one in report["signatures"]} == {"" if passes else "OUT_OF_BOUNDS_NO_POE"}
        assert {one["indication"] for one in report["timestamps"]} == {"TOTAL-PASSED" if passes else "INDETERMINATE"}


UNSIGNED = {"unsigned": (prepared_pdf(), "no signature"), "empty": (b"", "not a PDF"), "noise": (b"%PDF-1.7 nothing", "not a PDF")}


@pytest.mark.parametrize(("data", "reason"), UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_is_not_signed_says_so(pki: RunningPki, data: bytes, reason: str) -> None:
    report: Any = verify_file(data, root(pki), now())
    assert (report["valid"], report["level"], report["signatures"], report["verifiable_until"]) == (False, None, [], None)
    assert report["reasons"][0].startswith(reason)


def test_bytes_after_the_seal_are_said(pki: RunningPki, countersigned: SignedFile) -> None:
    report: Any = verify_file(countersigned.data + b"\n", root(pki), now())
    assert not report["valid"]
    assert any(reason.startswith("sealed:") for reason in report["reasons"])


def maintained(data: bytes, pki: RunningPki) -> bytes:
    """Append a store alone, as tools that maintain a file do."""
    output = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(output)
    certificate = asn1_x509.Certificate.load(open_pki(pki.folder).root.certificate.public_bytes(serialization.Encoding.DER))
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[certificate])
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def test_validation_data_after_the_last_time_stamp_are_maintenance_and_are_said(pki: RunningPki, countersigned: SignedFile) -> None:
    verifier = FileVerifier(root(pki))
    once = maintained(countersigned.data, pki)
    for data in (once, maintained(once, pki)):
        found = verifier.verify(data, now())
        assert (found.is_valid, found.maintained, found.reasons) == (True, True, ())
        assert "seules des données de vérification ont été ajoutées" in verdict(found)
    assert not verifier.verify(countersigned.data, now()).maintained
    for data in (once + b"%", once + b"9 0 obj\n<< >>\nendobj\n"):
        assert not verifier.verify(data, now()).is_valid


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize("name", ATTACKS)
def test_whatever_else_follows_the_last_time_stamp_is_not(pki: RunningPki, countersigned: SignedFile, name: str) -> None:
    for data in (attacked(countersigned.data, ATTACKS[name]), attacked(maintained(countersigned.data, pki), ATTACKS[name])):
        found = FileVerifier(root(pki)).verify(data, now())
        assert (found.is_valid, found.maintained) == (False, False)


def test_our_archive_s_rule_stays_that_no_byte_follows(pki: RunningPki, signing: PadesSigning, countersigned: SignedFile) -> None:
    report = signing.validate(maintained(countersigned.data, pki), BOTH)
    assert not report.valid
    assert "sealed: something follows the last time-stamp" in report.reasons


@pytest.mark.parametrize(("subfilter", "level"), [(SigSeedSubFilter.PADES, "B-B"), (SigSeedSubFilter.ADOBE_PKCS7_DETACHED, None)])
def test_the_signature_of_another_tool_is_read_at_its_level(pki: RunningPki, subfilter: SigSeedSubFilter, level: str | None) -> None:
    report: Any = verify_file(foreign_signature(pki, subfilter), root(pki), now())
    assert (report["level"], len(report["signatures"]), report["timestamps"]) == (level, 1, [])
    assert report["signatures"][0]["indication"] == "INDETERMINATE"
    assert not report["valid"]
    assert report["verifiable_until"] is not None


def test_a_foreign_signature_is_a_report_for_the_port_too(pki: RunningPki, signing: PadesSigning) -> None:
    report = signing.validate(foreign_signature(pki, SigSeedSubFilter.ADOBE_PKCS7_DETACHED), BOTH[:1])
    assert (report.valid, report.level) == (False, None)


def test_a_file_is_stamped_again_and_the_bytes_before_stay(signing: PadesSigning, countersigned: SignedFile) -> None:
    once = signing.restamp(countersigned.data).data
    twice = signing.restamp(once).data
    assert twice.startswith(once)
    assert once.startswith(countersigned.data)
    report = signing.validate(twice, BOTH)
    assert report.valid, report.reasons
    assert [one.field for one in report.timestamps][-2:] == ["Horodatage_03", "Horodatage_04"]


def test_a_file_that_does_not_validate_is_not_stamped_again(signing: PadesSigning, countersigned: SignedFile) -> None:
    for data in (countersigned.data + b"\n", prepared_pdf()):
        with pytest.raises(VerificationFailed):
            signing.restamp(data)
