"""The office over HTTP, and its JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.kinds import Kind
from conventions.outgoing import Template
from conventions.ports.registry import ShownState
from conventions.status import Status
from portal.office.words import EVENT_LABELS
from portal.settings import Site
from tests.fakes.world import CAMPAIGN, World
from tests.portal.sites import Visitor, enter, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.OFFICE)


def test_overview(world: World, visitor: Visitor) -> None:
    world.invited(1)
    world.sign(world.invited(2))
    enter(visitor, world, Role.AGENT)
    assert visitor.page.url.path == "/"
    assert "1 À signer par le membre" in visitor.text
    assert "1 À contresigner" in visitor.text
    assert "Rien n’est en échec, rien n’est en retard." in visitor.text
    assert CAMPAIGN in visitor.text
    assert 'href="http://127.0.0.1:4200"' in visitor.page.text


def test_list_says_whose_turn_and_whom_to_ring(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    enter(visitor, world, Role.AGENT)
    visitor.open("/conventions")
    assert reference in visitor.text
    assert "À signer par le membre" in visitor.text
    assert "Mme Maëlle Le Goff-Exemple 02 98 00 00 01" in visitor.text


def test_list_goes_on_by_key_and_filters(world: World, visitor: Visitor) -> None:
    references = [world.invited(rank) for rank in range(1, 54)]
    world.sign(references[-1])
    enter(visitor, world, Role.AGENT)
    visitor.open("/conventions")
    assert references[49] in visitor.page.text
    assert references[50] not in visitor.page.text
    following = visitor.page.text.split('rel="next" href="')[1].split('"')[0]
    visitor.open(following.replace("&amp;", "&"))
    assert references[49] not in visitor.text
    assert all(reference in visitor.text for reference in references[50:])
    assert 'rel="next"' not in visitor.page.text
    visitor.open("/conventions?statut=awaiting_countersignature")
    assert references[-1] in visitor.text
    assert references[0] not in visitor.text
    visitor.open("/conventions?campagne=unknown")
    assert "Aucun dossier ne répond à ces critères." in visitor.text


def test_an_archived_agreement_says_until_when_its_file_can_be_verified(world: World, visitor: Visitor) -> None:
    reference = world.archived()
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    until = world.agreement(reference).required_fact(FactKind.ARCHIVED).instant("verifiable_until")
    assert f"Vérifiable jusqu’au {until.day} " in visitor.text.replace("1er", "1")


def test_one_agreement(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    world.sign(reference)
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    for words in ("À contresigner", "Signée par le membre", "Lien de signature envoyé", "Code de signature", "utilisable", "Sous verrou"):
        assert words in visitor.text
    address = visitor.page.text.split(f'href="/conventions/{reference}/fichiers/')[1].split('"')[0]
    answer = visitor.open(f"/conventions/{reference}/fichiers/{address}")
    assert answer.headers["content-disposition"].startswith('attachment; filename="convention-')
    visitor.open(f"/conventions/{reference}")
    assert "Fichier ouvert par un agent" in visitor.text
    assert visitor.open(f"/conventions/{reference}/fichiers/{'0' * 64}").status_code == 404
    assert visitor.open("/conventions/2026-9999").status_code == 404


def test_every_fact_has_its_words() -> None:
    assert not [kind for kind in FactKind if f"agreement.{kind}" not in EVENT_LABELS]


def test_a_question_is_shown_in_the_person_s_words(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    signer = Visitor(portal_of(world), Site.SIGNERS)
    signer.open(f"/s/{world.token(reference)}")
    signer.send(reponse="oui")
    signer.open("/convention/question")
    signer.send(question="Notre adresse a <b>changé</b>.")
    enter(visitor, world, Role.AGENT)
    assert "a besoin d’attention" in visitor.text
    visitor.open(f"/conventions/{reference}")
    assert "Une question attend une réponse" in visitor.text
    assert "&lt;b&gt;changé&lt;/b&gt;" in visitor.page.text


def test_a_new_link_kills_the_old_one(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    old = world.token(reference)
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    visitor.send(f"/conventions/{reference}/lien")
    assert "Un nouveau lien part à representant1@membre.invalid" in visitor.text
    assert "remplacé" in visitor.text
    world.deliver()
    signer = Visitor(portal_of(world), Site.SIGNERS)
    assert signer.open(f"/s/{old}").status_code == 403
    assert signer.open(f"/s/{world.token(reference)}").status_code == 200


def test_no_new_link_once_signed(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    enter(visitor, world, Role.AGENT)
    form = visitor.open(f"/conventions/{reference}")
    world.sign(reference)
    visitor.page = form
    assert visitor.send(f"/conventions/{reference}/lien").status_code == 409
    assert "Ce dossier n’attend pas la signature du membre." in visitor.text
    assert "Envoyer un nouveau lien" not in visitor.text


def test_starting_a_campaign(world: World, visitor: Visitor) -> None:
    enter(visitor, world, Role.AGENT)
    visitor.open("/campagnes/nouvelle")
    assert visitor.send(programme=world.programme.id, nature="convention").status_code == 422
    assert visitor.send(programme=world.programme.id, nature="convention", date_limite="2026-01-02").status_code == 409
    assert visitor.send(programme="other", nature="other", date_limite="demain").status_code == 422
    assert visitor.page.text.count('href="#') == 1 + 3  # the way to the content, and three fields to mend
    form = visitor.page
    for _ in range(2):
        visitor.page = form
        visitor.send(programme=world.programme.id, nature="convention", date_limite="2026-03-31")
        assert visitor.page.url.path == "/conventions"
    with world.registry.read() as tx:
        (campaign,) = tx.campaigns()
    assert campaign.kind is Kind.CONVENTION
    assert campaign.deadline.isoformat() == "2026-03-31T21:59:59+00:00"
    assert campaign.demonstration
    assert world.waker.asked[0][0] == "campaign"
    visitor.page = form
    assert visitor.send(programme=world.programme.id, nature="convention", date_limite="2026-04-30").status_code == 409
    assert "avec une autre date limite" in visitor.text


def test_replaying_a_dead_letter(world: World, visitor: Visitor) -> None:
    world.mailer.refused.add("representant1@membre.invalid")
    reference = world.invited(1)
    enter(visitor, world, Role.AGENT)
    assert "1 envoi a été abandonné" in visitor.text
    visitor.open("/envois")
    assert reference in visitor.text
    assert "Invitation à signer" in visitor.text
    world.mailer.refused.clear()
    action = visitor.page.text.split('action="/envois/')[1].split('"')[0]
    visitor.send(f"/envois/{action}")
    assert "Aucun envoi n’a été abandonné." in visitor.text
    world.deliver()
    assert world.mailer.last_to("representant1@membre.invalid").template is Template.INVITATION


def test_late_sendings_are_counted(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    visitor.send(f"/conventions/{reference}/lien")
    world.clock.advance(timedelta(minutes=5))
    visitor.open("/")
    assert "1 envoi est en retard" in visitor.text


def test_an_auditor_reads_and_does_nothing(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    agent = Visitor(portal_of(world), Site.OFFICE)
    enter(agent, world, Role.AGENT)
    enter(visitor, world, Role.AUDITOR)
    assert "Lancer une campagne" not in visitor.text
    visitor.open(f"/conventions/{reference}")
    assert "Envoyer un nouveau lien" not in visitor.text
    assert visitor.open("/campagnes/nouvelle").status_code == 403
    visitor.open("/")
    token = visitor.page.text.split('name="jeton" value="')[1].split('"')[0]
    for path in (f"/conventions/{reference}/lien", "/campagnes/nouvelle", "/envois/x/rejouer"):
        assert visitor.request("POST", path, data={"jeton": token}).status_code == 403


def test_prefect_is_linked_by_the_agreement_s_run(world: World, visitor: Visitor) -> None:
    reference = world.invited(1)
    with world.registry.write() as tx:
        tx.set_shown_state(ShownState(reference, "awaiting_member", "run-1"))
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions/{reference}")
    assert 'href="http://127.0.0.1:4200/runs/flow-run/run-1"' in visitor.page.text


def test_api(world: World, visitor: Visitor) -> None:
    references = [world.invited(rank) for rank in (1, 2, 3)]
    enter(visitor, world, Role.AUDITOR)
    first = json.loads(visitor.open("/api/agreements?limit=2").text)
    assert [item["reference"] for item in first["items"]] == references[:2]
    assert first["items"][0]["status"] == Status.AWAITING_MEMBER
    second = json.loads(visitor.open(f"/api/agreements?limit=2&after={first['next']}").text)
    assert [item["reference"] for item in second["items"]] == references[2:]
    assert second["next"] is None
    one = json.loads(visitor.open(f"/api/agreements/{references[0]}").text)
    assert one["contribution_eur"] == 13_000
    assert [fact["kind"] for fact in one["facts"]] == ["drafted", "prepared", "invited"]
    assert one["files"][0]["stage"] == "prepared"


def test_api_answers_problems(world: World, visitor: Visitor) -> None:
    answer = visitor.open("/api/agreements")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.text)
    assert problem["status"] == 401
    assert problem["code"] == "session.ended"
    assert problem["title"] == "Unauthorized"
    enter(visitor, world, Role.AGENT)
    assert json.loads(visitor.open("/api/agreements/2026-9999").text)["code"] == "not_found"
    assert visitor.open("/api/agreements?limit=0").status_code == 422
    assert visitor.open("/api/nothing").headers["content-type"] == "application/problem+json"
    meaning = visitor.open("/problemes")
    assert f'id="{problem["code"]}"' in meaning.text
    assert problem["type"] == "http://127.0.0.3:8400/problemes#session.ended"


def test_api_is_described(visitor: Visitor) -> None:
    described = json.loads(visitor.open("/api/openapi.json").text)
    assert set(described["paths"]) == {
        "/api/agreements",
        "/api/agreements/{reference}",
        "/api/journal/agreements/{reference}",
        "/api/journal/consistency",
    }


def test_list_is_searched_and_exported(world: World, visitor: Visitor) -> None:
    first, second = world.invited(1, name="=Communauté de l’Île-d’Émeraude"), world.invited(2)
    world.sign(first)
    enter(visitor, world, Role.AGENT)
    asked = "q=emeraude&nature=convention&minimum=1&maximum=9%20000%20000&du=2020-01-01&au=2040-01-01"
    visitor.open(f"/conventions?{asked}")
    assert first in visitor.text
    assert second not in visitor.text
    assert 'value="emeraude"' in visitor.page.text
    visitor.open("/conventions?q=rien&du=hier&maximum=beaucoup&nature=autre")
    assert "Aucun dossier ne répond à ces critères." in visitor.text

    visitor.open(f"/conventions/liste.csv?{asked}")
    assert "attachment" in visitor.page.headers["content-disposition"]
    rows = visitor.page.content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("référence;nature;organisme;SIRET")
    assert rows[1].split(";")[:3] == [first, "Convention", "'=Communauté de l’Île-d’Émeraude"]
    assert len(rows) == 2
    visitor.open("/conventions/liste.json")
    assert [one["reference"] for one in visitor.page.json()] == [first, second]
    visitor.open("/api/agreements?text=emeraude")
    assert [one["reference"] for one in visitor.page.json()["items"]] == [first]


def test_a_second_campaign_says_whom_it_leaves_out(world: World, visitor: Visitor) -> None:
    reference = world.archived(1)
    world.add_member(2)
    enter(visitor, world, Role.AGENT)
    visitor.open(f"/conventions?campagne={CAMPAIGN}")
    assert "laissé de côté" not in visitor.text
    visitor.open("/campagnes/nouvelle")
    visitor.send(programme=world.programme.id, nature="convention", date_limite="2026-03-31")
    said = "1 membre laissé de côté : il a déjà un document de même nature dans ce programme, par une autre campagne."
    assert said in visitor.text
    assert f'href="/conventions/{reference}"' in visitor.page.text
    visitor.open(str(visitor.page.url) + "&apres=2026-0001")
    assert "laissé de côté" not in visitor.text
    for rank in range(3, 60):
        world.invited(rank)
    with world.registry.read() as tx:
        second = tx.campaigns()[1].id
    visitor.open(f"/conventions?campagne={second}")
    assert "58 membres laissés de côté : ils ont déjà" in visitor.text
    assert "Et 8 autres." in visitor.text
