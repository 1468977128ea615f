"""Files signed elsewhere: every honest one is accepted, every attack refused under its code, whatever the file within limits."""

from __future__ import annotations

import io
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import VerificationFailed
from conventions.sentences import sentence
from signing.chains import TrustStore
from signing.names import PersonExpected, stated_sirens
from signing.upload_process import WALL_SECONDS, UploadLimits, UploadQuestion, judge_upload
from signing.uploaded_store import verify_store
from signing.uploads import AcceptedUpload, verify_upload
from tests.unit.signing.material import MEMBER, prepared_pdf
from tests.vectors.attacks import ATTACKS, CHANGED
from tests.vectors.bombs import BOMBS
from tests.vectors.honest import HONEST
from tests.vectors.junk_stores import STORES
from tests.vectors.outsiders import Subject, authority, outsider, sign

pytestmark = pytest.mark.sampled(one_in=4)

FIELD = "Signature_Membre"
PERSON = PersonExpected(MEMBER.person.full_name, MEMBER.siren)


def judged(uploaded: bytes) -> AcceptedUpload:
    trust = TrustStore([authority().certificate])
    return verify_upload(prepared_pdf(), uploaded, FIELD, person=PERSON, trust=trust, now=datetime.now(UTC))


def question(uploaded: bytes, person: PersonExpected | None = PERSON) -> UploadQuestion:
    pem = authority().certificate.public_bytes(serialization.Encoding.PEM)
    return UploadQuestion(prepared_pdf(), uploaded, FIELD, person, [pem], datetime.now(UTC))


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_file_is_accepted(name: str) -> None:
    uploaded = HONEST[name](prepared_pdf())
    found = judged(uploaded)
    assert (found.field, found.end <= len(uploaded)) == (FIELD, True)
    assert found.has_token is ("time-stamped" in name or "a store" in name)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_under_its_code(name: str) -> None:
    attack = ATTACKS[name]
    uploaded = attack.make(prepared_pdf())
    try:
        judged(uploaded)
    except VerificationFailed as error:
        code = error.code
    except Exception:  # noqa: BLE001 what the process around it takes for a refusal
        code = "upload.unreadable"
    else:
        code = "accepted"
    assert code in attack.codes


def test_the_corpora_are_as_large_as_was_asked() -> None:
    families = Counter(attack.family for attack in ATTACKS.values())
    assert len(ATTACKS) >= 40
    assert families.keys() >= {"shadow", "incremental saving", "signature wrapping", "universal forgery", "certification"}
    assert len(HONEST) >= 20


@pytest.mark.parametrize("name", ["pyHanko, RSA 2048, time-stamped", "openssl, P-256, SHA-384"])
def test_the_process_apart_accepts_what_is_honest(name: str) -> None:
    found = judge_upload(question(HONEST[name](prepared_pdf())))
    assert (found.field, found.signer, found.level.value) == (FIELD, "Maëlle Le Goff-Exemple", "B-T" if "time" in name else "B-B")
    assert (found.stamped_at is not None) is found.has_token is ("time" in name)
    assert found.certificates[0].issuer == authority().certificate.subject


@pytest.mark.parametrize(
    "name", ["field: another one", "forgery: no byte range", "file: two gigabytes in two megabytes", "file: nested without end"]
)
def test_the_process_apart_refuses_within_its_limits(name: str) -> None:
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(ATTACKS[name].make(prepared_pdf())))
    assert error.value.code in ATTACKS[name].codes
    assert "{" not in sentence(error.value)


@pytest.mark.sampled(one_in=5)
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_made_to_cost_is_refused_in_time(name: str) -> None:
    uploaded = BOMBS[name](prepared_pdf())
    begun = time.monotonic()
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(uploaded))
    assert time.monotonic() - begun < WALL_SECONDS + 2
    assert error.value.code in {*CHANGED, "upload.unreadable", "upload.memory", "upload.time", "upload.revisions"}


@pytest.mark.parametrize(
    ("limits", "codes"),
    [
        (UploadLimits(wall_seconds=0.05), {"upload.time"}),
        (UploadLimits(cpu_seconds=0), {"upload.time", "upload.unreadable"}),
        (
            UploadLimits(memory_bytes=8_000_000),
            {"upload.memory", "upload.unreadable", "upload.changes"},
        ),  # pyHanko takes what it cannot read for a change
    ],
    ids=["time", "CPU", "memory"],
)
def test_a_reader_that_goes_past_its_limits_refuses(limits: UploadLimits, codes: set[str]) -> None:
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(sign(prepared_pdf(), outsider())), limits)
    assert error.value.code in codes


def test_a_file_larger_than_any_of_ours_is_not_even_opened() -> None:
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(bytes(30_000_001)), UploadLimits(wall_seconds=0.001))
    assert error.value.code == "upload.too_large"


def test_without_a_person_or_anchors_less_is_claimed_and_the_rest_is_checked() -> None:
    stranger = sign(prepared_pdf(), outsider("p256", Subject("Quelqu'un d'autre", "Quelqu'un", "D'autre"), "Autorité inconnue"))
    found = verify_upload(prepared_pdf(), stranger, FIELD, person=None, trust=None, now=datetime.now(UTC))
    assert (found.signer, found.token) == ("Quelqu'un d'autre", None)


def test_a_certificate_without_an_organisation_is_taken_only_where_it_is_allowed_to() -> None:
    uploaded = sign(prepared_pdf(), outsider("p256", Subject(identifier="", organisation="")))
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(uploaded))
    assert error.value.code == "upload.no_siren"
    by_name = PersonExpected(MEMBER.person.full_name, MEMBER.siren, may_lack_siren=True)
    assert judge_upload(question(uploaded, by_name)).signer == "Maëlle Le Goff-Exemple"
    other = sign(prepared_pdf(), outsider("p256", Subject(identifier="NTRFR-123456789")))
    with pytest.raises(VerificationFailed) as error:
        judge_upload(question(other, by_name))
    assert error.value.code == "upload.organisation"


def test_a_store_as_tools_write_it_for_each_signature_is_accepted() -> None:
    uploaded = HONEST["pyHanko, with a store for each signature"](prepared_pdf())
    assert b"/VRI" in uploaded
    assert judged(uploaded).field == FIELD


@pytest.mark.parametrize("name", STORES)
def test_nothing_but_validation_data_goes_into_a_store(name: str) -> None:
    with pytest.raises(VerificationFailed) as error:
        verify_store(PdfFileReader(io.BytesIO(ATTACKS[f"incremental saving: {name} in the store"].make(prepared_pdf()))))
    assert error.value.code == "upload.store"


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        (Subject(identifier="NTRFR-123456789"), {"123456789"}),
        (Subject(identifier="", unit="0002 12345678900017"), {"123456789"}),
        (Subject(identifier="VATFR-12345678901", unit="Direction"), set()),
    ],
)
def test_the_organisation_s_number_is_read_where_certificates_write_it(subject: Subject, numbers: set[str]) -> None:
    certificate: x509.Certificate = outsider("p256", subject).certificate
    assert stated_sirens(certificate) == numbers
