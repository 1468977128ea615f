"""The signer's pages, from the link to the signature, over HTTP and without script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conventions.agreements import FactKind
from conventions.errors import SigningFailed, UpstreamUnavailable
from conventions.status import Status
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, ask_code, begin, events, portal_of, read


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


def test_whole_journey(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    answer = visitor.open(f"/s/{world.token(reference)}")
    assert answer.status_code == 200
    assert "Bonjour." in visitor.text
    assert "Vous êtes invitée à signer la convention Ker Niverel" in visitor.text
    assert "Êtes-vous Mme Maëlle Le Goff-Exemple, présidente ?" in visitor.text
    assert "Rien n’est signé en ouvrant cette page." in visitor.text

    visitor.send(reponse="oui")
    assert visitor.page.url.path == "/convention"
    assert "13 000,00 € par an" in visitor.text
    assert "délibération n° 2025-112 du 11 décembre 2025 (" in visitor.text

    for part, following in ((1, "/convention/partie/2"), (2, "/convention/partie/3"), (3, "/convention/decision")):
        visitor.open(f"/convention/partie/{part}")
        assert f"Partie {part} sur 3" in visitor.text
        visitor.send()
        assert visitor.page.url.path == following

    assert "signature électronique simple, horodatée" in visitor.text
    assert "checked" not in visitor.page.text
    visitor.send(accepte="oui")
    assert visitor.page.url.path == "/convention/code"
    assert "Nous avons envoyé un code à 6 chiffres à r…@m….invalid" in visitor.text
    assert 'autocomplete="one-time-code"' in visitor.page.text
    assert 'inputmode="numeric"' in visitor.page.text

    world.deliver()
    code = world.code()
    visitor.send("/convention/code", code=f"{code[:3]} {code[3:]}")
    assert visitor.page.url.path == "/convention/merci"
    assert "C’est signé." in visitor.text
    assert "12 janvier 2026 à 10 h 00 (heure de Paris)" in visitor.text
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE

    downloaded = visitor.open("/convention/document.pdf")
    assert downloaded.headers["content-type"] == "application/pdf"
    assert b"Signature_Membre" in downloaded.content


def test_opening_the_link_records_nothing(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    before = events(world, reference)
    for _ in range(3):
        visitor.open(f"/s/{world.token(reference)}")
    assert events(world, reference) == before


def test_not_me_is_recorded_and_opens_nothing(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    visitor.open(f"/s/{world.token(reference)}")
    answer = visitor.send(reponse="non")
    assert answer.status_code == 200
    assert "Nos agents vont le voir" in visitor.text
    assert events(world, reference)[-1] == "link.identity_refused"
    assert visitor.open("/convention").status_code == 403


def test_an_answer_is_needed(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    visitor.open(f"/s/{world.token(reference)}")
    assert visitor.send().status_code == 422
    assert "Répondez à la question" in visitor.text
    assert "link.opened" not in events(world, reference)


def test_every_bad_link_gets_the_same_page(world: World, visitor: Visitor) -> None:
    reference = world.invited()
    good = world.token(reference)
    pages = set()
    for bad in ("unknown", f"{good}x", good.partition(".")[0] + ".", "%2e%2e"):
        answer = visitor.open(f"/s/{bad}")
        assert answer.status_code == 403
        pages.add(answer.text)
    world.clock.advance(timedelta(days=90))
    expired = visitor.open(f"/s/{good}")
    pages.add(expired.text)
    assert expired.status_code == 403
    assert len(pages) == 1
    assert "Il n’est pas, ou n’est plus, utilisable." in visitor.text
    assert "02 99 00 00 00" in visitor.text


def test_a_lost_visit_says_to_open_the_link_again(visitor: Visitor) -> None:
    assert visitor.open("/convention").status_code == 403
    assert "Rouvrez le lien du dernier message" in visitor.text


def test_the_box_must_be_ticked(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    assert visitor.send().status_code == 422
    assert "<title>Erreur\u00a0: " in visitor.page.text
    assert 'href="#accepte"' in visitor.page.text
    assert 'aria-invalid="true"' in visitor.page.text
    assert "code.requested" not in events(world, reference)


def test_wrong_codes_say_what_is_left_then_lock(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    wrong = "000000" if code != "000000" else "000001"
    visitor.send("/convention/code", code="12 34")
    assert "six chiffres" in visitor.text
    for left in (4, 3, 2, 1):
        assert visitor.send("/convention/code", code=wrong).status_code == 403
        assert f"Il vous reste {left} essai" in visitor.text
        assert 'href="#code"' in visitor.page.text
    assert visitor.send("/convention/code", code=wrong).status_code == 403
    assert "Votre lien est bloqué par sécurité" in visitor.text
    assert "02 99 00 00 00" in visitor.text
    assert visitor.open("/convention").status_code == 403
    assert "Votre lien est bloqué par sécurité" in visitor.text


def test_an_expired_code_keeps_the_step_and_offers_another(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    world.clock.advance(timedelta(minutes=11))
    assert visitor.send("/convention/code", code=code).status_code == 403
    assert "Demandez-en un nouveau : rien n’est perdu" in visitor.text
    assert "Recevoir un nouveau code" in visitor.text
    visitor.send("/convention/decision")
    assert "Un nouveau code vient de partir." in visitor.text
    world.deliver()
    visitor.send("/convention/code", code=world.code())
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_a_sixth_code_in_the_hour_is_refused_on_the_same_page(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    read(visitor)
    ask_code(world, visitor)
    for _ in range(4):
        visitor.send("/convention/decision")
        world.deliver()
    assert visitor.send("/convention/decision").status_code == 429
    assert "Cinq codes ont déjà été demandés" in visitor.text
    visitor.send("/convention/code", code=world.code())
    assert visitor.page.url.path == "/convention/merci"


def test_the_code_page_needs_a_code_on_its_way(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    read(visitor)
    visitor.open("/convention/code")
    assert visitor.page.url.path == "/convention/decision"


def test_another_digest_than_the_one_shown_is_refused(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    visitor.open("/convention/code")
    assert visitor.send("/convention/code", code=code, empreinte="0" * 64).status_code == 409
    assert "Le document a changé" in visitor.text
    assert "Rien n’a été signé" in visitor.text
    assert world.agreement(reference).fact(FactKind.CONSENTED) is None


def test_a_signature_that_waits_for_an_upstream(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    visitor.open("/convention/code")
    world.signing.failure = UpstreamUnavailable("the authority is down")
    visitor.send("/convention/code", code=code)
    assert visitor.page.url.path == "/convention/en-cours"
    assert "Votre accord est enregistré" in visitor.text
    visitor.send()
    assert visitor.page.url.path == "/convention/en-cours"
    visitor.open("/convention")
    assert visitor.page.url.path == "/convention/en-cours"
    world.signing.failure = None
    visitor.send()
    assert visitor.page.url.path == "/convention/merci"
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_an_upstream_down_before_the_decision_is_a_clear_page(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    world.working.down = True
    answer = visitor.open("/convention/document.pdf")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "Service momentanément indisponible" in visitor.text


def test_signing_twice_is_one_signature(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    form = visitor.open("/convention/code")
    visitor.send("/convention/code", code=code)
    visitor.page = form
    visitor.send("/convention/code", code=code)
    assert visitor.page.url.path == "/convention/merci"
    assert world.signing.signatures_made == 1


@pytest.mark.parametrize("path", ["/convention", "/convention/decision", "/convention/code", "/convention/refus", "/convention/refusee"])
def test_once_signed_every_step_leads_to_the_end(world: World, visitor: Visitor, path: str) -> None:
    begin(world, visitor)
    read(visitor)
    visitor.open("/convention/code")
    code = ask_code(world, visitor)
    visitor.send("/convention/code", code=code)
    visitor.open(path)
    assert visitor.page.url.path == "/convention/merci"


@pytest.mark.parametrize("path", ["/convention/merci", "/convention/en-cours", "/convention/refusee"])
def test_later_pages_lead_back_while_nothing_is_signed(world: World, visitor: Visitor, path: str) -> None:
    begin(world, visitor)
    visitor.open(path)
    assert visitor.page.url.path == "/convention"


def test_declining(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/refus")
    visitor.send(motif="Le conseil a voté contre.")
    assert visitor.page.url.path == "/convention/refusee"
    assert "Votre refus est enregistré" in visitor.text
    assert world.status(reference) is Status.DECLINED
    visitor.open("/convention/decision")
    assert visitor.page.url.path == "/convention/refusee"


def test_asking_a_question(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/question")
    assert visitor.send(question="  ").status_code == 422
    visitor.send(question="Notre présidente a changé.")
    assert "Votre question est envoyée" in visitor.text
    with world.registry.read() as tx:
        assert [told.text for told in tx.attentions_of(reference)] == ["Notre présidente a changé."]


LINES = "\r\n".join("x" * 99 for _ in range(20))
"""1,999 characters as the browser counts them, 2,018 as it sends them."""


@pytest.mark.parametrize(("path", "field"), [("/convention/question", "question"), ("/convention/refus", "motif")])
def test_a_text_is_counted_as_the_browser_counts_it_and_never_lost(world: World, visitor: Visitor, path: str, field: str) -> None:
    reference = begin(world, visitor)
    visitor.open(path)
    assert visitor.send(path, question=LINES + "yyz", motif=LINES + "yyz").status_code == 422
    assert "Ce texte est trop long : 2000 caractères au plus." in visitor.text
    assert f'href="#{field}"' in visitor.page.text
    assert "yyz</textarea>" in visitor.page.text
    assert events(world, reference)[-1] == "link.opened"
    assert visitor.send(path, question=LINES, motif=LINES).status_code == 200
    with world.registry.read() as tx:
        told = [entry.event.personal for entry in tx.events(reference)][-1]
    assert told["text" if field == "question" else "reason"] == LINES.replace("\r\n", "\n")


def test_a_refusal_too_long_of_a_document_signed_meanwhile_leads_to_where_it_stands(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    form = visitor.open("/convention/refus")
    world.sign(reference)
    visitor.page = form
    visitor.send("/convention/refus", motif="x" * 2_001)
    assert visitor.page.url.path == "/convention/merci"


@pytest.mark.parametrize("path", ["/convention/code/aide", "/convention/certificat", "/convention/question"])
def test_other_ways_are_offered(world: World, visitor: Visitor, path: str) -> None:
    begin(world, visitor)
    assert visitor.open(path).status_code == 200
    assert "02 99 00 00 00" in visitor.text


def test_power_withdrawn_before_the_signature(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    agreement = world.agreement(reference)
    with world.registry.write() as tx:
        member = tx.member(agreement.member_id)
        tx.update_member(type(member)(**{**vars(member), "power": None}))
    visitor.open("/convention/code")
    assert visitor.send("/convention/code", code=code).status_code == 409
    assert "L’acte qui autorise la signature n’a pas été fourni." in visitor.text
    assert "power.missing" in visitor.text


def test_a_signature_that_cannot_be_made_tells_the_reason_and_keeps_the_decision(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    visitor.open("/convention/code")
    world.signing.failure = SigningFailed("the key is refused")
    visitor.send("/convention/code", code=code)
    assert visitor.page.url.path == "/convention/en-cours"
    assert visitor.send().status_code == 500
    assert "La signature n’a pas pu être faite." in visitor.text
    assert world.agreement(reference).fact(FactKind.CONSENTED) is not None


def test_forms_left_open_lead_to_the_end_once_signed(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    read(visitor)
    decision = visitor.page
    code = ask_code(world, visitor)
    visitor.send("/convention/code", code=code)
    visitor.page = decision
    visitor.send(accepte="oui")
    assert visitor.page.url.path == "/convention/merci"


def test_signing_from_a_visit_that_read_nothing_says_what_is_left(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    other = Visitor(portal_of(world), Site.SIGNERS)
    other.open(f"/s/{world.token(reference)}")
    other.send(reponse="oui")
    other.open("/convention/question")
    read(visitor)
    code = ask_code(world, visitor)
    token = other.page.text.split('name="jeton" value="')[1].split('"')[0]
    answer = other.request("POST", "/convention/code", data={"jeton": token, "code": code, "accepte": "oui", "empreinte": "0" * 64})
    assert answer.status_code == 409
    assert "Il vous reste 3 parties à lire avant de signer" in other.text
    assert world.agreement(reference).fact(FactKind.CONSENTED) is None
