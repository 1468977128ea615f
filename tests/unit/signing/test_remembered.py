"""What is remembered is what would have been computed, and only what held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from types import ModuleType

import pytest
from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from asn1crypto.x509 import Certificate, Name, NameTypeAndValue, RDNSequence
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.misc import PdfError, PdfStreamError
from pypdf.errors import PdfStreamError as PypdfStreamError
from pypdf.generic import _data_structures as pypdf_reading

from signing import quick_reading, second_hex
from signing.remembered_checks import RememberingValidator
from signing.remembered_names import NAME, remember_prepared_names

ALGORITHM = SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
DATA = b"what is signed"


@pytest.fixture(scope="module")
def signed() -> tuple[bytes, PublicKeyInfo]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.sign(DATA, ec.ECDSA(hashes.SHA256())), PublicKeyInfo.load(public)


def test_a_signature_that_held_does_not_vouch_for_another(signed: tuple[bytes, PublicKeyInfo]) -> None:
    value, public = signed
    validator = RememberingValidator()
    for _ in range(2):
        validator.validate_signature(value, DATA, public, ALGORITHM)
    other = PublicKeyInfo.load(
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    wrong = [(value, DATA + b".", public), (value[:-1] + bytes([value[-1] ^ 1]), DATA, public), (value, DATA, other)]
    for arguments in wrong:
        for _ in range(2):  # a failure is not remembered either
            with pytest.raises(InvalidSignature):
                validator.validate_signature(*arguments, ALGORITHM)


def test_a_full_memory_still_verifies(signed: tuple[bytes, PublicKeyInfo]) -> None:
    _, public = signed
    key = ec.generate_private_key(ec.SECP256R1())
    public = PublicKeyInfo.load(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    validator = RememberingValidator(size=2)
    for number in range(5):
        data = bytes([number])
        validator.validate_signature(key.sign(data, ec.ECDSA(hashes.SHA256())), data, public, ALGORITHM)
        with pytest.raises(InvalidSignature):
            validator.validate_signature(key.sign(data, ec.ECDSA(hashes.SHA256())), DATA, public, ALGORITHM)


@pytest.mark.parametrize("text", ["Mégalis Bretagne", "  deux  espaces ", "FAÑCH Kerc'hoadec", "ﬁligrane", "K\u00adermor"])
def test_a_prepared_name_is_the_library_s_own(text: str) -> None:
    assert remember_prepared_names()
    remembering = getattr(NameTypeAndValue, NAME)
    assert remembering(NameTypeAndValue(), text) == remembering.__wrapped__(NameTypeAndValue(), text)
    assert remembering(NameTypeAndValue(), text) == remembering(NameTypeAndValue(), text)


def test_a_name_that_may_not_be_is_refused_each_time() -> None:
    assert remember_prepared_names()
    for _ in range(2):
        with pytest.raises(ValueError, match="private use"):
            getattr(NameTypeAndValue, NAME)(NameTypeAndValue(), "\ue000")


NAMES = [
    {"common_name": "Mégalis Bretagne", "country_name": "FR"},
    {"common_name": "mégalis  bretagne", "country_name": "fr"},
    {"common_name": "Mégalis Bretagne", "country_name": "FR", "organization_name": "Kemper"},
    {"country_name": "FR", "common_name": "Mégalis Bretagne"},
    {"common_name": "Autre"},
]


@pytest.mark.parametrize("one", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_names_compare_as_the_library_compares_them(one: dict[str, str], other: dict[str, str]) -> None:
    assert remember_prepared_names()
    first, second = (Name.load(Name.build(parts).dump()).chosen for parts in (one, other))
    compare, key = RDNSequence.__eq__.__wrapped__, RDNSequence.hashable.fget.__wrapped__
    for _ in range(2):
        assert (first == second) is compare(first, second)
        assert (first.hashable, second.hashable) == (key(first), key(second))


def test_a_name_changed_after_it_was_read_is_another() -> None:
    assert remember_prepared_names()
    name, same = (Name.load(Name.build(NAMES[0]).dump()).chosen for _ in range(2))
    assert name == same
    name[1] = Name.build({"common_name": "Autre"}).chosen[0]
    assert name != same
    assert name.hashable != same.hashable


def test_a_name_that_cannot_be_prepared_fails_each_time() -> None:
    assert remember_prepared_names()
    bad = Name.load(Name.build({"common_name": "\ue000"}).dump()).chosen
    for _ in range(2):
        with pytest.raises(ValueError, match="private use"):
            assert bad == bad  # noqa: PLR0124 the comparison itself fails


READERS: dict[str, tuple[Callable[[], bool], ModuleType, str, type[Exception]]] = {
    "pyHanko": (quick_reading.read_tokens_at_once, generic, quick_reading.HEXADECIMAL, PdfStreamError),
    "pypdf": (second_hex.read_hex_at_once, pypdf_reading, second_hex.NAME, PypdfStreamError),
}


def read_both_ways(reader: str, written: bytes) -> list[tuple[object, object]]:
    change, library, name, refusal = READERS[reader]
    assert change()
    found: list[tuple[object, object]] = []
    quick = getattr(library, name)
    for read in (quick, quick.__wrapped__):
        stream = BytesIO(b"/V " + written)
        stream.seek(3)
        try:
            value = read(stream)
        except (refusal, ValueError) as error:
            found.append((type(error), str(error)))
        else:
            found.append(((type(value), value), stream.tell()))
    return found


@pytest.mark.parametrize("reader", READERS)
@given(text=st.text(alphabet="0123456789abcdefABCDEF \n%>gé\0/", max_size=30))
def test_digits_are_read_as_the_library_reads_them(reader: str, text: str) -> None:
    quick, slow = read_both_ways(reader, b"<" + text.encode() + b"> /Next <00>")
    assert quick == slow


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("digits", [0, 2, 3, 65_532, 65_534, 65_536, 70_001])
def test_long_rooms_are_read_whole(reader: str, digits: int) -> None:
    quick, slow = read_both_ways(reader, b"<" + b"a" * digits + b"> endobj")
    assert quick == slow
    assert quick[1] == digits + 5


@pytest.mark.parametrize("reader", READERS)
def test_digits_without_an_end_are_refused(reader: str) -> None:
    quick, slow = read_both_ways(reader, b"<abcd")
    assert quick == slow
    assert quick[0] is READERS[reader][3]


@given(
    token=st.binary(max_size=140),
    ends=st.sampled_from([misc.PDF_WHITESPACE, misc.PDF_WHITESPACE + misc.PDF_DELIMITERS]),
    most=st.sampled_from([None, 3]),
)
def test_tokens_end_where_the_library_ends_them(token: bytes, ends: bytes, most: int | None) -> None:
    assert quick_reading.read_tokens_at_once()
    quick = getattr(misc, quick_reading.UNTIL_CLASS)
    found = []
    for read in (quick, quick.__wrapped__):
        stream = BytesIO(b"/" + token)
        stream.seek(1)
        found.append((read(ends, stream, most), stream.tell()))
    assert found[0] == found[1]


def test_a_certificate_is_written_as_it_was_read() -> None:
    assert remember_prepared_names()
    key, lengths = ed25519.Ed25519PrivateKey.generate(), set()
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    certificate, der = Certificate(), b""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    for size in range(1, 257):
        texts = "n" * min(size, 64), "l" * min(max(size - 64, 1), 128), "o" * max(size - 192, 1)
        oids = NameOID.COMMON_NAME, NameOID.LOCALITY_NAME, NameOID.ORGANIZATION_NAME
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in zip(oids, texts, strict=True)])
        der = x509.CertificateBuilder(issuer, subject, key.public_key(), 1, begin, end).sign(key, None).public_bytes(Encoding.DER)
        certificate = Certificate.load(der)
        lengths.add(der[3])
        assert certificate.dump() == Certificate.dump.__wrapped__(certificate) == der
        assert certificate.dump(force=True) == der
    assert 0x80 in lengths
    certificate["signature_value"] = b"another"
    assert certificate.dump() != der


@given(name=st.binary(max_size=140))
def test_names_are_decoded_and_written_as_the_library_does(name: bytes) -> None:
    assert quick_reading.read_tokens_at_once()
    decode, write = getattr(generic, quick_reading.DECODE_NAME), getattr(generic.NameObject, quick_reading.WRITE)
    for way in (name, name.hex().encode(), b"#" + name.hex().encode()):
        found: list[tuple[object, object]] = []
        for one, other in ((decode, write), (decode.__wrapped__, write.__wrapped__)):
            stream = BytesIO()
            try:
                value = one(way)
                other(value, stream)
            except PdfError as error:
                found.append((type(error), str(error)))
            else:
                found.append(((type(value), value, value is one(way)), stream.getvalue()))
        assert found[0] == found[1]


@given(text=st.binary(max_size=40))
def test_text_is_decoded_as_the_library_decodes_it(text: bytes) -> None:
    assert quick_reading.read_tokens_at_once()
    quick = getattr(generic, quick_reading.DECODE_TEXT)
    found: list[object] = []
    for decode in (quick, quick.__wrapped__):
        try:
            found.append(decode(text))
        except UnicodeDecodeError as error:
            found.append((error.object, error.reason))
    assert found[0] == found[1]


@given(text=st.text(max_size=140))
def test_text_is_written_as_the_library_writes_it(text: str) -> None:
    assert quick_reading.read_tokens_at_once()
    quick = getattr(generic.TextStringObject, quick_reading.WRITE)
    for forced in (None, *generic.TextStringEncoding):
        value = generic.TextStringObject(text)
        value.force_output_encoding = forced
        found: list[object] = []
        for write in (quick, quick.__wrapped__):
            stream = BytesIO()
            try:
                write(value, stream)
            except UnicodeEncodeError as error:
                found.append(str(error))
            else:
                found.append(stream.getvalue())
        assert found[0] == found[1]
