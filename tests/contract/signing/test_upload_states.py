"""The state of an uploaded file's certificate: proved at the time of its own time-stamp, or refused with what to do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from contreseing.clock import SystemClock
from conventions.errors import VerificationFailed
from conventions.kinds import MEMBER_FIELD
from conventions.sentences import sentence
from conventions.signatures import ExpectedSigner, PadesLevel
from signing.adapter import PadesSigning
from signing.evidence import render_ocsp_request
from signing.pki.certificates import SignerSubject, issue_signer
from signing.pki.certifying import revoke_certificate
from signing.pki.directory import ensure_pki, open_pki, read_anchors
from signing.pki.policies import MEMBERS_POLICY, SIGNER_LIFETIME
from signing.pki.register import Register
from signing.pki.revocation import IssuedCertificate, parse_ocsp_request, render_ocsp_response
from tests.contract.signing.running import QUICK, RunningPki
from tests.unit.signing.material import MEMBER, draw_stamp, prepared_pdf
from tests.vectors.handmade import hand_signed, openssl_cms, own_cms
from tests.vectors.honest import with_store, with_timestamp
from tests.vectors.outsiders import Outsider, Way, as_asn1, authority, key_of, outsider, sign, stamper_at

ROOM = 16_000


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPki]:
    """A PKI that has been at work for ten days."""
    running = RunningPki(tmp_path_factory.mktemp("pki") / "pki")
    ensure_pki(running.folder, running.address, datetime.now(UTC) - timedelta(days=10))
    yield running.start()
    assert running.stop() == (0, "")


@pytest.fixture(scope="module")
def accepting(pki: RunningPki) -> Iterator[PadesSigning]:
    """An adapter that accepts the PKI's own root and a third party's, as authorities of uploads."""
    anchors = read_anchors(pki.folder)
    third_party = authority().certificate.public_bytes(serialization.Encoding.PEM)
    adapter = adapter_of(pki, [anchors["root.pem"], third_party])
    yield adapter
    adapter.close()


def adapter_of(pki: RunningPki, upload_anchors_pem: Sequence[bytes], *, without_siren: bool = False) -> PadesSigning:
    return PadesSigning(
        pki_url=pki.address,
        tokens=pki.tokens,
        anchors_pem=read_anchors(pki.folder),
        tsa_urls=[f"{pki.address}/tsa"],
        render_stamp=draw_stamp,
        clock=SystemClock(),
        timeouts=QUICK,
        upload_anchors_pem=upload_anchors_pem,
        upload_without_siren=without_siren,
    )


def holder(
    pki: RunningPki, kind: str = "p256", ago: timedelta = timedelta(0), lifetime: timedelta = timedelta(days=365), siren: str = MEMBER.siren
) -> Outsider:
    """The member, with a key of its own that was certified some time ago, and whose state can be asked."""
    opened, key, then = open_pki(pki.folder), key_of(kind), datetime.now(UTC) - ago
    subject = SignerSubject(MEMBER.organisation, siren, MEMBER.person.given_name, MEMBER.person.family_name, "card")
    certificate = issue_signer(opened.members, key.public_key(), subject, MEMBERS_POLICY, opened.base_url, then, lifetime)
    register = Register(pki.folder / "register.sqlite")
    register.record("members", certificate, "card", then)
    register.close()
    return Outsider(key, certificate, opened.members.certificate)


def answered(pki: RunningPki, data: bytes, who: Outsider, at: datetime) -> bytes:
    """Append a store with the responder's answer of an instant, as a tool that makes B-LT does."""
    assert who.issuer is not None
    request = parse_ocsp_request(render_ocsp_request(who.certificate, who.issuer))
    known = IssuedCertificate(who.certificate.serial_number, who.certificate.not_valid_after_utc)
    der = render_ocsp_response(open_pki(pki.folder).responders["members"], request, known, at)
    assert ocsp.load_der_ocsp_response(der).this_update_utc <= at
    output = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(output)
    answers = [asn1_ocsp.OCSPResponse.load(der)]
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[as_asn1(who.certificate)], ocsps=answers)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def stamped_then(pki: RunningPki, who: Outsider, ago: timedelta) -> bytes:
    """Sign with a time-stamp that the accepted authority gave some time ago."""
    return sign(prepared_pdf(), who, Way(stamper=stamper_at(open_pki(pki.folder), datetime.now(UTC) - ago)))


def accepted(accepting: PadesSigning, uploaded: bytes, who: Outsider) -> None:
    signed = accepting.complete_upload(prepared_pdf(), uploaded, MEMBER).signed
    assert signed.level is PadesLevel.B_LTA
    own = [ExpectedSigner(MEMBER, MEMBER_FIELD, who.certificate.fingerprint(hashes.SHA256()).hex())]
    for report in (accepting.validate(signed.data, own), accepting.second_opinion(signed.data, own)):
        assert report.valid, report


def test_a_certificate_that_states_no_siren_is_told_as_such_with_what_a_person_compares(pki: RunningPki, accepting: PadesSigning) -> None:
    who, named = holder(pki, siren=""), holder(pki)
    uploaded = sign(prepared_pdf(), who, Way(reserved_bytes=ROOM))
    refused(accepting, uploaded, "upload.no_siren")
    lenient = adapter_of(pki, [read_anchors(pki.folder)["root.pem"]], without_siren=True)
    try:
        found = lenient.complete_upload(prepared_pdf(), uploaded, MEMBER)
        assert not found.certificate.states_siren
        assert int(found.certificate.serial, 16) == who.certificate.serial_number
        assert MEMBER.person.family_name in found.certificate.subject
        assert found.certificate.issuer == who.certificate.issuer.rfc4514_string()
        expected = [ExpectedSigner(MEMBER, MEMBER_FIELD, found.signed.certificate_sha256)]
        for report in (lenient.validate(found.signed.data, expected), lenient.second_opinion(found.signed.data, expected)):
            assert report.valid, report
        stated = lenient.complete_upload(prepared_pdf(), sign(prepared_pdf(), named, Way(reserved_bytes=ROOM)), MEMBER)
        assert stated.certificate.states_siren
    finally:
        lenient.close()


def refused(accepting: PadesSigning, uploaded: bytes, code: str) -> None:
    with pytest.raises(VerificationFailed) as error:
        accepting.complete_upload(prepared_pdf(), uploaded, MEMBER)
    assert error.value.code == code, error.value
    assert "ignez" in sentence(error.value), "what to do next"


Signing = Callable[[bytes, Outsider], bytes]
PRODUCERS: dict[str, tuple[str, Signing]] = {
    "pyHanko, P-384, SHA-384": ("p384", lambda data, who: sign(data, who, Way(digest="sha384", reserved_bytes=ROOM))),
    "pyHanko, RSA 2048": ("rsa2048", lambda data, who: sign(data, who, Way(reserved_bytes=ROOM))),
    "pyHanko, RSA 3072, PSS": ("rsa3072", lambda data, who: sign(data, who, Way(reserved_bytes=ROOM, prefer_pss=True))),
    "pyHanko, with a store": ("p256", lambda data, who: with_store(sign(data, who, Way(reserved_bytes=ROOM)), who)),
    "pyHanko, with a third party's archive time-stamp": (
        "p256",
        lambda data, who: with_timestamp(with_store(sign(data, who, Way(reserved_bytes=ROOM)), who)),
    ),
    "our builder, handmade revision": ("p256", lambda data, who: hand_signed(data, own_cms(who))),
    "openssl, RSA 2048": ("rsa2048", lambda data, who: hand_signed(data, openssl_cms(who))),
    "openssl, P-384, SHA-384": ("p384", lambda data, who: hand_signed(data, openssl_cms(who, "-md", "sha384"))),
}


@pytest.mark.parametrize("name", PRODUCERS)
def test_what_honest_producers_send_is_raised(accepting: PadesSigning, pki: RunningPki, name: str) -> None:
    kind, make = PRODUCERS[name]
    who = holder(pki, kind)
    accepted(accepting, make(prepared_pdf(), who), who)


def test_a_revoked_certificate_is_a_refusal_that_says_so(accepting: PadesSigning, pki: RunningPki) -> None:
    who = holder(pki)
    revoke_certificate(pki.folder, who.certificate.serial_number, datetime.now(UTC))
    refused(accepting, sign(prepared_pdf(), who, Way(reserved_bytes=ROOM)), "upload.revoked")


def test_a_certificate_that_its_authority_does_not_know_is_refused(accepting: PadesSigning, pki: RunningPki) -> None:
    opened, key = open_pki(pki.folder), key_of("p256")
    subject = SignerSubject(MEMBER.organisation, MEMBER.siren, MEMBER.person.given_name, MEMBER.person.family_name, "card")
    certificate = issue_signer(opened.members, key.public_key(), subject, MEMBERS_POLICY, opened.base_url, datetime.now(UTC))
    refused(
        accepting, sign(prepared_pdf(), Outsider(key, certificate, opened.members.certificate), Way(reserved_bytes=ROOM)), "upload.state"
    )


def test_a_certificate_whose_state_nobody_gives_is_refused(accepting: PadesSigning) -> None:
    refused(accepting, sign(prepared_pdf(), outsider("p256"), Way(reserved_bytes=ROOM)), "upload.no_address")


def test_a_file_time_stamped_earlier_is_taken_by_its_own_time(accepting: PadesSigning, pki: RunningPki) -> None:
    who = holder(pki, ago=timedelta(hours=3))
    accepted(accepting, stamped_then(pki, who, timedelta(hours=2)), who)


def test_a_short_lived_certificate_that_ended_meanwhile_is_proved_by_the_file_s_own_answer(
    accepting: PadesSigning, pki: RunningPki
) -> None:
    who = holder(pki, ago=timedelta(minutes=30), lifetime=SIGNER_LIFETIME)
    assert who.certificate.not_valid_after_utc < datetime.now(UTC)
    uploaded = stamped_then(pki, who, timedelta(minutes=28))
    accepted(accepting, answered(pki, uploaded, who, datetime.now(UTC) - timedelta(minutes=27)), who)


def test_one_that_ended_without_an_answer_in_the_file_cannot_be_proved(accepting: PadesSigning, pki: RunningPki) -> None:
    who = holder(pki, ago=timedelta(minutes=30), lifetime=SIGNER_LIFETIME)
    uploaded = stamped_then(pki, who, timedelta(minutes=28))
    refused(accepting, uploaded, "upload.state")
    late = answered(pki, uploaded, who, datetime.now(UTC) - timedelta(minutes=1))
    refused(accepting, late, "upload.state")


def test_a_time_stamp_after_the_certificate_s_end_is_refused(accepting: PadesSigning, pki: RunningPki) -> None:
    who = holder(pki, ago=timedelta(minutes=30), lifetime=SIGNER_LIFETIME)
    refused(accepting, stamped_then(pki, who, timedelta(minutes=5)), "upload.expired")
