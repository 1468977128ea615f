"""What was read a moment ago is given again as it was; what is not the same, or too much, is read by the library."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from asn1crypto.core import Sequence
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import ValidationContext

from signing.remembered_checks import RememberingValidator, remember_checks_by_default
from signing.remembered_reads import LARGEST_BYTES, REMEMBERED, remember_reads

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AC de l'essai")])


def certificate_of(serial: int, padding: int = 1) -> x509.Certificate:
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), serial, BEGIN, END)
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.250.1.999"), b"x" * padding)
    return builder.add_extension(extension, critical=False).sign(KEY, hashes.SHA256())


def records() -> dict[type[Any], bytes]:
    one = certificate_of(1)
    answer = ocsp.OCSPResponseBuilder().add_response(one, one, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD, BEGIN, END, None, None)  # noqa: S303 RFC 6960
    crl = x509.CertificateRevocationListBuilder(NAME, BEGIN, END).sign(KEY, hashes.SHA256())
    return {
        Certificate: one.public_bytes(Encoding.DER),
        OCSPResponse: answer.responder_id(ocsp.OCSPResponderEncoding.HASH, one).sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER),
        CertificateList: crl.public_bytes(Encoding.DER),
    }


@pytest.fixture(autouse=True, scope="module")
def remembering() -> None:
    remember_reads()
    remember_reads()  # as each module that needs it does


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
def test_same_bytes_are_the_same_object_with_the_library_s_content(kind: type[Any]) -> None:
    der = records()[kind]
    first = kind.load(der)
    assert kind.load(bytes(bytearray(der))) is first
    own = kind.load.__wrapped__(der)
    assert own is not first
    assert first.native == own.native
    assert first.dump() == own.dump() == der


@pytest.mark.parametrize("kind", records(), ids=lambda kind: kind.__name__)
def test_one_bit_more_is_another_object(kind: type[Any]) -> None:
    der = records()[kind]
    changed = der[:-1] + bytes([der[-1] ^ 1])
    assert kind.load(changed) is not kind.load(der)
    assert kind.load(changed).dump() == changed


def test_each_thread_has_its_own() -> None:
    der, found = records()[Certificate], []
    thread = threading.Thread(target=lambda: found.append(Certificate.load(der)))
    thread.start()
    thread.join()
    assert found[0] is not Certificate.load(der)


def test_what_is_large_or_read_with_options_is_the_library_s() -> None:
    large, small = certificate_of(2, LARGEST_BYTES).public_bytes(Encoding.DER), records()[Certificate]
    assert Certificate.load(large) is not Certificate.load(large)
    assert Certificate.load(small, strict=True) is not Certificate.load(small)
    with pytest.raises(ValueError, match="trailing data"):
        Certificate.load(small + b"\0", strict=True)
    assert type(Sequence.load(small)) is Sequence


def test_a_memory_is_bounded_and_drops_what_was_not_used_longest() -> None:
    ders = [certificate_of(serial).public_bytes(Encoding.DER) for serial in range(10, 10 + REMEMBERED)]
    first, *_ = read = [Certificate.load(der) for der in ders]
    assert Certificate.load(ders[0]) is first
    Certificate.load(certificate_of(9).public_bytes(Encoding.DER))
    assert Certificate.load(ders[0]) is first
    assert Certificate.load(ders[1]) is not read[1]


def test_bytes_that_are_no_certificate_fail_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="Error parsing"):
            _ = Certificate.load(b"\x04\x01a")["tbs_certificate"]


def test_contexts_without_a_validator_remember_what_held_and_nothing_else() -> None:
    remember_checks_by_default()
    validator = ValidationContext(trust_roots=[]).sig_validator
    assert isinstance(validator, RememberingValidator)
    assert ValidationContext(trust_roots=[]).sig_validator is validator
    given = RememberingValidator()
    assert ValidationContext(trust_roots=[], signature_validator=given).sig_validator is given
    read = Certificate.load(records()[Certificate])
    arguments = read["tbs_certificate"].dump(), read.public_key, read["signature_algorithm"]
    for _ in range(2):
        validator.validate_signature(read.signature, *arguments)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(read.signature, arguments[0] + b"\0", *arguments[1:])
