"""What depends on a convention: charters, order forms, amendments, terminations and their acknowledgements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage, ordered_names, settled_services
from conventions.amounts import said_amount
from conventions.asked import AcknowledgementAsked, AmendmentAsked, Asked, CharterAsked, OrderAsked, TerminationAsked, asked_of
from conventions.effect import effect_on, effective_on, in_service_on
from conventions.errors import ContreseingError, InputRefused, NotFound, RuleRefused
from conventions.kinds import Kind
from conventions.outgoing import Template
from conventions.particulars import Change, OrderLine
from conventions.preparation import preparation_of
from conventions.scale import Category
from conventions.search import status_periods
from conventions.status import Status, status_of
from conventions.steps import (
    activate,
    archive,
    countersign,
    draft,
    invite,
    open_campaign,
    prepare,
    redraft,
    request_data,
    resume,
    return_to_member,
)
from conventions.steps.apply_effects import apply_effects
from conventions.steps.keep_trail import keep_trail
from conventions.steps.propose import propose
from tests.builders import example_programme
from tests.fakes.world import World
from tests.invariants import check_agreement

DEADLINE = datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)
LINES = (OrderLine("licences", "Licence supplémentaire", "licences", 10, 4_800), OrderLine("espace", "Espace", "Go", 50, 120))
CHANGES = (Change("Siège", "1 rue Ancienne", "2 rue Nouvelle"),)


def completed(world: World, reference: str) -> str:
    """Take an invited agreement, or one at the desk, to the end."""
    agreement = world.agreement(reference)
    if agreement.is_signed_by_member:
        world.sign(reference)
    if agreement.is_signed_by_syndicate:
        countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    check_agreement(world.ports, reference)
    return reference


def active(world: World, rank: int = 14, **changes: object) -> str:
    return completed(world, world.invited(rank, **changes))


def proposed(world: World, asked: Asked) -> str:
    """Propose, prepare and invite."""
    reference = propose(world.ports, asked, DEADLINE, "agent")
    resume.resume(world.ports)
    world.deliver()
    return reference


def said(world: World, reference: str) -> dict[str, object]:
    """Read the data embedded in the prepared file."""
    prepared = world.agreement(reference).required_artefact(Stage.PREPARED)
    return dict(world.documents.read_agreement_data(world.working.get(prepared.sha256)))


def with_commune(world: World, epci: str) -> str:
    """Add a commune on the territory of the EPCI that signed, and return its id."""
    with world.registry.read() as tx:
        siret = tx.member(tx.agreement(epci).member_id).siret
    commune = world.add_member(
        30, category=Category.COMMUNE, population=1_200, contribution_eur=0, territory=siret, name="Commune fictive de Port-Fictif"
    )
    return commune.id


def charter_campaign(world: World, territory: str | None = None, campaign_id: str = "chartes") -> str:
    return open_campaign.open_campaign(
        world.ports,
        world.programme.id,
        Kind.CHARTER,
        DEADLINE,
        "agent",
        demonstration=True,
        campaign_id=campaign_id,
        territory=territory,
    ).id


def test_a_charter_waits_for_the_convention_of_its_epci() -> None:
    world = World()
    epci = world.invited()
    commune = with_commune(world, epci)
    stray = world.add_member(31, category=Category.CCAS, contribution_eur=0)
    campaign = charter_campaign(world)
    assert draft.members_to_draft(world.ports, campaign) == []
    for member_id in (commune, stray.id):
        with pytest.raises(RuleRefused) as error:
            draft.draft(world.ports, campaign, member_id)
        assert error.value.code == "parent.no_convention"
    completed(world, epci)
    asked_before = len(world.waker.asked)
    charter_campaign(world)
    assert len(world.waker.asked) == asked_before + 1
    assert draft.members_to_draft(world.ports, campaign) == [commune]
    reference = draft.draft(world.ports, campaign, commune)
    assert asked_of(world.agreement(reference)) == CharterAsked(epci)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    parent = said(world, reference)["parent"]
    assert isinstance(parent, dict)
    archived = world.agreement(epci).required_fact(FactKind.ARCHIVED)
    assert (parent["reference"], parent["sha256"]) == (epci, archived.data["sha256"])
    assert preparation_of(world.agreement(reference)).amount == "Contribution\u00a0: aucune"
    completed(world, reference)
    assert world.agreement(reference).artefact(Stage.SEALED) is None
    assert settled_services(world.agreement(reference))[0]
    copy = [notice for notice in world.mailer.sent if notice.template is Template.COSIGNED_COPY][-1]
    assert copy.attachments[0].filename == f"charte-{reference}.pdf"


def test_a_campaign_of_charters_may_be_of_one_territory() -> None:
    world = World()
    epci = active(world)
    commune = with_commune(world, epci)
    with world.registry.read() as tx:
        territory = tx.member(commune).territory
    campaign = charter_campaign(world, territory)
    world.add_member(31, category=Category.COMMUNE, contribution_eur=0, territory="20000000000000")
    assert draft.members_to_draft(world.ports, campaign) == [commune]
    with pytest.raises(RuleRefused) as error:
        charter_campaign(world)
    assert error.value.code == "campaign.taken"
    with pytest.raises(RuleRefused) as error:
        charter_campaign(world, "20000000000000", "ailleurs")
    assert error.value.code == "parent.no_convention"


def test_a_convention_of_another_programme_opens_no_charter() -> None:
    world = World()
    epci = active(world)
    commune = with_commune(world, epci)
    other = example_programme(id="autre")
    with world.registry.write() as tx:
        tx.add_programme(other)
    opened = open_campaign.open_campaign(world.ports, other.id, Kind.CHARTER, DEADLINE, "agent", demonstration=True, campaign_id="ailleurs")
    with pytest.raises(RuleRefused):
        draft.draft(world.ports, opened.id, commune)


def test_campaigns_ask_many_members_for_conventions_and_charters_alone() -> None:
    world = World()
    with pytest.raises(RuleRefused) as error:
        open_campaign.open_campaign(
            world.ports, world.programme.id, Kind.ORDER_FORM, DEADLINE, "agent", demonstration=True, campaign_id="bons"
        )
    assert error.value.code == "campaign.kind"
    world.registry.state.programmes[world.programme.id] = example_programme(wordings=())
    with pytest.raises(RuleRefused) as error:
        charter_campaign(world)
    assert error.value.code == "programme.no_wording"


def test_an_order_form_is_signed_by_both_and_orders_its_lines() -> None:
    world = World()
    parent = active(world)
    asked = OrderAsked(parent, LINES, "TVA non applicable, mention fictive.")
    reference = proposed(world, asked)
    assert propose(world.ports, asked, DEADLINE, "agent") == reference
    assert propose(world.ports, asked, DEADLINE + timedelta(days=1), "agent") != reference
    assert draft.members_to_draft(world.ports, world.agreement(reference).campaign_id) == ()
    invitation = [notice for notice in world.mailer.sent if notice.template is Template.INVITATION][-1]
    assert invitation.values["amount"] == "Montant de la commande\u00a0: 540,00\u00a0€, hors taxes"
    completed(world, reference)
    agreement = world.agreement(reference)
    assert said(world, reference)["services"] == [
        {"code": "licences", "name": "Licence supplémentaire", "quotas": {"quantity": 10}, "condition": None},
        {"code": "espace", "name": "Espace", "quotas": {"quantity": 50}, "condition": None},
    ]
    assert settled_services(agreement) == (("licences", "espace"), ())
    assert ordered_names(agreement) == {"licences": "Licence supplémentaire", "espace": "Espace"}
    assert isinstance(asked_of(agreement), OrderAsked)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (OrderAsked("", (), "TVA"), "order.empty"),
        (OrderAsked("", (LINES[0], LINES[0]), "TVA"), "order.twice"),
        (AmendmentAsked("", (), date(2027, 1, 1)), "amendment.empty"),
        (TerminationAsked("", ("inconnu",)), "termination.unknown_service"),
    ],
)
def test_what_is_asked_for_holds_by_itself(asked: Asked, code: str) -> None:
    world = World()
    parent = active(world)
    with pytest.raises(InputRefused) as error:
        propose(world.ports, replace(asked, parent=parent), DEADLINE, "agent")
    assert error.value.code == code


def test_what_depends_on_nothing_in_force_is_refused() -> None:
    world = World()
    parent = world.invited()

    def refusal(asked: Asked, deadline: datetime = DEADLINE) -> str:
        with pytest.raises(ContreseingError) as error:
            propose(world.ports, asked, deadline, "agent")
        return error.value.code

    assert refusal(OrderAsked("2026-9999", LINES, "TVA")) == NotFound.default_code
    assert refusal(OrderAsked(parent, LINES, "TVA")) == "parent.not_active"
    completed(world, parent)
    assert refusal(OrderAsked(parent, LINES, "TVA"), DEADLINE.replace(year=2031)) == "campaign.deadline"
    amendment = proposed(world, AmendmentAsked(parent, CHANGES, date(2027, 1, 1)))
    assert refusal(OrderAsked(amendment, LINES, "TVA")) == "parent.kind"


def test_amendments_are_numbered_and_recorded_on_what_they_change() -> None:
    world = World()
    parent = active(world)
    first = proposed(world, AmendmentAsked(parent, CHANGES, date(2027, 1, 1)))
    second = proposed(world, AmendmentAsked(parent, CHANGES, date(2027, 2, 1)))
    assert [asked.number for asked in map(asked_of, map(world.agreement, (first, second))) if isinstance(asked, AmendmentAsked)] == [1, 2]
    order = completed(world, proposed(world, OrderAsked(parent, LINES, "TVA")))
    of_order = asked_of(world.agreement(proposed(world, AmendmentAsked(order, CHANGES, date(2027, 1, 1)))))
    assert isinstance(of_order, AmendmentAsked)
    assert of_order.number == 1
    completed(world, first)
    amended = world.agreement(parent).required_fact(FactKind.AMENDED)
    assert amended.data == {"document": first, "number": 1, "effective_on": "2027-01-01"}
    with world.registry.read() as tx:
        assert effective_on(tx, tx.agreement(first)) == date(2027, 1, 1)
    assert settled_services(world.agreement(first)) == ((), ())
    assert world.status(parent) is Status.ACTIVE


def test_a_returned_order_form_is_prepared_again_from_what_was_asked() -> None:
    world = World()
    parent = active(world)
    reference = proposed(world, OrderAsked(parent, LINES, "TVA"))
    assert world.sign(reference).is_countersigned
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Mauvais prix.")
    assert redraft.redraft(world.ports, reference, "agent") == 2
    prepare.prepare(world.ports, reference)
    assert said(world, reference)["version"] == 2
    assert asked_of(world.agreement(reference)) == OrderAsked(parent, LINES, "TVA")


def test_an_epci_s_termination_is_answered_and_ends_the_charters_of_its_territory() -> None:
    world = World()
    parent = active(world)
    commune = with_commune(world, parent)
    charter = draft.draft(world.ports, charter_campaign(world), commune)
    resume.resume(world.ports)
    world.deliver()
    completed(world, charter)
    notice = proposed(world, TerminationAsked(parent))
    assert preparation_of(world.agreement(notice)).amount.startswith("Fin des services\u00a0: ")
    with pytest.raises(RuleRefused) as error:
        propose(world.ports, TerminationAsked(parent, ("ged",)), DEADLINE, "agent")
    assert error.value.code == "termination.pending"
    completed(world, notice)

    _, campaign_id = world.waker.asked[-1][0], world.waker.asked[-1][2]["campaign_id"]
    with world.registry.read() as tx:
        (answer,) = tx.agreements(campaign_id=campaign_id)
    reference = answer.reference
    assert asked_of(answer) == AcknowledgementAsked(parent, notice)
    assert not request_data.request_data(world.ports, reference)
    resume.resume(world.ports)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    invite.invite(world.ports, reference)
    keep_trail(world.ports, reference)
    assert world.agreement(reference).fact(FactKind.INVITED) is None

    sent = len(world.mailer.sent)
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Une date à revoir.")
    world.deliver()
    assert len(world.mailer.sent) == sent
    redraft.redraft(world.ports, reference, "agent")
    resume.resume(world.ports)
    completed(world, reference)
    agreement = world.agreement(reference)
    assert agreement.artefact(Stage.MEMBER_SIGNED) is None
    keep_trail(world.ports, reference)
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None
    own = said(world, reference)["acknowledgement"]
    assert isinstance(own, dict)
    assert own["territory"] == ["Commune fictive de Port-Fictif"]

    for ended in (parent, charter):
        after = world.agreement(ended)
        assert after.required_fact(FactKind.TERMINATED).data == {"on": own["ends_on"], "document": reference}
        last = datetime.fromisoformat(f"{own['ends_on']}T20:59:59+00:00")
        assert status_of(after, last) is Status.ACTIVE
        assert status_of(after, last + timedelta(days=1)) is Status.TERMINATED
        assert [period.status for period in status_periods(after)][-2:] == [Status.TERMINATED, Status.TERMINATED]
    data = world.documents.read_agreement_data(world.working.get(agreement.required_artefact(Stage.PREPARED).sha256))
    with world.registry.write() as tx:
        assert apply_effects(world.ports, tx, agreement, data) is None


def test_the_end_of_one_service_leaves_the_rest() -> None:
    world = World()
    parent = active(world)
    notice = completed(world, proposed(world, TerminationAsked(parent, ("ged",))))
    other = propose(world.ports, TerminationAsked(parent, ("pes",)), DEADLINE, "agent")
    assert other != notice
    resume.resume(world.ports)
    with world.registry.read() as tx:
        (reference,) = [agreement.reference for agreement in tx.agreements() if agreement.kind is Kind.ACKNOWLEDGEMENT]
    completed(world, reference)
    assert world.agreement(parent).fact(FactKind.TERMINATED) is None
    own = said(world, reference)["acknowledgement"]
    assert isinstance(own, dict)
    assert [service["code"] for service in own["services"]] == ["ged"]
    assert own["territory"] == []


def test_a_department_s_termination_ends_its_convention_alone() -> None:
    world = World()
    parent = active(world, category=Category.DEPARTMENT, contribution_eur=45_000)
    completed(world, proposed(world, TerminationAsked(parent)))
    resume.resume(world.ports)
    with world.registry.read() as tx:
        (reference,) = [agreement.reference for agreement in tx.agreements() if agreement.kind is Kind.ACKNOWLEDGEMENT]
    completed(world, reference)
    assert world.agreement(parent).fact(FactKind.TERMINATED) is not None


def test_what_is_named_must_have_been_notified_and_be_in_service() -> None:
    world = World()
    reference = active(world)
    agreement = world.agreement(reference)
    bare = replace(agreement, facts=tuple(fact for fact in agreement.facts if fact.kind not in {FactKind.NOTIFIED, FactKind.ORDER_SETTLED}))
    with world.registry.read() as tx:
        with pytest.raises(RuleRefused) as error:
            effective_on(tx, bare)
        assert error.value.code == "parent.not_notified"
        assert effect_on(tx, replace(bare, facts=()), world.clock.now()) == date(2026, 1, 12)
    with pytest.raises(RuleRefused) as error:
        in_service_on(bare)
    assert error.value.code == "parent.no_service"
    with pytest.raises(RuleRefused):
        in_service_on(agreement, ("inconnu",))
    assert in_service_on(agreement, ("ged",)) == in_service_on(agreement)
    assert [period.status for period in status_periods(replace(agreement, facts=()))] == [Status.DRAFTED]


def test_a_convention_is_asked_from_nothing() -> None:
    world = World()
    reference = world.invited()
    assert asked_of(world.agreement(reference)) is None
    assert ordered_names(world.agreement(reference)) == {}
    assert said_amount({"contribution_eur": 3_000}) == "Contribution\u00a0: 3\u00a0000,00\u00a0€ par an, hors taxes"
