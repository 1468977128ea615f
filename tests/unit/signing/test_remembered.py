"""What is remembered is what would have been computed, and only what held."""

from __future__ import annotations

import pytest
from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from asn1crypto.x509 import NameTypeAndValue
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

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
