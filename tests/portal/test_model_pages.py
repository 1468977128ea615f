"""The model over HTTP: read part by part, said to be read once, asked for until then."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conventions.accounts import Role
from conventions.canonical import sha256_hex
from conventions.people import MailAddress
from conventions.status import Status
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of, read_models
from tests.portal.test_desk_pages import signed

ADDRESS = "/modele/convention/2026-1"
SHA256 = sha256_hex(b"convention/2026-1")
LINK = f'href="{ADDRESS}">Lire le modèle de la convention</a>'


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.DESK)


def open_all(visitor: Visitor, references: list[str]) -> None:
    for reference in references:
        visitor.open(f"/document/{reference}")
        visitor.send(decision="prete")


def test_the_desk_asks_for_the_model_then_says_when_it_was_read(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    enter(visitor, world, Role.SIGNATORY)
    assert "Le modèle à lire , une fois pour tous les documents qui lui sont conformes." in visitor.text
    assert f'class="button primary" {LINK}' in visitor.page.text
    assert "Même texte que le modèle à lire, montant du barème" in visitor.text
    visitor.open(ADDRESS)
    visitor.send()
    assert visitor.page.url.path == f"/document/{reference}"
    assert f'même texte que <a href="{ADDRESS}">le modèle</a>' in visitor.page.text
    visitor.open("/")
    assert "à lire" not in visitor.text
    assert "Même texte que le modèle lu le 12 janvier 2026" in visitor.text
    assert f'href="/document/{reference}">Ouvrir le premier</a>' in visitor.page.text
    open_all(visitor, [reference])
    assert read_models(visitor) == []
    assert "Passer à la signature" in visitor.text


def test_the_page_shows_each_part_what_varies_and_which_text_it_is(world: World, visitor: Visitor) -> None:
    signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(ADDRESS)
    assert "2 documents ont ce texte, mot pour mot, sauf ce qui varie." in visitor.text
    assert "entre crochets, après le mot « variable »" in visitor.text
    assert visitor.page.text.count("<mark>[variable\u00a0: nom de l’établissement]</mark>") == 3
    for number, title in enumerate(("Préambule", "Articles", "Annexes"), 1):
        assert f'<a href="#partie-{number}">{title}</a>' in visitor.page.text
        assert f'id="partie-{number}"' in visitor.page.text
    assert SHA256 in visitor.text
    assert "<h1>Le modèle de la convention</h1>" in visitor.page.text


def test_a_ceremony_pressed_early_says_what_is_left_and_leads_to_it(world: World, visitor: Visitor) -> None:
    references = signed(world, 1, 2)
    (demanding,) = signed(world, 3, representative_mail=MailAddress("mairie@membre.invalid", "annuaire de démonstration"))
    enter(visitor, world, Role.SIGNATORY)
    visitor.open("/ceremonie")
    assert "Aucun document n’est prêt" in visitor.text
    assert "Il reste 1 modèle à lire : Lire le modèle de la convention ." in visitor.text
    assert LINK in visitor.page.text
    open_all(visitor, [demanding])
    visitor.open("/ceremonie")
    assert "ouvrez d’abord celles qui ont été tirées au sort, et lisez leur modèle." in visitor.text
    assert LINK in visitor.page.text
    open_all(visitor, references)
    visitor.open("/")
    assert "Signer déjà 1 document" in visitor.text
    visitor.open("/ceremonie")
    assert "Contresigner 1 convention" in visitor.text
    assert "Les documents conformes à un modèle que vous n’avez pas encore lu ne sont pas dans cette liste" in visitor.text
    assert LINK in visitor.page.text
    assert "disabled" not in visitor.page.text
    answer = visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY), references=" ".join([*references, demanding]))
    assert answer.status_code == 409
    assert f'<a href="{ADDRESS}">Le modèle doit être lu' in visitor.page.text
    assert {world.status(reference) for reference in references} == {Status.AWAITING_COUNTERSIGNATURE}


def test_once_it_is_read_all_is_signed_and_the_sealed_list_tells_which_text(world: World, visitor: Visitor) -> None:
    references = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    assert read_models(visitor) == [ADDRESS]
    open_all(visitor, references)
    visitor.open("/ceremonie")
    assert "Contresigner 2 conventions" in visitor.text
    assert "ouverte, modèle lu" in visitor.text
    visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY))
    listed = json.loads(visitor.open(f"{visitor.page.url.path}/liste.json").text)
    assert {item["reference"]: item["model_sha256"] for item in listed["items"]} == dict.fromkeys(references, SHA256)


def test_a_model_read_is_shown_as_such_and_asks_for_nothing_more(world: World, visitor: Visitor) -> None:
    signed(world, 1)
    enter(visitor, world, Role.SIGNATORY)
    read_models(visitor)
    visitor.open(ADDRESS)
    assert "Vous l’avez lu le 12 janvier 2026" in visitor.text
    assert "J’ai lu le modèle" not in visitor.text


def test_a_model_that_changed_while_its_page_was_open_is_shown_anew_and_not_taken_as_read(world: World, visitor: Visitor) -> None:
    signed(world, 1)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(ADDRESS)
    world.documents.wordings["convention/2026-1"] = "changed"
    assert visitor.send().status_code == 409
    assert "Le modèle a changé depuis que cette page est ouverte : lisez le texte qui suit." in visitor.text
    assert 'href="#texte"' in visitor.page.text
    assert "Aucun document à signer n’a ce texte en ce moment." in visitor.text
    assert sha256_hex(b"changed") in visitor.text
    with world.registry.read() as tx:
        assert tx.model_reads("a-signatory") == []
    visitor.send()
    with world.registry.read() as tx:
        assert [read.sha256 for read in tx.model_reads("a-signatory")] == [sha256_hex(b"changed")]
    assert visitor.page.url.path.startswith("/document/")


def test_two_programmes_that_meet_on_the_desk_have_their_models_named_apart(world: World, visitor: Visitor) -> None:
    first, second = signed(world, 1, 2)
    other = replace(world.programme, id="other", wordings=(("convention", "convention/2026-2"),))
    agreement = world.agreement(second)
    facts = tuple(
        replace(fact, data={**fact.data, "wording_sha256": sha256_hex(b"convention/2026-2")}) if "wording_sha256" in fact.data else fact
        for fact in agreement.facts
    )
    with world.registry.write() as tx:
        tx.add_programme(other)
    world.registry.state.agreements[second] = replace(agreement, programme_id="other", facts=facts)
    enter(visitor, world, Role.SIGNATORY)
    for version in ("2026-1", "2026-2"):
        assert f'href="/modele/convention/{version}">Lire le modèle de la convention (convention/{version})</a>' in visitor.page.text
    open_all(visitor, [first, second])
    visitor.open("/modele/convention/2026-2")
    assert "1 document a ce texte" in visitor.text
    visitor.send()
    visitor.open("/ceremonie")
    assert "Contresigner 1 convention" in visitor.text
    assert read_models(visitor) == [ADDRESS]
    visitor.open("/ceremonie")
    assert "Contresigner 2 conventions" in visitor.text


def test_an_assistant_reads_it_and_says_nothing(world: World, visitor: Visitor) -> None:
    signed(world, 1)
    signatory = Visitor(portal_of(world), Site.DESK)
    enter(signatory, world, Role.SIGNATORY)
    signatory.open(ADDRESS)
    enter(visitor, world, Role.ASSISTANT)
    visitor.open(ADDRESS)
    assert "La personne qui signe dira ici qu’elle l’a lu." in visitor.text
    assert f'action="{ADDRESS}"' not in visitor.page.text
    visitor.page = visitor.open("/")
    token = visitor.page.text.split('name="jeton" value="')[1].split('"')[0]
    assert visitor.request("POST", ADDRESS, data={"jeton": token, "empreinte": SHA256}).status_code == 403
    assert "Votre compte ne permet pas cette action." in visitor.text


@pytest.mark.parametrize(
    ("path", "status"), [("convention/none", 404), ("charter/..", 404), ("CONVENTION/2026-1", 422), ("evidence/2026-1", 404)]
)
def test_what_is_no_model(world: World, visitor: Visitor, path: str, status: int) -> None:
    enter(visitor, world, Role.SIGNATORY)
    assert visitor.open(f"/modele/{path}").status_code == status


def test_a_model_is_not_read_from_another_site_s_form(world: World, visitor: Visitor) -> None:
    enter(visitor, world, Role.SIGNATORY)
    assert visitor.request("POST", ADDRESS, data={"empreinte": SHA256}).status_code == 403
    with world.registry.read() as tx:
        assert tx.model_reads("a-signatory") == []
