"""A member's name, SIRET, category and amount are corrected: what waits is made again, what is in force is amended first."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest

from conventions.asked import AmendmentAsked
from conventions.corrections import form_of
from conventions.errors import InputRefused, LinkRefused, RuleRefused
from conventions.identity import scale_for
from conventions.kinds import Kind
from conventions.members import Member
from conventions.particulars import Change
from conventions.scale import Category
from conventions.search import Wanted
from conventions.siret import fictitious_siret
from conventions.status import Status
from conventions.steps import cancel, draft, open_campaign, resume
from conventions.steps.correct_member import correct_member
from conventions.steps.import_members import import_members
from conventions.steps.open_link import open_link
from tests.builders import example_programme
from tests.fakes.world import BROWSER, World
from tests.unit.conventions.steps.test_dependent import active, charter_campaign, completed, proposed, said, with_commune
from tests.unit.conventions.steps.test_repairs import correct, drafted, member_of, refused
from tests.unit.conventions.test_member_file import ROW, render

RIGHT = fictitious_siret(77)


def wrong_fields(world: World, member: Member, **changes: str) -> list[str]:
    """Name the fields that a correction is refused for."""
    with pytest.raises(InputRefused) as error:
        correct_member(world.ports, member.id, {**form_of(member), **changes}, "a-agent")
    with world.registry.read() as tx:
        assert tx.member(member.id) == member
    return [problem.column for problem in error.value.problems]


def events_of(world: World, type_: str = "member.corrected") -> list[dict[str, object]]:
    with world.registry.read() as tx:
        return [dict(entry.event.data) for entry in tx.events() if entry.event.type == type_]


def test_a_wrong_name_and_siret_are_corrected_before_the_signature_and_the_file_is_made_again() -> None:
    world = World()
    reference = world.invited()
    wrong, token = member_of(world, reference).siret, world.token(reference)
    made = correct(world, reference, name="Communauté des Abers", siret=f"{RIGHT[:9]} {RIGHT[9:]}")
    assert (made.fields, made.redrafted) == (("name", "siret"), (reference,))
    with pytest.raises(LinkRefused):
        open_link(world.ports, token, BROWSER)
    resume.resume(world.ports)
    world.deliver()
    member = said(world, reference)["member"]
    assert isinstance(member, dict)
    assert (member["name"], member["siret"], member["siren"]) == ("Communauté des Abers", RIGHT, RIGHT[:9])
    (told,) = events_of(world)
    assert told["was"] == {"name": "Communauté de communes des Abers-Fictifs 14", "siret": wrong}
    assert told["is"] == {"name": "Communauté des Abers", "siret": RIGHT}
    with world.registry.read() as tx:
        assert [one.reference for one in tx.find_agreements(Wanted(RIGHT), world.clock.now())] == [reference]
        assert tx.find_agreements(Wanted(wrong), world.clock.now()) == []
    world.sign(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_what_the_member_signed_is_returned_first() -> None:
    world = World()
    reference = world.member_signed()
    for changes in ({"name": "Autre"}, {"siret": RIGHT}, {"population": "60000"}):
        assert refused(lambda changes=changes: correct(world, reference, **changes)) == "correction.signed"  # type: ignore[misc]


def amended(world: World, reference: str, after: str, effective_on: date) -> str:
    asked = AmendmentAsked(reference, (Change("Ce qui change", "Avant", after),), effective_on)
    return completed(world, proposed(world, asked))


@pytest.mark.parametrize(
    ("changes", "field", "after"),
    [
        ({"name": "Communauté des Abers"}, "name", "L’établissement s’appelle COMMUNAUTE DES ABERS."),
        ({"siret": RIGHT}, "siret", f"SIRET {RIGHT[:3]} {RIGHT[3:6]} {RIGHT[6:9]} {RIGHT[9:]}"),
        ({"population": "60000"}, "contribution_eur", "15\u202f000,00 € par an"),
    ],
)
def test_a_convention_in_force_is_amended_first_by_what_writes_the_new_value(changes: dict[str, str], field: str, after: str) -> None:
    world = World()
    reference = active(world)

    def refusal() -> object:
        with pytest.raises(RuleRefused) as error:
            correct(world, reference, **changes)
        assert error.value.details == {"reference": reference, "field": field}
        return error.value.code

    assert refusal() == "correction.in_force"
    amended(world, reference, "2 quai Neuf, 29000 Port-Fictif, 115 000 habitants", world.clock.now().date())
    assert refusal() == "correction.in_force"
    amended(world, reference, after, world.clock.now().date() + timedelta(days=20))
    assert refusal() == "correction.in_force"
    world.clock.advance(timedelta(days=20))
    assert field in correct(world, reference, **changes).fields
    assert world.agreement(reference).version == 1


def test_a_population_that_changes_no_amount_touches_nothing_in_force() -> None:
    world = World()
    reference = active(world)
    assert correct(world, reference, population="42500").fields == ("population",)
    assert world.status(reference) is Status.ACTIVE


def test_a_charter_in_force_is_not_amended() -> None:
    world = World()
    epci = active(world)
    commune = with_commune(world, epci)
    charter = draft.draft(world.ports, charter_campaign(world), commune)
    resume.resume(world.ports)
    other = world.add_member(40, population=None)
    assert refused(lambda: correct(world, charter, territory_siret=other.siret)) == "correction.depends"
    assert correct(world, charter, name="Commune de Port-Fictif").redrafted == (charter,)
    resume.resume(world.ports)
    world.deliver()
    completed(world, charter)
    assert refused(lambda: correct(world, charter, name="Commune nouvelle")) == "correction.charter"


def test_a_category_that_does_not_sign_what_is_under_way_waits_for_its_end() -> None:
    world = World()
    epci = world.add_member(40)
    reference = drafted(world)
    commune = {"category": "commune", "territory_siret": epci.siret, "population": "900"}
    assert refused(lambda: correct(world, reference, **commune)) == "correction.depends"
    cancel.cancel(world.ports, reference, "Ce n’est pas un EPCI.", "a-agent")
    made = correct(world, reference, **commune)
    assert made.fields == ("category", "population", "contribution_eur", "territory")
    assert member_of(world, reference).contribution_eur == 0


def test_the_scale_gives_the_amount_and_another_one_is_an_error() -> None:
    world = World()
    member = world.add_member(1)
    assert wrong_fields(world, member, contribution_eur="15000") == ["contribution_eur"]
    assert wrong_fields(world, member, population="beaucoup") == ["population"]
    assert wrong_fields(world, member, population="") == ["population"]
    assert wrong_fields(world, member, population="", contribution_eur="12345") == ["contribution_eur"]
    assert wrong_fields(world, member, category="department", contribution_eur="13000") == ["contribution_eur"]
    assert wrong_fields(world, member, category="syndicat") == ["category"]
    assert wrong_fields(world, member, category="ccas") == ["territory_siret"]
    assert wrong_fields(world, member, name="", siret="123") == ["name", "siret"]
    correct_member(world.ports, member.id, {**form_of(member), "category": "department", "population": ""}, "a-agent")
    with world.registry.read() as tx:
        found = tx.member(member.id)
    assert (found.contribution_eur, found.contribution_source) == (45_000, "scale")
    published = {**form_of(found), "category": "epci", "contribution_eur": "8000"}
    correct_member(world.ports, member.id, published, "a-agent")
    with world.registry.read() as tx:
        found = tx.member(member.id)
    assert (found.contribution_eur, found.contribution_source) == (8_000, "published")
    assert form_of(found)["contribution_eur"] == "8000"
    assert correct_member(world.ports, member.id, form_of(found), "a-agent").fields == ()


def test_an_amount_of_another_scale_stays_while_something_else_is_corrected() -> None:
    world = World()
    member = world.add_member(1, contribution_eur=12_345)
    assert correct_member(world.ports, member.id, {**form_of(member), "telephone": ""}, "a-agent").fields == ("telephone",)


def test_the_scale_is_that_of_what_is_under_way_or_of_the_last_programme_that_has_begun() -> None:
    world = World()
    later = example_programme(id="2031-2035", starts_on=date(2031, 1, 1), ends_on=date(2035, 12, 31))
    later = dataclasses.replace(later, scale=dataclasses.replace(later.scale, deliberation="une autre"))
    with world.registry.write() as tx:
        tx.add_programme(later)
    member, now = world.add_member(14), world.clock.now()
    with world.registry.read() as tx:
        assert scale_for(tx, member, now) == world.programme.scale
        assert scale_for(tx, member, now.replace(year=2032)) == scale_for(tx, member, now.replace(year=2040)) == later.scale
    opened = open_campaign.open_campaign(
        world.ports, later.id, Kind.CONVENTION, now.replace(year=2031), "agent", demonstration=True, campaign_id="d-avance"
    )
    draft.draft(world.ports, opened.id, member.id)
    with world.registry.read() as tx:
        assert scale_for(tx, member, now) == later.scale


def test_a_siret_is_one_member_s_and_a_territory_that_of_an_epci() -> None:
    world = World()
    epci, other = world.add_member(1), world.add_member(2)
    commune = world.add_member(3, category=Category.COMMUNE, contribution_eur=0, territory=epci.siret)
    assert wrong_fields(world, other, siret=epci.siret) == ["siret"]
    for stray in (fictitious_siret(99), commune.siret):
        assert wrong_fields(world, commune, territory_siret=stray) == ["territory_siret"]
    assert wrong_fields(world, epci, category="region") == ["category"]
    correct_member(world.ports, commune.id, {**form_of(commune), "territory_siret": other.siret}, "a-agent")
    assert correct_member(world.ports, epci.id, {**form_of(epci), "category": "region"}, "a-agent").fields[0] == "category"


def test_what_lies_on_a_territory_follows_the_siret_of_its_epci() -> None:
    world = World()
    reference = world.invited()
    epci = member_of(world, reference)
    commune = world.add_member(30, category=Category.COMMUNE, contribution_eur=0, territory=epci.siret)
    correct(world, reference, siret=RIGHT)
    with world.registry.read() as tx:
        assert tx.member(commune.id).territory == RIGHT
    assert [told["fields"] for told in events_of(world)] == [["siret"], ["territory"]]
    resume.resume(world.ports)
    world.deliver()
    completed(world, reference)
    assert draft.members_to_draft(world.ports, charter_campaign(world, RIGHT)) == [commune.id]


def test_a_file_imported_again_knows_a_corrected_siret() -> None:
    world = World()
    (member,) = import_members(world.ports, render(ROW), world.programme.id, "agent").members
    correct_member(world.ports, member.id, {**form_of(member), "siret": RIGHT}, "a-agent")
    with pytest.raises(InputRefused) as error:
        import_members(world.ports, render(ROW), world.programme.id, "agent")
    assert [problem.column for problem in error.value.problems] == ["siret"]
    again = import_members(world.ports, render({**ROW, "siret": RIGHT}), world.programme.id, "agent")
    assert (again.new, [one.id for one in again.members]) == ([], [member.id])
    other = {**ROW, "name": "Une autre", "representative_email": "autre@essai.invalid"}
    (new,) = import_members(world.ports, render(other), world.programme.id, "agent").new
    assert (new.id, new.siret) == (f"{ROW['siret']}-2", ROW["siret"])


def test_files_prepared_for_others_are_left_as_they_are() -> None:
    world = World()
    other, reference = world.invited(15), world.invited()
    before, token = world.agreement(other), world.token(other)
    correct(world, reference, name="Communauté des Abers")
    resume.resume(world.ports)
    assert world.agreement(other) == before
    assert open_link(world.ports, token, BROWSER).cookie
