"""Signatures by short-term certificates: uploaded, countersigned, read by both readers, now and long after; and what pretends to be one."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from contreseing.clock import SystemClock
from conventions.errors import SigningFailed, VerificationFailed
from conventions.kinds import MEMBER_FIELD
from conventions.signatures import ExpectedSigner, Indication, PadesLevel, SignedFile
from conventions.verdicts import verdict
from conventions.verification import FileVerification
from signing.adapter import PadesSigning
from signing.chains import load_certificate, parse_certificates, render_pem
from signing.csc import CscAccess, CscVersion
from signing.evidence import Evidence
from signing.pki.certificates import SignerSubject
from signing.pki.directory import ensure_pki, open_pki, read_anchors
from signing.pki.policies import SIGNER_LIFETIME
from signing.provable import verify_provable
from signing.security_store import add_to_store, store_content
from signing.signatories import LastingKey
from signing.upload_process import UploadQuestion, judge_upload
from signing.verify import FileVerifier
from storage.proof import verify
from tests.contract.signing.key_peers import PIN, CscServer
from tests.contract.signing.running import QUICK, RunningPki
from tests.contract.signing.serving import serving
from tests.contract.signing.test_upload_states import answered
from tests.contract.signing.test_upload_states import holder as asked_holder
from tests.tools import JUDGES_JAR
from tests.unit.signing.brief import EXTENSION, PRETENDERS, Change, issue_brief
from tests.unit.signing.material import BOTH, MEMBER, VICE_PRESIDENT, countersigned, draw_stamp, prepared_pdf
from tests.vectors.outsiders import Outsider, Way, sign, stamper_at

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
YEARS = timedelta(days=4 * 365)
POLICY = "1.2.250.1.999.1"
"""The provider's own."""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPki]:
    """Another PKI, at work for ten days: its CA certifies what this module says, its units stamp at the instants it says."""
    running = RunningPki(tmp_path_factory.mktemp("provider") / "pki")
    ensure_pki(running.folder, running.address, datetime.now(UTC) - timedelta(days=10))
    yield running.start()
    assert running.stop() == (0, "")


@pytest.fixture(scope="module")
def accepting(pki: RunningPki, provider: RunningPki) -> Iterator[PadesSigning]:
    adapter = PadesSigning(
        pki_url=pki.address,
        tokens=pki.tokens,
        anchors_pem=read_anchors(pki.folder),
        tsa_urls=[f"{pki.address}/tsa"],
        render_stamp=draw_stamp,
        clock=SystemClock(),
        timeouts=QUICK,
        upload_anchors_pem=[read_anchors(provider.folder)["root.pem"]],
    )
    yield adapter
    adapter.close()


def holder(provider: RunningPki, ago: timedelta = MINUTE, lifetime: timedelta = HOUR, change: Change = lambda _: None) -> Outsider:
    opened, key = open_pki(provider.folder), ec.generate_private_key(ec.SECP256R1())
    subject = SignerSubject(MEMBER.organisation, MEMBER.siren, MEMBER.person.given_name, MEMBER.person.family_name, "short")
    begins = datetime.now(UTC) - ago
    certificate = issue_brief(opened.members, key.public_key(), subject, begins, lifetime, POLICY, change)
    return Outsider(key, certificate, opened.members.certificate)


def stamped_then(provider: RunningPki, who: Outsider, ago: timedelta) -> bytes:
    return sign(prepared_pdf(), who, Way(stamper=stamper_at(open_pki(provider.folder), datetime.now(UTC) - ago)))


def expected(who: Outsider) -> list[ExpectedSigner]:
    return [ExpectedSigner(MEMBER, MEMBER_FIELD, who.certificate.fingerprint(hashes.SHA256()).hex())]


def accepted(accepting: PadesSigning, uploaded: bytes, who: Outsider) -> SignedFile:
    signed = accepting.complete_upload(prepared_pdf(), uploaded, MEMBER).signed
    assert signed.level is PadesLevel.B_LTA
    for report in (accepting.validate(signed.data, expected(who)), accepting.second_opinion(signed.data, expected(who))):
        assert (report.valid, report.level) == (True, PadesLevel.B_LTA), report
        assert [one.is_short_term for one in report.signatures] == [True]
    return signed


def verified(data: bytes, at: datetime, *folders: RunningPki) -> FileVerification:
    return FileVerifier([(one.folder / "root.pem").read_bytes() for one in folders]).verify(data, at)


def test_one_that_lives_is_taken_without_asking_anybody(accepting: PadesSigning, pki: RunningPki, provider: RunningPki) -> None:
    who = holder(provider)
    signed = accepted(accepting, sign(prepared_pdf(), who, Way(reserved_bytes=16_000)), who)
    found = verified(signed.data, datetime.now(UTC), pki, provider)
    assert (found.is_valid, found.level) == (True, PadesLevel.B_LTA), found
    assert "son état n’a été demandé à personne" in verdict(found)


def test_one_that_has_ended_since_is_taken_by_the_time_of_its_stamp(accepting: PadesSigning, provider: RunningPki) -> None:
    who = holder(provider, ago=3 * HOUR)
    accepted(accepting, stamped_then(provider, who, 2 * HOUR + MINUTE), who)


def test_what_it_signed_is_valid_long_after(accepting: PadesSigning, pki: RunningPki, provider: RunningPki) -> None:
    who = holder(provider)
    data = countersigned(accepting, accepted(accepting, sign(prepared_pdf(), who, Way(reserved_bytes=16_000)), who).data)
    later = datetime.now(UTC) + YEARS
    found = verified(data, later, pki, provider)
    assert found.is_valid, found
    assert [(one.is_short_term, one.level) for one in found.signatures] == [(True, PadesLevel.B_LTA), (False, PadesLevel.B_LTA)]
    second = accepting._second_reader.validate(data, [*expected(who), BOTH[1]], later)
    assert second.valid, second


def evidence_of(accepting: PadesSigning, provider: RunningPki) -> tuple[Evidence, Evidence]:
    """Gather about a short-term certificate and about the provider's time-stamping unit."""
    opened, gatherer = open_pki(provider.folder), accepting._raiser.gatherer

    async def gather() -> tuple[Evidence, Evidence]:
        unit = (opened.timestamps_certificate, (opened.syndicate.certificate,))
        return await gatherer.gather(holder(provider).certificate, (opened.members.certificate,)), await gatherer.gather(*unit)

    return accepting._outside.run(gather())


def led_by(evidence: Evidence, who: Outsider) -> Evidence:
    """Return what was gathered of one certificate as if it were of another of the same CA."""
    return Evidence((who.certificate, *evidence.chain[1:]), evidence.ocsp_responses, evidence.crls)


@pytest.mark.parametrize(("ago", "passes"), [(9, True), (30, True), (40, False)], ids=["lives", "has ended", "had ended when stamped"])
def test_below_b_lta_it_is_judged_by_its_time_stamp(accepting: PadesSigning, provider: RunningPki, ago: int, passes: bool) -> None:  # noqa: FBT001
    who = holder(provider, ago=ago * MINUTE, lifetime=10 * MINUTE)
    signed = stamped_then(provider, who, min(25, ago - 1) * MINUTE)
    assert verified(signed, datetime.now(UTC), provider).signatures[0].indication is Indication.INDETERMINATE, "nothing of its CA's state"
    found = verified(with_states_above(accepting, provider, signed, who), datetime.now(UTC), provider)
    assert (found.is_valid, found.level) == (passes, PadesLevel.B_LT), found
    assert found.signatures[0].sub_indication == ("" if passes else "OUT_OF_BOUNDS_NO_POE")


@pytest.mark.parametrize(
    ("ago", "is_answered", "passes"), [(25, True, True), (25, False, False), (5, True, False)], ids=["good", "unknown", "late"]
)
def test_below_b_lta_any_that_has_ended_is_judged_by_its_time_stamp_and_its_state(
    accepting: PadesSigning, provider: RunningPki, ago: int, *, is_answered: bool, passes: bool
) -> None:
    who = asked_holder(provider, ago=30 * MINUTE, lifetime=SIGNER_LIFETIME)
    signed = stamped_then(provider, who, ago * MINUTE)
    signed = answered(provider, signed, who, datetime.now(UTC) - 24 * MINUTE) if is_answered else signed
    found = verified(with_states_above(accepting, provider, signed, who), datetime.now(UTC), provider)
    assert (found.is_valid, found.signatures[0].is_short_term) == (passes, False), found


def with_states_above(accepting: PadesSigning, provider: RunningPki, signed: bytes, who: Outsider) -> bytes:
    """Append what a file needs to be B-LT but for the signer's own state."""
    of_signer, of_unit = evidence_of(accepting, provider)
    output = io.BytesIO(signed)
    writer = IncrementalPdfFileWriter(output)
    add_to_store(writer, store_content(led_by(of_signer, who), of_unit))
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def sealed_by_force(accepting: PadesSigning, provider: RunningPki, signed: bytes, who: Outsider, *, is_stamped: bool = True) -> bytes:
    """Raise a file to what looks like B-LTA, whatever its certificate, as a forger would: with nothing about that one."""
    of_signer, of_unit = evidence_of(accepting, provider)
    needed = (led_by(of_signer, who), of_unit) if is_stamped else (Evidence(of_signer.chain, (), ()),)
    sealed, _ = accepting._outside.run(accepting._raiser.engine.restamp(signed, needed))
    return sealed


def both_refuse(accepting: PadesSigning, data: bytes, who: Outsider) -> None:
    first, second = accepting.validate(data, expected(who)), accepting.second_opinion(data, expected(who))
    (one,) = first.signatures
    assert (first.valid, one.indication) == (False, Indication.INDETERMINATE), first
    assert second.reasons[0].partition(":")[0] in {"revocation.missing", "chain.not_valid_then"}, second


def test_without_a_time_stamp_of_its_own_it_is_judged_by_the_archive_s(accepting: PadesSigning, provider: RunningPki) -> None:
    who = holder(provider)
    signed = sign(prepared_pdf(), who)
    of_signer, _ = evidence_of(accepting, provider)
    good, _ = accepting._outside.run(accepting._raiser.engine.restamp(signed, (led_by(of_signer, who),)))
    for report in (accepting.validate(good, expected(who)), accepting.second_opinion(good, expected(who))):
        assert (report.valid, report.level) == (True, PadesLevel.B_LTA), report
    both_refuse(accepting, sealed_by_force(accepting, provider, signed, who, is_stamped=False), who)  # the state of its CA lacks


NAMING_NOBODY = ("of a second too long", "of a year", "without the extension", "with another content in it", "that names a list")


@pytest.mark.parametrize("name", NAMING_NOBODY)
def test_a_pretender_is_refused_on_arrival_and_by_each_reader(accepting: PadesSigning, provider: RunningPki, name: str) -> None:
    change, lifetime = PRETENDERS[name]
    who = holder(provider, lifetime=lifetime, change=change)
    uploaded = stamped_then(provider, who, MINUTE / 2)
    with pytest.raises(VerificationFailed) as refusal:
        accepting.complete_upload(prepared_pdf(), uploaded, MEMBER)
    assert refusal.value.code == "upload.no_address"
    anchors = [read_anchors(provider.folder)["root.pem"]]
    checked = judge_upload(UploadQuestion(prepared_pdf(), uploaded, MEMBER_FIELD, None, anchors, datetime.now(UTC)))
    with pytest.raises(VerificationFailed) as refusal:
        verify_provable(checked, anchors, datetime.now(UTC))
    assert refusal.value.code == "upload.no_address"
    both_refuse(accepting, sealed_by_force(accepting, provider, uploaded, who), who)


def test_one_that_had_ended_when_it_was_stamped_is_refused_on_arrival_and_by_each_reader(
    accepting: PadesSigning, provider: RunningPki
) -> None:
    who = holder(provider, ago=30 * MINUTE, lifetime=10 * MINUTE)
    uploaded = stamped_then(provider, who, 5 * MINUTE)
    with pytest.raises(VerificationFailed) as refusal:
        accepting.complete_upload(prepared_pdf(), uploaded, MEMBER)
    assert refusal.value.code == "upload.expired"
    both_refuse(accepting, sealed_by_force(accepting, provider, uploaded, who), who)
    in_time = stamped_then(provider, who, 25 * MINUTE)
    sealed = sealed_by_force(accepting, provider, in_time, who)
    assert accepting.validate(sealed, expected(who)).valid, "it is the time that was refused"
    assert accepting.second_opinion(sealed, expected(who)).valid


def test_the_check_by_hand_takes_it(provider: RunningPki) -> None:
    anchors = [read_anchors(provider.folder)["root.pem"]]
    for ago in (MINUTE, 3 * HOUR):
        who = holder(provider, ago=ago)
        question = UploadQuestion(prepared_pdf(), stamped_then(provider, who, ago), MEMBER_FIELD, None, anchors, datetime.now(UTC))
        verify_provable(judge_upload(question), anchors, question.now)


def certified(provider: RunningPki, key: ec.EllipticCurvePrivateKey, ago: timedelta, change: Change = lambda _: None) -> x509.Certificate:
    person, begins = VICE_PRESIDENT.person, datetime.now(UTC) - ago
    subject = SignerSubject(VICE_PRESIDENT.organisation, VICE_PRESIDENT.siren, person.given_name, person.family_name, "remote")
    return issue_brief(open_pki(provider.folder).syndicate, key.public_key(), subject, begins, HOUR, POLICY, change)


def signatory(provider: RunningPki, ago: timedelta = MINUTE, change: Change = lambda _: None) -> tuple[CscServer, LastingKey]:
    """Give a remote service's key with a certificate of an hour, of a CA that is not ours, and the settings that accept it."""
    theirs, key = open_pki(provider.folder), ec.generate_private_key(ec.SECP256R1())
    server = CscServer(key, [certified(provider, key, ago, change), theirs.syndicate.certificate])
    return server, LastingKey(None, ca=theirs.syndicate.certificate, above=(theirs.root.certificate,), policy=POLICY)


@pytest.mark.parametrize("is_assured", [True, False], ids=["with the extension", "without it"])
def test_the_vice_president_s_key_at_a_provider_signs_with_one(
    pki: RunningPki, provider: RunningPki, member_signed: SignedFile, *, is_assured: bool
) -> None:
    server, lasting = signatory(provider, change=lambda all_: None if is_assured else all_.pop(EXTENSION))
    with serving(server.application()) as address:
        signing = pki.adapter(lasting_key=replace(lasting, access=CscAccess(address, CscVersion.V2, "vp", "bearer", pin=PIN)))
        try:
            if not is_assured:
                with pytest.raises(SigningFailed) as refusal:
                    countersigned(signing, member_signed.data)
                assert refusal.value.code == "revocation.no_address"
                return
            data = countersigned(signing, member_signed.data)
            for report in (signing.validate(data, BOTH), signing.second_opinion(data, BOTH)):
                assert (report.valid, [one.is_short_term for one in report.signatures]) == (True, [False, True]), report
        finally:
            signing.close()


def test_the_next_certificate_is_asked_for_before_the_end_of_one(pki: RunningPki, provider: RunningPki, member_signed: SignedFile) -> None:
    server, lasting = signatory(provider, ago=HOUR - 4 * MINUTE)
    with serving(server.application()) as address:
        signing = pki.adapter(lasting_key=replace(lasting, access=CscAccess(address, CscVersion.V2, "vp", "bearer", pin=PIN)))
        try:
            assert isinstance(server.key, ec.EllipticCurvePrivateKey)
            server.chain[0] = certified(provider, server.key, MINUTE)
            for _ in range(2):
                data = countersigned(signing, member_signed.data)
                found = verified(data, datetime.now(UTC), pki, provider)
                assert found.signatures[1].certificates[0] == server.chain[0].fingerprint(hashes.SHA256()).hex()
            assert server.counts["info"] == 2, "at start, and once more"
        finally:
            signing.close()


@pytest.mark.needs_tool("judges")
@pytest.mark.timeout(300)
def test_eu_dss_passes_it_at_b_lta(accepting: PadesSigning, pki: RunningPki, provider: RunningPki, tmp_path: Path) -> None:
    file, trust = tmp_path / "short-term.pdf", [str(one.folder / "root.pem") for one in (pki, provider)]
    who = holder(provider)
    file.write_bytes(accepted(accepting, sign(prepared_pdf(), who, Way(reserved_bytes=16_000)), who).data)
    asked = ("--json", "--trust", trust[0], "--trust", trust[1], "--signatures", "1", "--level", "LTA", "--sealed", "--compare-pages", "0")
    command = ["java", "-Xmx1g", "-jar", str(JUDGES_JAR), "dss", *asked, str(file)]
    verdict_of_dss = json.loads(subprocess.run(command, capture_output=True, text=True, check=False, timeout=280).stdout)
    assert verdict_of_dss["passed"], verdict_of_dss


def verified_by_the_bundle_s_program(accepting: PadesSigning, data: bytes, who: Outsider, folder: Path) -> str:
    """Have ``verify.py`` verify a file from what it holds, as a bundle brings it."""
    material = accepting.proof_material(data)
    roots = [one for pem in accepting.trust_anchors_pem().values() for one in parse_certificates(pem)]
    roots += [x509.load_der_x509_certificate(der) for der in material.roots]
    given = {f"certificats/racine-{rank}.pem": render_pem([one]) for rank, one in enumerate(roots) if one.issuer == one.subject}
    given |= {f"certificats/{rank}.pem": render_pem([load_certificate(der)]) for rank, der in enumerate(material.certificates)}
    given |= {f"revocation/{rank}.ocsp": der for rank, der in enumerate(material.ocsp_responses)}
    lists = (x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in material.crls)
    given |= {f"revocation/{rank}.crl": pem for rank, pem in enumerate(lists)}
    for name, content in given.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (scratch := folder / "scratch").mkdir()
    wanted: tuple[dict[str, str], set[bytes], str] = ({}, set(), who.certificate.fingerprint(hashes.SHA256()).hex())
    return "\n".join(verify.verify_pdf(verify.Dossier(folder, scratch, set()), data, [wanted]))


@pytest.mark.needs_tool("openssl")
def test_a_bundle_s_own_program_takes_it(accepting: PadesSigning, provider: RunningPki, tmp_path: Path) -> None:
    evidence_of(accepting, provider)  # openssl wants a list of before the signature
    who = holder(provider)
    sealed = sealed_by_force(accepting, provider, stamped_then(provider, who, timedelta(0)), who)
    assert "intacte, certificat d’une autre autorité jamais révoqué" in verified_by_the_bundle_s_program(accepting, sealed, who, tmp_path)


@pytest.mark.needs_tool("openssl")
@pytest.mark.parametrize("name", [*NAMING_NOBODY, "that names a responder", "ended"])
def test_a_bundle_s_own_program_takes_no_pretender(accepting: PadesSigning, provider: RunningPki, name: str, tmp_path: Path) -> None:
    change, lifetime = PRETENDERS.get(name, (lambda _: None, 10 * MINUTE))
    evidence_of(accepting, provider)
    who = holder(provider, ago=30 * MINUTE, lifetime=lifetime, change=change)
    sealed = sealed_by_force(accepting, provider, stamped_then(provider, who, timedelta(0)), who)
    with pytest.raises(verify.Broken, match="openssl cms refuse" if name == "ended" else "rien ne dit « Maëlle"):
        verified_by_the_bundle_s_program(accepting, sealed, who, tmp_path)
