"""Each kind that depends on a convention, on real parts: prepared, signed by whom it names, read by both readers, archived, carried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from contreseing.credentials import random_totp_secret
from contreseing.wiring import close_ports
from conventions.accounts import Account, Role
from conventions.agreements import Agreement, FactKind
from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked
from conventions.kinds import FIELD_OF, SIGNERS, Kind
from conventions.members import Member
from conventions.particulars import Change, OrderLine
from conventions.preparation import expected_signers
from conventions.signatures import PadesLevel
from conventions.status import Status
from conventions.steps import draft, open_campaign, resume
from conventions.steps.import_members import import_members
from conventions.steps.propose import propose
from tests.integration.steps.conftest import MakeGround
from tests.integration.steps.town import PASSWORD, Town
from tests.invariants import check_agreement, check_folder_is_listed

LINES = (
    OrderLine("ged-licences", "Licence supplémentaire", "licences", 10, 4_800),
    OrderLine("fichiers", "Espace d’échange", "Go", 50, 120),
)


class Kinds:
    """A town whose EPCI has a convention in force and one commune on its territory."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.open(contribution_eur="", population="42000")
        self.convention = town.invited()
        self.cookie = town.at_desk()
        town.sign(self.convention)
        self.completed(self.convention, self.cookie)
        commune = {
            "category": "commune",
            "population": "1200",
            "contribution_eur": "",
            "territory_siret": self.member(self.convention).siret,
        }
        text = town.member_file(slice(10, 11), {**commune, "name": "Commune fictive de Port-Fictif"})
        (self.commune,) = import_members(town.ports, text, town.programme_id, "agent").members

    def member(self, reference: str) -> Member:
        with self.town.ports.registry.read() as tx:
            return tx.member(tx.agreement(reference).member_id)

    def proposed(self, asked: Asked) -> str:
        """Propose, and go as far as the invitation."""
        reference = propose(self.town.ports, asked, self.town.ports.clock.now() + timedelta(days=30), "agent")
        assert resume.resume(self.town.ports).waiting == ()
        self.town.deliver()
        return reference

    def completed(self, reference: str, cookie: str | None = None) -> Agreement:
        """Take what waits for its last signature, or has it, to the end, and check all that is kept of it."""
        town = self.town
        if cookie is not None:
            town.authorise(reference, cookie=cookie)
        resume.resume(town.ports)
        town.deliver()
        resume.resume(town.ports)
        agreement = town.agreement(reference)
        assert (town.status(reference), agreement.failure) == (Status.ACTIVE, None)
        check_agreement(town.ports, reference)
        check_folder_is_listed(town.ports, reference)
        assert agreement.fact(FactKind.TRAIL_KEPT) is not None
        data = town.ports.archive.read(agreement.required_fact(FactKind.ARCHIVED).text("key"))
        expected = expected_signers(agreement)
        for report in (town.ports.signing.validate(data, expected), town.ports.signing.second_opinion(data, expected)):
            assert (report.valid, report.reasons, report.level) == (True, (), PadesLevel.B_LTA)
            assert [finding.field for finding in report.signatures] == [FIELD_OF[party] for party in SIGNERS[agreement.kind]]
        return agreement

    def services(self, siret: str) -> set[str]:
        return {order["body"]["order"]["service"] for order in self.town.orders(siret)}


@pytest.fixture(scope="module")
def kinds(make_ground: MakeGround) -> Iterator[Kinds]:
    ground = make_ground("sqlite")
    ports = ground.ports()
    yield Kinds(Town(ports, ground))
    close_ports(ports)


def test_a_charter_is_signed_by_the_commune_alone(kinds: Kinds) -> None:
    town = kinds.town
    campaign = open_campaign.open_campaign(
        town.ports,
        town.programme_id,
        Kind.CHARTER,
        town.ports.clock.now() + timedelta(days=30),
        "agent",
        demonstration=True,
        campaign_id="chartes",
        territory=kinds.member(kinds.convention).siret,
    )
    (member_id,) = draft.members_to_draft(town.ports, campaign.id)
    assert member_id == kinds.commune.id
    reference = draft.draft(town.ports, campaign.id, member_id)
    resume.resume(town.ports)
    town.deliver()
    town.sign(reference)
    kinds.completed(reference)
    assert "portail" in kinds.services(kinds.commune.siret)
    subjects = [mail["subject"] for mail in town.mails(town.address(reference))]
    assert subjects
    assert all(subject.count("Charte d’utilisation") == 1 for subject in subjects)


def test_an_order_form_and_an_amendment_are_countersigned_in_one_ceremony(kinds: Kinds) -> None:
    town = kinds.town
    order = kinds.proposed(OrderAsked(kinds.convention, LINES, "Régime de TVA : mention fictive."))
    town.sign(order)
    amendment = kinds.proposed(
        AmendmentAsked(kinds.convention, (Change("Siège", "1 rue Ancienne", "2 rue Nouvelle"),), date(town.year + 1, 1, 1))
    )
    town.sign(amendment)
    town.authorise(order, amendment, cookie=kinds.cookie)
    kinds.completed(order)
    kinds.completed(amendment)
    quotas = {
        body["service"]: body["quotas"]
        for body in (item["body"]["order"] for item in town.orders(kinds.member(order).siret))
        if body["reference"] == order
    }
    assert quotas == {"ged-licences": {"quantity": 10}, "fichiers": {"quantity": 50}}
    assert town.agreement(kinds.convention).required_fact(FactKind.AMENDED).data["document"] == amendment


def test_a_termination_is_acknowledged_by_the_vice_president_alone(kinds: Kinds) -> None:
    town = kinds.town
    notice = kinds.proposed(TerminationAsked(kinds.convention))
    town.sign(notice)
    kinds.completed(notice)
    with town.ports.registry.read() as tx:
        (reference,) = [agreement.reference for agreement in tx.agreements() if agreement.kind is Kind.ACKNOWLEDGEMENT]
    assert town.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    file, secret = town.agreement(reference), random_totp_secret()
    with town.ports.registry.write() as tx:
        delegation_id = tx.account("vp").delegation_id
        password_hash, sealed = town.ports.credentials.hash_password(PASSWORD), town.ports.credentials.seal_totp(secret)
        tx.add_account(Account("vp2", "vp2", "Vice-Président", (Role.SIGNATORY,), password_hash, sealed, delegation_id=delegation_id))
    again = Town(town.ports, replace(town.ground, totp_secret=secret))
    again.login = "vp2"
    again.authorise(reference)
    agreement = kinds.completed(reference)
    assert agreement.fact(FactKind.MEMBER_SIGNED) is None
    assert agreement.kind is file.kind
    ended = town.agreement(kinds.convention).required_fact(FactKind.TERMINATED)
    assert ended.data["document"] == reference
    assert town.status(kinds.convention) is Status.ACTIVE
