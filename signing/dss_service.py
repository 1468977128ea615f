"""The third reader, where the settings name one: an EU DSS service, asked over its REST interface (DSS 6, ``validateSignature``).

It shares nothing with the two others, not even the machine. It judges by its own anchors and policy; what is compared here is what
it found: every signature and time-stamp passed, at B-LTA, the last one over all, in the fields and by the persons expected alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from conventions.canonical import sha256_hex
from conventions.errors import UpstreamUnavailable
from conventions.people import folded
from conventions.ports.system import Clock
from conventions.signatures import ExpectedSigner, Indication, PadesLevel, SignatureFinding, TimestampFinding, ValidationReport
from signing.findings import DOCUMENT_TIMESTAMP_KIND, SIGNATURE_TIMESTAMP_KIND, lowest_level
from signing.outside import HttpTimeouts, Outside

READER = "EU-DSS"
PATH = "/services/rest/validation/validateSignature"
TIMEOUTS = HttpTimeouts(5.0, 60.0)
MOST_ANSWER_BYTES = 64_000_000
"""A report names each object that a revision touched: some 400 kB for a convention."""
SERVICE = "EU DSS"
HTTP_OK = 200
LEVELS = {
    "PAdES-BASELINE-B": PadesLevel.B_B,
    "PAdES-BASELINE-T": PadesLevel.B_T,
    "PAdES-BASELINE-LT": PadesLevel.B_LT,
    "PAdES-BASELINE-LTA": PadesLevel.B_LTA,
}
INDICATIONS = {
    "TOTAL_PASSED": Indication.TOTAL_PASSED,
    "PASSED": Indication.TOTAL_PASSED,
    "TOTAL_FAILED": Indication.TOTAL_FAILED,
    "FAILED": Indication.TOTAL_FAILED,
}
"""Any other is INDETERMINATE."""
KINDS = {"DOCUMENT_TIMESTAMP": DOCUMENT_TIMESTAMP_KIND}
Record = Mapping[str, Any]
"""An object of the service's JSON."""
Read = TypeVar("Read")


class DssReader:
    """Asks one service; safe from several threads. ``close`` ends its connections."""

    def __init__(self, url: str, clock: Clock, token: str | None = None, timeouts: HttpTimeouts = TIMEOUTS) -> None:
        """Prepare; nothing is asked yet. ``token``: sent as a bearer token, for a service behind a gate."""
        self._address = url.rstrip("/") + PATH
        self._clock = clock
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._outside = Outside(timeouts, MOST_ANSWER_BYTES)

    def close(self) -> None:
        """End the connections; a later call opens them again."""
        self._outside.close()

    def validate(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """Report on a file; one that DSS judges otherwise than it should be is a report that says so.

        Raises:
            UpstreamUnavailable: no answer, or one that cannot be understood (``dss.unreadable``): nothing was decided.
        """
        now = self._clock.now()
        answer = self._ask(data)
        return _understood(lambda: _report(answer, data, expected, now))

    def count_signatures(self, data: bytes) -> int:
        """Return how many signatures the service sees in a file: a question that shows that it answers.

        Raises:
            UpstreamUnavailable: as above.
        """
        answer = self._ask(data)
        return _understood(lambda: int(answer["SimpleReport"]["SignaturesCount"]))

    def _ask(self, data: bytes) -> Record:
        asked = json.dumps({"signedDocument": {"bytes": base64.b64encode(data).decode("ascii"), "name": "document.pdf"}}).encode()
        answer = self._outside.run(self._outside.fetch("POST", self._address, SERVICE, data=asked, headers=self._headers))
        if answer.status != HTTP_OK:
            raise UpstreamUnavailable(f"{SERVICE} answers HTTP {answer.status}", code="dss.refused", status=answer.status)
        return _understood(lambda: _object(json.loads(answer.body)))


def _understood(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise UpstreamUnavailable(f"{SERVICE} answers something else ({type(error).__name__})", code="dss.unreadable") from error


def _object(value: object) -> Record:
    if not isinstance(value, Mapping):
        raise TypeError("an object is expected")
    return value


def _report(answer: Record, data: bytes, expected: Sequence[ExpectedSigner], now: datetime) -> ValidationReport:
    judged = {one["Id"]: one for one in _judged(answer["SimpleReport"]["signatureOrTimestampOrEvidenceRecord"] or ())}
    diagnosed: Record = answer["DiagnosticData"]
    certificates = {one["Id"]: one for one in diagnosed["Certificate"] or ()}
    signed = [_signature(one, judged[one["Id"]], certificates) for one in diagnosed["Signature"] or ()]
    stamped = tuple(_timestamps(diagnosed, judged, certificates))
    reasons = [f"{one.field}: {one.indication} {one.sub_indication}".rstrip() for one in signed if one.reasons]
    reasons += [f"{one.field}: the {one.kind} is {one.indication}" for one in stamped if one.reasons]
    reasons += _persons(diagnosed["Signature"] or (), certificates, expected)
    level = lowest_level(one.level for one in signed)
    if level is not PadesLevel.B_LTA:
        reasons.append("level: the file is below B-LTA")
    if not any(_covers_all(judged[one["Id"]]) for one in diagnosed["Timestamp"] or ()):
        reasons.append("sealed: no time-stamp covers the whole file")
    return ValidationReport(
        READER, sha256_hex(data), now, bool(signed) and not reasons, level, tuple(signed), stamped, None, tuple(reasons)
    )


def _judged(entries: Iterable[Record]) -> Iterator[Record]:
    """Yield each signature and time-stamp that was judged, those inside a signature included."""
    for entry in entries:
        for one in (entry[name] for name in ("Signature", "Timestamp") if entry.get(name)):
            yield one
            yield from (one.get("Timestamps") or {}).get("Timestamp") or ()


def _signature(one: Record, judged: Record, certificates: Mapping[str, Record]) -> SignatureFinding:
    indication = INDICATIONS.get(judged["Indication"], Indication.INDETERMINATE)
    certificate = certificates.get(_certificate_id(one), {})
    passed = indication is Indication.TOTAL_PASSED
    return SignatureFinding(
        field=_field(one),
        signer=str(certificate.get("CommonName") or ""),
        organization_identifier=str(certificate.get("OrganizationIdentifier") or ""),
        signed_at=datetime.fromisoformat(judged["BestSignatureTime"]),
        indication=indication,
        sub_indication=str(judged["SubIndication"] or ""),
        level=LEVELS.get(judged["SignatureFormat"]),
        reasons=() if passed else ("not passed",),
        certificates=tuple(_digest(each) for each in _chain(judged)),
    )


def _timestamps(diagnosed: Record, judged: Mapping[str, Record], certificates: Mapping[str, Record]) -> Iterator[TimestampFinding]:
    signature_of = {found["Timestamp"]: _field(one) for one in diagnosed["Signature"] or () for found in one["FoundTimestamp"] or ()}
    for one in diagnosed["Timestamp"] or ():
        found = judged[one["Id"]]
        indication = INDICATIONS.get(found["Indication"], Indication.INDETERMINATE)
        yield TimestampFinding(
            kind=KINDS.get(one["Type"], SIGNATURE_TIMESTAMP_KIND),
            field=_field(one) if one["PDFRevision"] else signature_of.get(one["Id"], ""),
            authority=str(certificates.get(_certificate_id(one), {}).get("CommonName") or ""),
            at=datetime.fromisoformat(one["ProductionTime"]),
            indication=indication,
            reasons=() if indication is Indication.TOTAL_PASSED else (str(found["SubIndication"] or "not passed"),),
            certificates=tuple(_digest(each) for each in _chain(found)),
        )


def _persons(signatures: Sequence[Record], certificates: Mapping[str, Record], expected: Sequence[ExpectedSigner]) -> Iterator[str]:
    """Say who lacks, who was not expected, and who is another than expected; by no name."""
    found = {_field(one): one for one in signatures}
    yield from (f"{field}: signature by nobody expected" for field in found if field not in {one.field for one in expected})
    for one in expected:
        if one.field not in found:
            yield f"{one.field}: signature missing"
            continue
        identifier = _certificate_id(found[one.field])
        certificate = certificates.get(identifier, {})
        if one.certificate_sha256:
            if _digest(identifier) != one.certificate_sha256:
                yield f"{one.field}: the certificate is not the one that was accepted with the file"
        elif certificate.get("OrganizationIdentifier") != one.identity.organization_identifier:
            yield f"{one.field}: the certificate is for another organisation"
        elif folded(f"{certificate.get('GivenName')} {certificate.get('Surname')}") != folded(_name(one)):
            yield f"{one.field}: the certificate is for another person"


def _name(one: ExpectedSigner) -> str:
    return f"{one.identity.person.given_name} {one.identity.person.family_name}"


def _covers_all(judged: Record) -> bool:
    return any(each["scope"] == "FULL" for each in judged["TimestampScope"] or ())


def _field(one: Record) -> str:
    return str(one["PDFRevision"]["SignatureField"][0]["name"])


def _certificate_id(one: Record) -> str:
    return str((one["SigningCertificate"] or {}).get("Certificate") or "")


def _chain(judged: Record) -> list[str]:
    return [str(each["Id"]) for each in (judged["CertificateChain"] or {}).get("Certificate") or ()]


def _digest(identifier: str) -> str:
    """Return the SHA-256 that an identifier of a certificate is made of (``C-`` and hexadecimal digits)."""
    return identifier.removeprefix("C-").lower()
