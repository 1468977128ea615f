"""Qualified or not, by the lists of a made-up operator; no network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from conventions.qualification import Qualification, QualifiedWhy
from conventions.signatures import Indication
from signing.qc_statements import claims_to_be_qualified
from signing.qualifying import Qualifier
from signing.trusted_lists import ListSigners, TrustedLists, pivot_file
from tests.fakes.system import FakeClock
from tests.unit.signing.authority import NOW, memory_pki
from tests.unit.signing.list_operator import (
    CA_QC,
    FOR_SEALS,
    FOR_SIGNATURES,
    GRANTED,
    LONG_AGO,
    QTST,
    WITHDRAWN,
    Operator,
    Service,
    issue_qualified,
    list_of_lists,
    national_list,
)

PKI = memory_pki(NOW - timedelta(days=60))
EU, FRANCE, STRANGER = Operator(), Operator(), Operator()
MONTH = timedelta(days=30)
FR_ADDRESS = "http://listes.invalid/fr.xml"
ISSUED = NOW - MONTH
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
SIGNER = issue_qualified(PKI.members, KEY, ISSUED)
UNIT = PKI.timestamps_certificate


def folder_of(
    path: Path, services: Sequence[Service], *, next_update: timedelta = MONTH, signed_by: Operator = FRANCE, lotl_by: Operator = EU
) -> Path:
    path.mkdir(exist_ok=True)
    pointers = [("FR", FR_ADDRESS, FRANCE.certificate)]
    (path / "lotl.xml").write_bytes(lotl_by.sign(list_of_lists(pointers, NOW - MONTH, NOW + MONTH)))
    (path / "list-FR.xml").write_bytes(signed_by.sign(national_list("FR", services, NOW - MONTH, NOW + next_update)))
    return path


def qualifier(path: Path, at: datetime = NOW) -> Qualifier:
    return Qualifier(TrustedLists(path, ListSigners([EU.certificate]), FakeClock(at)))


def of_signature(path: Path, signer: x509.Certificate = SIGNER, indication: Indication = Indication.TOTAL_PASSED) -> Qualification:
    return qualifier(path).of_signature((signer,), NOW, indication)


def of_timestamp(path: Path) -> Qualification:
    return qualifier(path).of_timestamp((UNIT,), NOW, Indication.TOTAL_PASSED)


ISSUER = Service(CA_QC, PKI.members.certificate, narrowed_to=FOR_SIGNATURES)
OURS = memory_pki(NOW - timedelta(days=60)).members.certificate
SIGNATURES: dict[str, tuple[x509.Certificate, Service, QualifiedWhy]] = {
    "granted": (SIGNER, ISSUER, QualifiedWhy.GRANTED),
    "withdrawn before it signed": (
        SIGNER,
        Service(CA_QC, PKI.members.certificate, WITHDRAWN, NOW - timedelta(days=2), [(GRANTED, LONG_AGO)]),
        QualifiedWhy.NOT_GRANTED_THEN,
    ),
    "withdrawn after it signed": (
        SIGNER,
        Service(CA_QC, PKI.members.certificate, WITHDRAWN, NOW + timedelta(days=2), [(GRANTED, LONG_AGO)]),
        QualifiedWhy.GRANTED,
    ),
    "granted after the certificate": (
        SIGNER,
        Service(CA_QC, PKI.members.certificate, since=NOW - timedelta(days=1)),
        QualifiedWhy.NOT_GRANTED_THEN,
    ),
    "another service": (SIGNER, Service(CA_QC, PKI.syndicate.certificate), QualifiedWhy.NOT_LISTED),
    "another key of that name": (SIGNER, Service(CA_QC, OURS), QualifiedWhy.NOT_LISTED),
    "a service of time-stamps": (SIGNER, Service(QTST, PKI.members.certificate), QualifiedWhy.NOT_LISTED),
    "a service of seals": (SIGNER, Service(CA_QC, PKI.members.certificate, narrowed_to=FOR_SEALS), QualifiedWhy.NOT_FOR_SIGNATURES),
    "a certificate of seal": (
        issue_qualified(PKI.members, KEY, ISSUED, kind="seal"),
        Service(CA_QC, PKI.members.certificate),
        QualifiedWhy.NOT_FOR_SIGNATURES,
    ),
    "a key in no device": (issue_qualified(PKI.members, KEY, ISSUED, in_device=False), ISSUER, QualifiedWhy.NO_DEVICE),
    "a certificate that claims nothing": (UNIT, Service(CA_QC, PKI.syndicate.certificate), QualifiedWhy.NOT_CLAIMED),
}


@pytest.mark.parametrize(("signer", "service", "why"), SIGNATURES.values(), ids=SIGNATURES.keys())
def test_a_signature_is_what_the_lists_say(tmp_path: Path, signer: x509.Certificate, service: Service, why: QualifiedWhy) -> None:
    assert of_signature(folder_of(tmp_path, [service]), signer).why is why


def test_what_is_qualified_names_its_list_and_service(tmp_path: Path) -> None:
    told = of_signature(folder_of(tmp_path, [ISSUER]))
    assert (told.is_qualified, told.territory, told.service, told.list_issued_at) == (True, "FR", "Service d'essai", NOW - MONTH)


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service(QTST, UNIT), QualifiedWhy.GRANTED),
        (Service(QTST, PKI.syndicate.certificate), QualifiedWhy.GRANTED),
        (Service(QTST, UNIT, WITHDRAWN, NOW - MONTH, [(GRANTED, LONG_AGO)]), QualifiedWhy.NOT_GRANTED_THEN),
        (Service(CA_QC, PKI.syndicate.certificate), QualifiedWhy.NOT_LISTED),
        (Service(QTST, UNIT, narrowed_to=FOR_SEALS), QualifiedWhy.UNDECIDED),  # critical, and of no meaning for time-stamps
    ],
)
def test_a_timestamp_is_what_the_lists_say(tmp_path: Path, service: Service, why: QualifiedWhy) -> None:
    assert of_timestamp(folder_of(tmp_path, [service])).why is why


def test_without_a_list_nothing_is_qualified(tmp_path: Path) -> None:
    for one in (qualifier(tmp_path), Qualifier(None)):
        told = one.of_signature((SIGNER,), NOW, Indication.TOTAL_PASSED)
        assert (told.why, told.is_qualified) == (QualifiedWhy.NO_LIST, None)


def test_a_list_out_of_date_says_nothing(tmp_path: Path) -> None:
    told = of_signature(folder_of(tmp_path, [ISSUER], next_update=-timedelta(days=1)))
    assert (told.why, told.is_qualified) == (QualifiedWhy.LIST_OUT_OF_DATE, None)
    later = qualifier(folder_of(tmp_path, []), NOW + 2 * MONTH)  # the list of the lists is overdue too
    assert later.of_signature((SIGNER,), NOW, Indication.TOTAL_PASSED).why is QualifiedWhy.LIST_OUT_OF_DATE


def test_a_list_that_its_operator_did_not_sign_says_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [ISSUER], signed_by=STRANGER)
    assert of_signature(folder).why is QualifiedWhy.LISTS_INCOMPLETE
    assert of_signature(folder_of(tmp_path, [ISSUER], lotl_by=STRANGER)).why is QualifiedWhy.NO_LIST


def test_a_list_changed_after_it_was_signed_says_nothing(tmp_path: Path) -> None:
    path = folder_of(tmp_path, [Service(CA_QC, PKI.members.certificate, WITHDRAWN, NOW - MONTH, [(GRANTED, LONG_AGO)])]) / "list-FR.xml"
    path.write_bytes(path.read_bytes().replace(WITHDRAWN.encode(), GRANTED.encode()))
    assert of_signature(tmp_path).why is QualifiedWhy.LISTS_INCOMPLETE


def test_a_list_that_lacks_leaves_the_answer_open(tmp_path: Path) -> None:
    (folder_of(tmp_path, []) / "list-FR.xml").unlink()
    assert of_signature(tmp_path).why is QualifiedWhy.LISTS_INCOMPLETE


def test_what_is_not_valid_is_not_qualified(tmp_path: Path) -> None:
    folder_of(tmp_path, [ISSUER])
    assert of_signature(tmp_path, indication=Indication.INDETERMINATE).why is QualifiedWhy.NOT_VALID


def test_lists_that_are_refreshed_are_read_again(tmp_path: Path) -> None:
    asked = qualifier(folder_of(tmp_path, [ISSUER]))
    assert asked.of_signature((SIGNER,), NOW, Indication.TOTAL_PASSED).is_qualified
    folder_of(tmp_path, [])
    os.utime(tmp_path / "lotl.xml", (1, 1))
    assert asked.of_signature((SIGNER,), NOW, Indication.TOTAL_PASSED).why is QualifiedWhy.NOT_LISTED


def test_signers_that_changed_are_found_through_pivots(tmp_path: Path) -> None:
    address = "http://listes.invalid/pivot-1.xml"
    pivot = EU.sign(list_of_lists([], LONG_AGO, NOW, self_signer=STRANGER.certificate))
    folder_of(tmp_path, [ISSUER])
    pointers = [("FR", FR_ADDRESS, FRANCE.certificate)]
    (tmp_path / "lotl.xml").write_bytes(STRANGER.sign(list_of_lists(pointers, NOW - MONTH, NOW + MONTH, pivots=[address])))
    assert of_signature(tmp_path).why is QualifiedWhy.NO_LIST
    (tmp_path / pivot_file(address)).write_bytes(pivot)
    assert of_signature(tmp_path).why is QualifiedWhy.GRANTED
    (tmp_path / pivot_file(address)).write_bytes(FRANCE.sign(list_of_lists([], LONG_AGO, NOW, self_signer=STRANGER.certificate)))
    assert of_signature(tmp_path).why is QualifiedWhy.NO_LIST


def test_the_signers_that_the_official_journal_published_signed_no_list_of_ours(tmp_path: Path) -> None:
    folder_of(tmp_path, [ISSUER])
    assert TrustedLists(tmp_path, ListSigners(), FakeClock(NOW)).list_of_lists() is None


def test_no_certificate_is_qualified_for_saying_something_else() -> None:
    assert not claims_to_be_qualified(PKI.seal)


def test_no_name_is_written_in_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder_of(tmp_path, [Service(CA_QC, PKI.members.certificate, name=f"S{rank}") for rank in range(2)])
    assert of_signature(tmp_path).why is QualifiedWhy.GRANTED
    assert caplog.records == []
