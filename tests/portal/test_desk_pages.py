"""The desk over HTTP: piles, decisions, the ceremony and its progress."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from conventions.accounts import Role
from conventions.ceremonies import HowShown
from conventions.people import MailAddress
from conventions.powers import Override
from conventions.status import Status
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.countersign import countersign
from portal.settings import Site
from tests.builders import example_member
from tests.fakes.world import World
from tests.portal.sites import Visitor, enter, portal_of, read_models

GENERIC = MailAddress("mairie@membre.invalid", "annuaire de démonstration")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.DESK)


def signed(world: World, *ranks: int, **changes: object) -> list[str]:
    """Have members sign, in order."""
    references = []
    for rank in ranks:
        references.append(world.invited(rank, **changes))
        world.sign(references[-1])
    return references


def decide_all(visitor: Visitor) -> list[str]:
    """Read the model, then follow the desk from document to document, each declared ready; return those that opened."""
    opened = []
    read_models(visitor)
    visitor.open("/")
    first = visitor.page.text.split('class="button primary" href="')[1].split('"')[0]
    visitor.open(first)
    while visitor.page.url.path.startswith("/document/"):
        opened.append(visitor.page.url.path.rpartition("/")[2])
        visitor.send(decision="prete")
    return opened


def test_the_desk_needs_a_session_and_comes_back_to_the_page(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    visitor.open(f"/document/{reference}")
    assert visitor.page.url.path == "/connexion"
    visitor.send("/connexion", identifiant="signatory", mot_de_passe="mot de passe de démonstration", code=world.totp(Role.SIGNATORY))
    assert visitor.page.url.path == f"/document/{reference}"


@pytest.mark.parametrize("following", ["//evil.invalid/", "https://evil.invalid/", "/\\evil.invalid", "javascript:alert(1)", "/a?b=//c"])
def test_signing_in_leads_to_no_other_site(world: World, visitor: Visitor, following: str) -> None:
    visitor.open("/connexion")
    visitor.send(
        "/connexion",
        suite=following,
        identifiant="signatory",
        mot_de_passe="mot de passe de démonstration",
        code=world.totp(Role.SIGNATORY),
    )
    assert str(visitor.page.url) == "http://127.0.0.2:8400/"


def test_signing_in_tells_no_cause(world: World, visitor: Visitor) -> None:
    texts = set()
    for login, password, code in (
        ("nobody", "mot de passe de démonstration", world.totp(Role.SIGNATORY)),
        ("signatory", "faux", world.totp(Role.SIGNATORY)),
        ("signatory", "mot de passe de démonstration", "000000"),
    ):
        visitor.open("/connexion")
        assert visitor.send("/connexion", identifiant=login, mot_de_passe=password, code=code).status_code == 403
        texts.add(visitor.text)
    assert len(texts) == 1
    assert "Identifiant, mot de passe ou code incorrect." in visitor.text


def test_signing_in_says_which_field_is_empty(visitor: Visitor) -> None:
    visitor.open("/connexion")
    assert visitor.send("/connexion", identifiant="signatory").status_code == 422
    assert 'href="#mot-de-passe"' in visitor.page.text
    assert 'href="#code"' in visitor.page.text
    assert 'href="#identifiant"' not in visitor.page.text


def test_an_agent_does_not_enter_the_desk(world: World, visitor: Visitor) -> None:
    assert enter(visitor, world, Role.AGENT).status_code == 403
    assert "Ce compte n’ouvre pas ce site." in visitor.text
    assert visitor.open("/", follow=False).headers["location"] == "/connexion"


def test_leaving_ends_the_session(world: World, visitor: Visitor) -> None:
    enter(visitor, world, Role.SIGNATORY)
    cookies = dict(visitor.cookies)
    visitor.send("/deconnexion")
    assert visitor.page.url.path == "/connexion"
    visitor.cookies.update(cookies)
    assert visitor.open("/", follow=False).status_code == 303


def test_an_empty_desk(world: World, visitor: Visitor) -> None:
    enter(visitor, world, Role.SIGNATORY)
    assert "Rien à contresigner" in visitor.text
    visitor.open("/ceremonie")
    assert "Aucun document n’est prêt" in visitor.text
    visitor.open("/ceremonies")
    assert "Aucune séance de signature n’a encore eu lieu." in visitor.text


def test_first_line_and_piles(world: World, visitor: Visitor) -> None:
    signed(world, 1, 2)
    signed(world, 3, representative_mail=GENERIC)
    enter(visitor, world, Role.SIGNATORY)
    assert "3 conventions à contresigner" in visitor.text
    assert "39 000,00 € par an" in visitor.text
    assert "délégation n° 2025-A-07 du 15 septembre 2025, jusqu’au 31 décembre 2030" in visitor.text
    assert "À examiner une par une : 1" in visitor.text
    assert "Conformes au modèle : 2" in visitor.text
    assert "la preuve est plus faible" in visitor.text
    assert visitor.text.index("À examiner une par une") < visitor.text.index("Conformes au modèle")


def test_a_document_says_first_what_differs(world: World, visitor: Visitor) -> None:
    power = example_member().power
    assert power is not None
    act = replace(power.act, published_on=None)
    lifted = replace(power, act=act, override=Override("Publication confirmée par téléphone.", "agent", date(2026, 1, 8)))
    (reference,) = signed(world, 1, power=lifted)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{reference}")
    order = ["Ce qui diffère", "Publication confirmée par téléphone.", "Acte du membre", "Votre décision", "Le document, en texte"]
    places = [visitor.text.index(words) for words in order]
    assert places == sorted(places)
    assert "Pas encore exécutoire : publication non connue." in visitor.text
    assert visitor.open(f"/document/{reference}/page/1.png").headers["content-type"] == "image/png"
    assert b"Signature_Membre" in visitor.open(f"/document/{reference}/fichier.pdf").content
    with world.registry.read() as tx:
        last = tx.events(reference)[-1].event
    assert (last.type, last.data["account"], last.data["stage"]) == ("file.downloaded", "a-signatory", "member_signed")


def test_opening_a_document_marks_nothing(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{reference}")
    with world.registry.read() as tx:
        assert not tx.reviews("a-signatory")
    assert visitor.send(f"/document/{reference}").status_code == 422
    assert "Choisissez : prête, renvoyer, ou laisser de côté." in visitor.text


def test_the_next_document_opens_by_itself_and_only_the_sample_of_the_standard_pile(world: World, visitor: Visitor) -> None:
    signed(world, *range(1, 8))
    (demanding,) = signed(world, 9, representative_mail=GENERIC)
    enter(visitor, world, Role.SIGNATORY)
    opened = decide_all(visitor)
    assert opened[0] == demanding
    assert len(opened) == 6
    assert visitor.page.url.path == "/"
    assert "8 documents sont prêts à être signés" in visitor.text


def test_whole_ceremony(world: World, visitor: Visitor) -> None:
    references = signed(world, *range(1, 8))
    enter(visitor, world, Role.SIGNATORY)
    opened = decide_all(visitor)
    visitor.open("/ceremonie")
    assert "Contresigner 7 conventions" in visitor.text
    assert "91 000,00 € par an" in visitor.text
    assert visitor.send("/ceremonie", code="000000").status_code == 409
    assert "Ce code n’est pas valable ou a déjà servi." in visitor.text
    code = world.totp(Role.SIGNATORY)
    visitor.send("/ceremonie", code=f"{code[:3]} {code[3:]}")
    assert visitor.page.url.path.startswith("/ceremonie/")
    assert "0 sur 7" in visitor.text
    assert "data-progress=" in visitor.page.text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in visitor.page.text
    ceremony_id = visitor.page.url.path.rpartition("/")[2]
    assert world.waker.asked[-1] == ("countersigned", f"ceremony:{ceremony_id}", {"authorisation_id": ceremony_id})

    visitor.open(f"/ceremonie/{ceremony_id}?suivi=arrete")
    assert 'http-equiv="refresh"' not in visitor.page.text

    assert "rapport.pdf" not in visitor.page.text
    assert visitor.open(f"/ceremonie/{ceremony_id}/rapport.pdf").status_code == 409
    countersign(world.ports, ceremony_id, references[:3])
    state = json.loads(visitor.open(f"/ceremonie/{ceremony_id}/avancement").text)
    assert state == {
        "total": 7,
        "countersigned": 3,
        "archived": 0,
        "active": 0,
        "countersigned_words": "contresignées",
        "archived_words": "archivée",
        "active_words": "active, services ouverts",
        "sentence": "3 sur 7 contresignées",
        "over": False,
        "settled": False,
    }
    countersign(world.ports, ceremony_id)
    visitor.open(f"/ceremonie/{ceremony_id}")
    assert "Tout est contresigné" in visitor.text
    assert "l’archivage et l’ouverture des services se font sans vous" in visitor.text
    assert 'data-over="oui"' in visitor.page.text
    for reference in references:
        archive(world.ports, reference)
        activate(world.ports, reference)
    world.deliver()
    visitor.open(f"/ceremonie/{ceremony_id}")
    assert f"{references[0]} active, services ouverts" in visitor.text
    assert "data-progress=" not in visitor.page.text

    listed = json.loads(visitor.open(f"/ceremonie/{ceremony_id}/liste.json").text)
    assert f'href="/ceremonie/{ceremony_id}/rapport.pdf"' in visitor.open(f"/ceremonie/{ceremony_id}").text
    printed = visitor.open(f"/ceremonie/{ceremony_id}/rapport.pdf")
    assert (printed.headers["content-type"], printed.content.count(b'"countersigned_at":"2026')) == ("application/pdf", 7)
    shown = {item["reference"]: item["how_shown"] for item in listed["items"]}
    assert set(shown) == set(references)
    assert {reference for reference, how in shown.items() if how != HowShown.IN_TABLE} == set(opened)

    visitor.open("/ceremonies")
    assert f'href="/ceremonie/{ceremony_id}"' in visitor.page.text
    visitor.open("/")
    assert "Rien à contresigner" in visitor.text


def test_the_fifth_wrong_code_pauses_the_ceremony_and_says_so(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    enter(visitor, world, Role.SIGNATORY)
    decide_all(visitor)
    visitor.open("/ceremonie")
    for _ in range(5):
        assert visitor.send("/ceremonie", code="000000").status_code == 409
    assert visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY)).status_code == 429
    assert "Trop d’essais infructueux : réessayez dans un quart d’heure." in visitor.text
    assert 'href="#code"' in visitor.page.text
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE


def test_the_standard_pile_waits_for_its_sample(world: World, visitor: Visitor) -> None:
    signed(world, 1, 2)
    (demanding,) = signed(world, 3, representative_mail=GENERIC)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{demanding}")
    visitor.send(decision="prete")
    visitor.open("/")
    assert "Signer déjà 1 document" in visitor.text
    visitor.open("/ceremonie")
    assert "Contresigner 1 convention" in visitor.text
    assert "ouvrez d’abord celles qui ont été tirées au sort" in visitor.text


def test_what_is_set_aside_is_not_signed(world: World, visitor: Visitor) -> None:
    first, second = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{first}")
    visitor.send(decision="de-cote")
    assert visitor.page.url.path == f"/document/{second}"
    visitor.send(decision="prete")
    assert "Laissée de côté" in visitor.text
    read_models(visitor)
    visitor.open("/ceremonie")
    assert "Contresigner 1 convention" in visitor.text
    assert first not in visitor.text


def test_a_list_that_changed_meanwhile_is_refused(world: World, visitor: Visitor) -> None:
    first, second = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    decide_all(visitor)
    form = visitor.open("/ceremonie")
    visitor.open(f"/document/{first}")
    visitor.send(decision="de-cote")
    visitor.page = form
    assert visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY)).status_code == 409
    assert f"Le document {first} a été laissé de côté." in visitor.text
    assert world.status(second) is Status.AWAITING_COUNTERSIGNATURE


def test_only_what_the_page_listed_is_authorised(world: World, visitor: Visitor) -> None:
    references = signed(world, 1, 2, 3, 4, 5, 6)
    enter(visitor, world, Role.SIGNATORY)
    read_models(visitor)
    for reference in references:  # all six: the sample is drawn anew from a shorter list
        visitor.open(f"/document/{reference}")
        visitor.send(decision="prete")
    visitor.open("/ceremonie")
    listed = visitor.page.text.split('name="references" value="')[1].split('"')[0].split()
    visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY), references=" ".join(listed[:4]))
    assert "0 sur 4" in visitor.text
    assert [world.status(reference) for reference in listed[4:]] == [Status.AWAITING_COUNTERSIGNATURE] * 2


def test_returning_with_a_reason(world: World, visitor: Visitor) -> None:
    first, second = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{first}/renvoi")
    assert visitor.send(motif=" ").status_code == 422
    assert 'href="#motif"' in visitor.page.text
    visitor.send(motif="La présidente a changé le 3 janvier.")
    assert visitor.page.url.path == f"/document/{second}"
    assert world.status(first) is Status.RETURNED
    assert visitor.open(f"/document/{first}").status_code == 404


def test_an_assistant_reads_and_signs_nothing(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    enter(visitor, world, Role.ASSISTANT)
    assert "1 convention à contresigner" in visitor.text
    visitor.open(f"/document/{reference}")
    assert "Votre décision" not in visitor.text
    assert visitor.open("/ceremonie").status_code == 403
    assert "Votre compte ne permet pas cette action." in visitor.text


def test_a_delegation_that_does_not_cover(world: World, visitor: Visitor) -> None:
    signed(world, 1)
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2", ends_on=date(2026, 1, 5)))
        tx.update_account(replace(tx.account("a-signatory"), delegation_id="d-2"))
    enter(visitor, world, Role.SIGNATORY)
    assert "Vous ne pouvez pas contresigner." in visitor.text
    assert "Passer à la signature" not in visitor.text
    visitor.open("/ceremonie")
    assert "Vous ne pouvez pas contresigner" in visitor.text
    assert 'name="references"' not in visitor.page.text


def test_failures_of_a_ceremony_are_told(world: World, visitor: Visitor) -> None:
    references = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    decide_all(visitor)
    visitor.open("/ceremonie")
    visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY))
    address = visitor.page.url.path
    countersign(world.ports, address.rpartition("/")[2], references[:1])
    world.clock.advance(timedelta(hours=1))
    visitor.open(address)
    assert "Séance terminée avant la fin" in visitor.text
    assert "1 sur 2" in visitor.text
    assert "est revenu au parapheur" in visitor.text


@pytest.mark.parametrize(
    "path",
    [
        "/ceremonie/unknown",
        "/ceremonie/unknown/avancement",
        "/ceremonie/unknown/liste.json",
        "/ceremonie/unknown/rapport.pdf",
        "/document/2026-9999",
    ],
)
def test_what_does_not_exist(world: World, visitor: Visitor, path: str) -> None:
    enter(visitor, world, Role.SIGNATORY)
    assert visitor.open(path).status_code == 404


def test_piles_are_sorted_as_asked_and_say_so(world: World, visitor: Visitor) -> None:
    small, large = signed(world, 1, contribution_eur=8_000, population=25_000, name="Zone")[0], signed(world, 2, name="École")[0]
    enter(visitor, world, Role.SIGNATORY)
    assert 'aria-sort="ascending"' in visitor.page.text.split("Organisme")[0]
    for order, first, second in (
        ("montant", large, small),
        ("organisme", large, small),
        ("convention", small, large),
        ("other", small, large),
    ):
        visitor.open(f"/?tri={order}")
        assert visitor.text.index(first) < visitor.text.index(second), order
    visitor.open("/?tri=montant")
    assert visitor.page.text.count('aria-sort="descending"') == 1
    assert visitor.page.text.count("aria-sort=") == 1


def test_a_session_of_the_office_opens_no_desk(world: World, visitor: Visitor) -> None:
    office = Visitor(portal_of(world), Site.OFFICE)
    enter(office, world, Role.AGENT)
    visitor.cookies.set("parapheur", office.cookies["gestion"])
    assert visitor.open("/").status_code == 403
    assert "Votre compte ne permet pas cette action." in visitor.text
