"""Bodies' names in sentences: no article is guessed."""

from __future__ import annotations

import re

import pytest

from contreseing.demonstration.members import published_members
from conventions.bodies import of_body, the_body
from conventions.people import folded

ARTICLES = {"du": "conseil departement", "de la": "ca cc communaute"}


@pytest.mark.parametrize(
    ("name", "of", "the"),
    [
        ("Communauté de communes des Abers", "de la Communauté de communes des Abers", "la Communauté de communes des Abers"),
        ("COMMUNAUTE DE COMMUNES DU POHER", "de la COMMUNAUTE DE COMMUNES DU POHER", "la COMMUNAUTE DE COMMUNES DU POHER"),
        ("CC COUESNON MARCHES", "de la CC COUESNON MARCHES", "la CC COUESNON MARCHES"),
        ("DEPARTEMENT DU FINISTERE", "du DEPARTEMENT DU FINISTERE", "le DEPARTEMENT DU FINISTERE"),
        ("CONSEIL REGIONAL DE BRETAGNE", "du CONSEIL REGIONAL DE BRETAGNE", "le CONSEIL REGIONAL DE BRETAGNE"),
        ("CCAS de Vannes", "du CCAS de Vannes", "le CCAS de Vannes"),
        ("Centre communal d’action sociale de Brest", *(f"{a} Centre communal d’action sociale de Brest" for a in ("du", "le"))),
        ("Commune de Rennes", "de la Commune de Rennes", "la Commune de Rennes"),
        ("Ville de Brest", "de la Ville de Brest", "la Ville de Brest"),
        ("Ville Neuve", "de l’organisme Ville Neuve", "l’organisme Ville Neuve"),
        ("BREST METROPOLE", "de BREST METROPOLE", "BREST METROPOLE"),
        ("Arc Sud Bretagne", "d’Arc Sud Bretagne", "Arc Sud Bretagne"),
        ("Éguzon", "d’Éguzon", "Éguzon"),
        ("CENTRE MORBIHAN COMMUNAUTE", *(f"{a}l’organisme CENTRE MORBIHAN COMMUNAUTE" for a in ("de ", ""))),
        ("HAUT LEON COMMUNAUTE", "de l’organisme HAUT LEON COMMUNAUTE", "l’organisme HAUT LEON COMMUNAUTE"),
        ("DE L’OUST A BROCELIANDE", "de l’organisme DE L’OUST A BROCELIANDE", "l’organisme DE L’OUST A BROCELIANDE"),
        ("PAYS DE CHATEAUGIRON", "de l’organisme PAYS DE CHATEAUGIRON", "l’organisme PAYS DE CHATEAUGIRON"),
        ("Le Rheu", "de l’organisme Le Rheu", "l’organisme Le Rheu"),
    ],
)
def test_a_name_in_a_sentence(name: str, of: str, the: str) -> None:
    assert of_body(name) == of
    assert the_body(name) == the


def test_every_member_of_2020_reads_well() -> None:
    said = [of_body(row["name"]) for row in published_members()]
    assert len(said) == 64
    for written in said:
        article, name = re.match(r"(du|de la|de l’organisme|de|d’) ?(.+)", written).groups()  # type: ignore[union-attr]
        first = folded(name).partition(" ")[0]
        assert "'" not in written
        if article in ARTICLES:
            assert first in ARTICLES[article].split(), written
        elif article != "de l’organisme":
            assert first not in {"a", "centre", "de", "du", "golfe", "haut", "haute", "le", "les", "pays", "vallons"}, written
            assert (article == "d’") == (first[0] in "aeiou"), written
