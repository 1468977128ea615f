"""Agents put right what stands still: correct a member, draft again, give time, send again, cancel."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.outgoing import Template
from conventions.people import MailAddress
from conventions.powers import Act, ActType, PowerToSign
from conventions.status import Status
from conventions.steps import activate, archive, countersign, decline, draft, resume, return_to_member
from portal.settings import Site
from tests.fakes.world import CAMPAIGN, World
from tests.invariants import check_agreement
from tests.portal.sites import Visitor, enter, events, portal_of
from tests.portal.test_information_pages import ANSWERS

REASON = "Le nom de la personne qui signe a changé le 3 mars."
_INPUT = re.compile(r'<input id="([a-z_]+)" name="[a-z_]+" type="[a-z]+" value="([^"]*)"')
_CHOSEN = re.compile(r'<select id="([a-z_]+)".*?<option value="([^"]+)" selected>', re.DOTALL)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def agent(world: World) -> Visitor:
    visitor = Visitor(portal_of(world), Site.OFFICE)
    enter(visitor, world, Role.AGENT)
    return visitor


def returned(world: World, rank: int = 14) -> str:
    """Take a member as far as the Vice-President's return; give the reference."""
    reference = world.member_signed(rank)
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, REASON)
    world.deliver()
    return reference


def member_page(world: World, reference: str) -> str:
    return f"/membres/{world.agreement(reference).member_id}"


def correct(visitor: Visitor, path: str, **changes: str) -> None:
    """Open the member's form, change some fields, and send all of it as a browser would."""
    visitor.open(path)
    shown = {name: unescape(value) for name, value in (*_INPUT.findall(visitor.page.text), *_CHOSEN.findall(visitor.page.text))}
    token = visitor.page.text.split('name="jeton" value="')[1].split('"')[0]
    visitor.request("POST", path, data={**shown, **changes, "jeton": token})


def test_returned_corrected_signed_again_countersigned_and_active(world: World) -> None:
    reference = returned(world)
    first = world.agreement(reference).required_artefact(Stage.PREPARED).sha256
    agent = Visitor(portal_of(world), Site.OFFICE)
    enter(agent, world, Role.AGENT)
    assert "1 dossier renvoyé par la personne qui contresigne" in agent.text
    assert "Rien n’est en échec" not in agent.text
    agent.open("/conventions?statut=returned")
    assert "Nos agents" in agent.text
    agent.open(f"/conventions/{reference}")
    assert REASON in agent.text
    correct(
        agent,
        member_page(world, reference),
        representative_given_name="Soazig",
        representative_family_name="Exemple-Nouvelle",
        seat="2 quai Neuf",
    )
    assert "C’est enregistré." in agent.text
    assert world.status(reference) is Status.RETURNED
    agent.open(f"/conventions/{reference}/reprise")
    assert REASON in agent.text
    agent.send(f"/conventions/{reference}/reprise")
    assert "Une nouvelle version est ouverte" in agent.text
    assert world.waker.asked[-1][0] == "campaign"
    assert resume.resume(world.ports).done[-2:] == ((reference, "prepare"), (reference, "invite"))
    world.deliver()
    agreement = world.agreement(reference)
    assert agreement.version == 2
    assert agreement.required_artefact(Stage.PREPARED).sha256 != first
    assert "Soazig" in str(agreement.required_fact(FactKind.PREPARED).data["signer"])
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    check_agreement(world.ports, reference)
    with world.registry.read() as tx:
        (told,) = [entry for entry in tx.events(reference) if entry.event.type == "member.corrected"]
    assert told.event.data["fields"] == ["seat", "representative"]
    assert told.event.personal["by"] == "a-agent"
    assert "Soazig" not in told.canonical.decode()


def test_named_fields_are_asked_of_the_secretary_again(world: World) -> None:
    reference = returned(world)
    agent = Visitor(portal_of(world), Site.OFFICE)
    enter(agent, world, Role.AGENT)
    agent.open(f"/conventions/{reference}/reprise")
    agent.send(f"/conventions/{reference}/reprise", redemander_referent="oui")
    assert world.status(reference) is Status.AWAITING_DATA
    world.deliver()
    assert world.mailer.sent[-1].template is Template.DATA_REQUEST
    assert "référent" in world.mailer.sent[-1].values["missing"]
    secretary = Visitor(portal_of(world), Site.SIGNERS)
    secretary.open(f"/s/{world.token(reference)}")
    secretary.send(reponse="oui")
    assert 'value="Kermarrec-Exemple"' in secretary.page.text
    assert 'id="act_number"' not in secretary.page.text
    token = secretary.page.text.split('name="jeton" value="')[1].split('"')[0]
    given = {name: value for name, value in ANSWERS.items() if name.startswith("referent")} | {"referent_given_name": "Anne"}
    secretary.request("POST", "/informations", data={**given, "jeton": token})
    assert secretary.page.url.path == "/informations/merci"
    resume.resume(world.ports)
    assert world.status(reference) is Status.AWAITING_MEMBER
    secretary.open("/informations")
    assert secretary.page.status_code == 403


def test_what_waits_for_its_signature_is_made_again_when_it_would_be_stale(world: World, agent: Visitor) -> None:
    reference = world.invited()
    old = world.token(reference)
    correct(agent, member_page(world, reference), referent_email="autre@membre.invalid")
    assert "une nouvelle version est préparée" in agent.text
    assert Visitor(portal_of(world), Site.SIGNERS).open(f"/s/{old}").status_code == 403
    resume.resume(world.ports)
    world.deliver()
    assert world.agreement(reference).version == 2
    world.sign(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    check_agreement(world.ports, reference)


def test_another_mailbox_gets_a_new_link_and_the_file_stays(world: World, agent: Visitor) -> None:
    reference = world.invited()
    old = world.token(reference)
    correct(agent, member_page(world, reference), representative_email="mairie@membre.invalid")
    assert agent.page.status_code == 422
    assert "rappelez la personne qui signe" in agent.text
    correct(agent, member_page(world, reference), representative_email="mairie@membre.invalid", called_back_on="2026-01-06")
    assert "Un nouveau lien part à la nouvelle adresse" in agent.text
    world.deliver()
    assert world.mailer.sent[-1].to == "mairie@membre.invalid"
    agent.open(f"/conventions/{reference}")
    assert "adresse d’un service (personne rappelée le 6 janvier 2026)" in agent.text
    assert Visitor(portal_of(world), Site.SIGNERS).open(f"/s/{old}").status_code == 403
    assert world.agreement(reference).version == 1
    member_id = world.agreement(reference).member_id
    with world.registry.read() as tx:
        assert tx.member(member_id).representative_mail.called_back_on == date(2026, 1, 6)


def test_what_the_member_signed_is_returned_before_it_is_corrected(world: World, agent: Visitor) -> None:
    reference = world.member_signed()
    correct(agent, member_page(world, reference), representative_family_name="Autre")
    assert agent.page.status_code == 409
    assert f"L’acte {reference} porte déjà l’accord du membre" in agent.text
    correct(agent, member_page(world, reference), telephone="02 98 11 11 11")
    assert "C’est enregistré." in agent.text


def test_wrong_answers_are_named_field_by_field(world: World, agent: Visitor) -> None:
    path = member_page(world, world.invited())
    correct(agent, path, representative_family_name="", act_number="", referent_email="")
    assert agent.page.status_code == 422
    assert "Il reste 3 points à corriger" in agent.text
    correct(agent, path, referent_email="sans arobase", act_sent_on="2020-01-01")
    assert 'href="#referent_email"' in agent.page.text
    assert 'href="#act_sent_on"' in agent.page.text
    correct(agent, path)
    assert "Rien n’a changé" in agent.text


def test_members_are_found_by_name_whatever_its_accents(world: World, agent: Visitor) -> None:
    world.add_member(1, name="Communauté de l’Île-d’Émeraude")
    for rank in range(2, 54):
        world.add_member(rank)
    agent.open("/membres?q=emeraude")
    assert "Île-d’Émeraude" in agent.text
    agent.open("/membres")
    assert "53 membres en tout" in agent.text
    agent.open("/membres?q=rien")
    assert "Aucun membre ne répond à ces critères." in agent.text
    assert agent.open("/membres/inconnu").status_code == 404


def not_executory(on: date = date(2025, 12, 11)) -> PowerToSign:
    return PowerToSign(Act(ActType.DELIBERATION, "le conseil communautaire", "2025-112", on))


def test_dates_left_empty_are_asked_for_again_by_the_same_link(world: World, agent: Visitor) -> None:
    member = world.add_member(1, power=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    resume.resume(world.ports)
    world.deliver()
    secretary = Visitor(portal_of(world), Site.SIGNERS)
    secretary.open(f"/s/{world.token(reference)}")
    secretary.send(reponse="oui")
    token = secretary.page.text.split('name="jeton" value="')[1].split('"')[0]
    act = {name: value for name, value in ANSWERS.items() if name.startswith("act_")}
    without = {**act, "act_sent_on": "", "act_published_on": "", "jeton": token}
    secretary.request("POST", "/informations", data=without)
    assert "Il nous manque encore quand l’acte a été transmis" in secretary.text
    assert world.status(reference) is Status.AWAITING_DATA
    agent.open(f"/conventions/{reference}")
    assert "À qui d’agir Mme Maëlle Le Goff-Exemple" in agent.text
    assert "Informations reçues en partie" in agent.text
    secretary.open("/informations")
    assert 'id="act_sent_on"' in secretary.page.text
    assert 'id="act_number"' not in secretary.page.text
    secretary.request("POST", "/informations", data={"jeton": token})
    assert "Donnez au moins une date" in secretary.text
    secretary.request("POST", "/informations", data={"act_sent_on": "2025-12-15", "act_published_on": "2025-12-16", "jeton": token})
    assert world.status(reference) is Status.DRAFTED
    assert resume.resume(world.ports).done == ((reference, "prepare"), (reference, "invite"))


def test_an_agent_lifts_the_stop_with_a_reason_and_the_desk_is_told(world: World, agent: Visitor) -> None:
    member = world.add_member(1, power=not_executory())
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    resume.resume(world.ports)
    assert world.status(reference) is Status.AWAITING_DATA
    path = member_page(world, reference)
    agent.open(path)
    agent.send(f"{path}/acte-non-executoire")
    assert agent.page.status_code == 422
    agent.send(f"{path}/acte-non-executoire", motif="Transmis ce matin, accusé attendu.")
    assert "L’arrêt est levé." in agent.text
    assert "Transmis ce matin" in agent.text
    assert "Laisser signer" not in agent.text
    assert "member.stop_lifted" in events(world, reference)
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    desk = Visitor(portal_of(world), Site.DESK)
    enter(desk, world, Role.SIGNATORY)
    desk.open(f"/document/{reference}")
    assert "un agent a permis de continuer" in desk.text


def test_an_act_dated_after_today_is_never_lifted(world: World, agent: Visitor) -> None:
    member = world.add_member(1, power=not_executory(date(2027, 1, 1)))
    path = f"/membres/{member.id}"
    agent.open(path)
    assert "Laisser signer" not in agent.text
    token = agent.page.text.split('name="jeton" value="')[1].split('"')[0]
    agent.request("POST", f"{path}/acte-non-executoire", data={"jeton": token, "motif": "Pressé."})
    assert agent.page.status_code == 409


def test_a_prepare_link_is_sent_again(world: World, agent: Visitor) -> None:
    member = world.add_member(1, referent=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    resume.resume(world.ports)
    world.deliver()
    old = world.token(reference)
    agent.open(f"/conventions/{reference}")
    agent.send(f"/conventions/{reference}/lien")
    assert "Un nouveau lien part à dgs@abers-fictifs.invalid" in agent.text
    world.deliver()
    signer = Visitor(portal_of(world), Site.SIGNERS)
    assert signer.open(f"/s/{old}").status_code == 403
    assert signer.open(f"/s/{world.token(reference)}").status_code == 200


def test_more_time_is_a_dated_fact_and_a_new_link(world: World, agent: Visitor) -> None:
    reference = world.invited()
    old = world.token(reference)
    agent.open(f"/conventions/{reference}/echeance")
    for day in ("", "2026-01-01", "2026-01-20"):
        agent.send(f"/conventions/{reference}/echeance", date_limite=day)
        assert agent.page.status_code in {409, 422}
        assert 'href="#date-limite"' in agent.page.text
    agent.send(f"/conventions/{reference}/echeance", date_limite="2026-06-30")
    assert "La nouvelle date limite est enregistrée." in agent.text
    assert "Date limite fixée pour ce dossier" in agent.text
    world.deliver()
    assert world.mailer.sent[-1].values["deadline"] == "30\u00a0juin 2026"
    assert Visitor(portal_of(world), Site.SIGNERS).open(f"/s/{old}").status_code == 403
    world.clock.advance(timedelta(days=90))
    assert world.status(reference) is Status.AWAITING_MEMBER


def test_what_was_not_signed_in_time_is_taken_up_again_with_a_new_deadline(world: World) -> None:
    reference = world.invited()
    world.clock.advance(timedelta(days=61))
    agent = Visitor(portal_of(world), Site.OFFICE)
    enter(agent, world, Role.AGENT)
    agent.open(f"/conventions/{reference}")
    assert "Pas signée à temps" in agent.text
    agent.open(f"/conventions/{reference}/reprise")
    agent.send(f"/conventions/{reference}/reprise")
    assert agent.page.status_code == 409
    agent.send(f"/conventions/{reference}/reprise", date_limite="2026-06-30")
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    check_agreement(world.ports, reference)


def test_a_refusal_by_mistake_is_taken_up_again_for_a_reason(world: World, agent: Visitor) -> None:
    reference = world.invited()
    decline.decline(world.ports, world.visit(reference), "Trop cher")
    agent.open(f"/conventions/{reference}/reprise")
    assert "Trop cher" in agent.text
    agent.send(f"/conventions/{reference}/reprise")
    assert agent.page.status_code == 422
    agent.send(f"/conventions/{reference}/reprise", motif="Mme Le Goff a rappelé : c’était une erreur.")
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_a_cancelled_agreement_is_over_and_the_member_is_told(world: World, agent: Visitor) -> None:
    reference = world.invited()
    old = world.token(reference)
    agent.open(f"/conventions/{reference}/annulation")
    agent.send(f"/conventions/{reference}/annulation")
    assert agent.page.status_code == 422
    agent.send(f"/conventions/{reference}/annulation", motif="Deux communautés ont fusionné.")
    assert world.status(reference) is Status.CANCELLED
    assert "Deux communautés ont fusionné." in agent.text
    world.deliver()
    notice = world.mailer.sent[-1]
    assert (notice.template, notice.values["reason"]) == (Template.CANCELLED, "Deux communautés ont fusionné.")
    assert Visitor(portal_of(world), Site.SIGNERS).open(f"/s/{old}").status_code == 403
    for path, words in (
        ("annulation", "ne peut plus être annulé"),
        ("reprise", "rien à reprendre"),
        ("echeance", "n’attend pas le membre"),
    ):
        agent.open(f"/conventions/{reference}/{path}")
        assert words in agent.text


def test_an_auditor_changes_nothing(world: World) -> None:
    reference = world.invited()
    auditor = Visitor(portal_of(world), Site.OFFICE)
    enter(auditor, world, Role.AUDITOR)
    path = member_page(world, reference)
    auditor.open(path)
    assert "Votre compte permet de lire" in auditor.text
    token = auditor.page.text.split('name="jeton" value="')[1].split('"')[0]
    for name in ("reprise", "echeance", "annulation"):
        assert auditor.open(f"/conventions/{reference}/{name}").status_code == 403
        assert auditor.request("POST", f"/conventions/{reference}/{name}", data={"jeton": token}).status_code == 403
    for action in (path, f"{path}/acte-non-executoire"):
        assert auditor.request("POST", action, data={"jeton": token}).status_code == 403


def test_whose_turn_says_who_can_mend_a_refusal(world: World, agent: Visitor) -> None:
    holder = world.delegation.holder
    member = world.add_member(1, representative=holder, representative_mail=MailAddress("x@membre.invalid", "annuaire"))
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    resume.resume(world.ports)
    agent.open(f"/conventions/{reference}")
    assert "À qui d’agir Nos agents" in agent.text
