"""The second reader: another opinion on a file, without a line of pyHanko.

pypdf reads the structure, ``cryptography`` checks signatures and certificates, and CMS, tokens and paths are read by this
room's own parsers. It knows less than the first reader: only B-LTA files as this system makes them, judged at the times that
their time-stamps state. What it does not know, it refuses.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from conventions.errors import VerificationFailed
from conventions.signatures import ExpectedSigner, Indication, PadesLevel, SignatureFinding, TimestampFinding, ValidationReport
from signing.chains import CERTIFICATE_ERRORS, TrustStore, build_chain, load_certificate
from signing.cms_parsing import DATA, SIGNATURE_TIMESTAMP_OID, parse_cms
from signing.cms_verification import digest_of, verify_signer_of_digest
from signing.der import strip_padding
from signing.evidence import proves_answer, proves_list
from signing.identities import IssuerRules, assess_signer, is_one_shot, subject_text
from signing.second_structure import SignatureInFile, StructureOfFile, read_structure
from signing.short_term import needs_no_state
from signing.timestamping import TimestampToken, TokenRules, verify_token

READER = "contreseing"
UNREADABLE = (*CERTIFICATE_ERRORS, KeyError, AttributeError, OverflowError, RecursionError, AssertionError)


@dataclass(frozen=True)
class _Signed:
    """A signature that holds: its certificate, and what dates it: a time-stamp of its own, else the archive stamp that covers it."""

    field: str
    certificate: x509.Certificate
    token: TimestampToken
    is_own: bool


class SecondReader:
    """Validates B-LTA files against anchors, and their signers against who was expected."""

    def __init__(self, trust: TrustStore, rules: IssuerRules, stamp_trust: TrustStore | None = None) -> None:
        """Prepare; ``stamp_trust``: the anchors of time-stamp authorities, when they are not those of signers."""
        self._trust = trust
        self._stamp_trust = stamp_trust or trust
        self._rules = rules
        self._token_rules = TokenRules(self._stamp_trust)

    def validate(self, data: bytes, expected: Sequence[ExpectedSigner], now: datetime) -> ValidationReport:
        """Validate a file; any fault makes a report that says it.

        1. The structure holds (``read_structure``), and the last value is a document time-stamp.
        2. Every document time-stamp covers its revision, in the order of their times.
        3. Every signature covers its revision, dated by a time-stamp of its own, which is not later than the archive
           stamp that covers it, or by that one.
        4. Signers' and authorities' certificates lead to an anchor at those times, and the store proves that none was revoked.
        5. The last authority's certificate has not ended.
        6. Each expected person, and nobody else, signed the expected field.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            structure = read_structure(data)  # (1)
            archive, signed = self._verify(structure, now)
        except VerificationFailed as error:
            return _refused(sha256, now, f"{error.code}: {error}")
        except Exception as error:  # noqa: BLE001 a hostile file makes a library raise anything
            return _refused(sha256, now, f"structure.unreadable: {type(error).__name__}")
        reasons = self._compare(signed, expected)  # (6)
        return ValidationReport(
            reader=READER,
            sha256=sha256,
            validated_at=now,
            valid=not reasons,
            level=PadesLevel.B_LTA,
            signatures=tuple(_finding(one) for one in signed),
            timestamps=tuple(_stamped("signature-timestamp", one.field, one.token) for one in signed if one.is_own)
            + tuple(_stamped("document-timestamp", field, token) for field, token in archive),
            data_sha256=structure.data_sha256,
            reasons=tuple(reasons),
        )

    def _verify(self, structure: StructureOfFile, now: datetime) -> tuple[list[tuple[str, TimestampToken]], list[_Signed]]:
        *_, last = structure.signatures
        if not last.is_timestamp:
            raise VerificationFailed("the last value is not a document time-stamp", code="archive.missing")
        stamps = [(one, self._archive_stamp(one, structure)) for one in structure.signatures if one.is_timestamp]  # (2)
        for (_, earlier), (_, later) in itertools.pairwise(stamps):
            if earlier.gen_time > later.gen_time:
                raise VerificationFailed("archive time-stamps that go back in time", code="archive.order")
        signed = []
        for one in structure.signatures:
            if not one.is_timestamp:
                covering = next(token for stamp, token in stamps if stamp.end > one.end)
                signed.append(self._signature(one, covering, structure))  # (3)
        if stamps[-1][1].certificate.not_valid_after_utc < now:  # (5)
            raise VerificationFailed("the last archive time-stamp's certificate has ended", code="archive.expired")
        return [(stamp.field, token) for stamp, token in stamps], signed

    def _archive_stamp(self, stamp: SignatureInFile, structure: StructureOfFile) -> TimestampToken:
        token = verify_token(_unpadded(stamp), stamp.digest("sha256"), self._token_rules)
        self._verify_state(token.certificate, token.others, (token.gen_time, token.gen_time), structure, self._stamp_trust)
        return token

    def _signature(self, signature: SignatureInFile, covering: TimestampToken, structure: StructureOfFile) -> _Signed:
        try:
            cms = parse_cms(_unpadded(signature))
            tokens = cms.unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())
        except UNREADABLE as error:
            raise VerificationFailed("a signature that cannot be read", code="signature.unreadable") from error
        if cms.content_type != DATA or cms.content is not None:
            raise VerificationFailed("a signature that holds content of its own", code="signature.content")
        verify_signer_of_digest(cms, signature.digest(digest_of(cms).name))
        if not tokens:
            self._verify_state(cms.signer, cms.certificates, (covering.gen_time, covering.gen_time), structure, self._trust)
            return _Signed(signature.field, cms.signer, covering, is_own=False)
        if len(tokens) > 1:
            raise VerificationFailed("several time-stamps of one signature", code="signature.timestamps")
        token = verify_token(tokens[0], hashlib.sha256(cms.signature).digest(), self._token_rules)
        if token.gen_time > covering.gen_time:
            raise VerificationFailed("a signature stamped after the archive stamp that covers it", code="signature.order")
        self._verify_state(token.certificate, token.others, (token.gen_time, covering.gen_time), structure, self._stamp_trust)
        self._verify_state(cms.signer, cms.certificates, (token.gen_time, covering.gen_time), structure, self._trust)
        return _Signed(signature.field, cms.signer, token, is_own=True)

    def _verify_state(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate],
        times: tuple[datetime, datetime],
        structure: StructureOfFile,
        trust: TrustStore,
    ) -> None:
        """Check (4): a path at the first time, and for each of its certificates below the anchor an answer or a list.

        That is one of the first time, or of later, up to the second, when the archive stamp was put over it. A signer's
        short-term certificate, which lived at the first time, needs neither.
        """
        stored = [load_certificate(der) for der in structure.certificates]
        chain = build_chain(certificate, (*others, *stored), trust, times[0])
        for subject, issuer in itertools.pairwise(chain):
            if subject is certificate and needs_no_state(subject):
                continue
            if not any(proves_answer(der, subject, issuer, *times) for der in structure.ocsp_responses) and not any(
                proves_list(der, subject, issuer, *times) for der in structure.crls
            ):
                raise VerificationFailed("nothing in the store proves that a certificate was not revoked", code="revocation.missing")

    def _compare(self, signed: Sequence[_Signed], expected: Sequence[ExpectedSigner]) -> list[str]:
        found = {one.field: one for one in signed}
        wanted = {one.field for one in expected}
        reasons = [f"{field}: signature by nobody expected" for field in found if field not in wanted]
        for one in expected:
            if one.field not in found:
                reasons.append(f"{one.field}: signature missing")
            else:
                certificate = found[one.field].certificate
                reasons += [f"{one.field}: {reason}" for reason in assess_signer(certificate, one, self._rules)]
        return reasons


def _unpadded(signature: SignatureInFile) -> bytes:
    """Return the DER of a value; what fills the rest of its room is nothing but zeros, because nothing signs it.

    Raises:
        VerificationFailed: ``structure.padding``, or ``signature.unreadable``.
    """
    try:
        der = strip_padding(signature.contents)
    except ValueError as error:
        raise VerificationFailed("a signature or time-stamp that cannot be read", code="signature.unreadable") from error
    if any(signature.contents[len(der) :]):
        raise VerificationFailed("something stands in the room left by a signature", code="structure.padding")
    return der


def _finding(signed: _Signed) -> SignatureFinding:
    return SignatureFinding(
        field=signed.field,
        signer=subject_text(signed.certificate, NameOID.COMMON_NAME),
        organization_identifier=subject_text(signed.certificate, NameOID.ORGANIZATION_IDENTIFIER),
        signed_at=signed.token.gen_time,
        indication=Indication.TOTAL_PASSED,
        sub_indication="",
        level=PadesLevel.B_LTA,
        is_one_shot=is_one_shot(signed.certificate),
        is_short_term=needs_no_state(signed.certificate),
    )


def _stamped(kind: str, field: str, token: TimestampToken) -> TimestampFinding:
    return TimestampFinding(kind, field, subject_text(token.certificate, NameOID.COMMON_NAME), token.gen_time, Indication.TOTAL_PASSED)


def _refused(sha256: str, now: datetime, reason: str) -> ValidationReport:
    return ValidationReport(READER, sha256, now, False, None, (), (), "", (reason,))
