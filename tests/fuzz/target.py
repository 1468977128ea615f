"""What must hold whatever is appended to a prepared file: the fuzz target, without the fuzzer.

The first byte names who reads (``READERS``, in turn), the rest stands after the prepared bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Sequence

from conventions.errors import VerificationFailed
from conventions.kinds import MEMBER_FIELD, Party
from conventions.signatures import ExpectedSigner, Indication, PadesLevel
from signing.chains import TrustStore
from signing.identities import IssuerRule
from signing.pki.policies import MEMBERS_POLICY
from signing.second_reader import SecondReader
from signing.uploads import verify_upload
from signing.verify import FileVerifier
from tests.fuzz.seeds import read_seeds
from tests.unit.signing.material import MEMBER
from tests.vectors.outsiders import as_asn1

SEEDS = read_seeds()
BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
TRUST = TrustStore([SEEDS.anchor, SEEDS.root])
EXPECTED = [ExpectedSigner(MEMBER, MEMBER_FIELD)]
FIRST = FileVerifier(as_asn1(one).dump() for one in TRUST.anchors)
SECOND = SecondReader(TRUST, {Party.MEMBER: IssuerRule(SEEDS.members_ca, MEMBERS_POLICY)})


class PropertyBroken(Exception):
    """A reader took what nobody signed, or let an exception out."""


def _signed_digest(data: bytes, hole: Sequence[int], end: int) -> bytes:
    return hashlib.sha256(data[: hole[0]] + data[hole[1] : end]).digest()


def _check_upload(uploaded: bytes) -> bytes | None:
    """Return the digest of what an accepted signature covers; a library's exception is a refusal, as in ``signing/upload_child.py``."""
    try:
        found = verify_upload(SEEDS.prepared, uploaded, MEMBER_FIELD, person=None, trust=TRUST, now=SEEDS.made_at)
    except Exception:  # noqa: BLE001 as said
        return None
    return _signed_digest(uploaded, found.hole, found.end)


SIGNED = frozenset(_check_upload(SEEDS.prepared + appended) for appended in (*SEEDS.appended.values(), SEEDS.sealed))


def read_upload(uploaded: bytes, signed: Container[bytes | None] = SIGNED) -> None:
    """Accept nothing but what one of the seeds' signers signed."""
    digest = _check_upload(uploaded)
    if digest is not None and digest not in signed:
        raise PropertyBroken("accepted, and signed by nobody")


def _stamped_digest(data: bytes) -> bytes | None:
    """Return the digest of what the last archive time-stamp covers, read by neither of the readers: its range is the last written."""
    ranges = BYTE_RANGE.findall(data)
    if not ranges:
        return None
    _, length, rest, rest_length = (int(number) for number in ranges[-1])
    return _signed_digest(data, (length, rest), rest + rest_length)


SEALED = frozenset([_stamped_digest(SEEDS.prepared + SEEDS.sealed)])


def read_second(data: bytes, sealed: Container[bytes | None] = SEALED) -> None:
    """Report on anything, and find nothing valid but what the archive time-stamp of the seed covers."""
    if SECOND.validate(data, EXPECTED, SEEDS.made_at).valid and _stamped_digest(data) not in sealed:
        raise PropertyBroken("the second reader accepts what is not archived")


def read_first(data: bytes, sealed: Container[bytes | None] = SEALED) -> None:
    """Report on anything, by our own errors alone; what is valid at B-LTA is what the archive time-stamp of the seed covers."""
    try:
        found = FIRST.verify(data, SEEDS.made_at)
    except VerificationFailed:
        return
    if found.is_valid and any(one.indication is not Indication.TOTAL_PASSED for one in found.signatures):
        raise PropertyBroken("valid with a signature that did not pass")
    if found.is_valid and found.level is PadesLevel.B_LTA and _stamped_digest(data) not in sealed:
        raise PropertyBroken("the first reader accepts what nobody stamped")


READERS: Sequence[Callable[[bytes], None]] = (read_upload, read_second, read_first)


def read(given: bytes) -> None:
    """Have one reader read the prepared file with something after it.

    Raises:
        PropertyBroken: what must hold does not; any other exception is a fault of the reader too.
    """
    if given:
        READERS[given[0] % len(READERS)](SEEDS.prepared + given[1:])
