"""The columns of the members' file, as they are published: which are required, and what each holds, in French."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from conventions.people import Civility
from conventions.sentences import ACT_LABELS, CATEGORY_LABELS

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True)
class Column:
    """A column: its name in the header, what it holds, an example, and when it must be filled."""

    name: str
    holds: str
    example: str
    when: str = ""
    is_required: bool = False


_DAY = "AAAA-MM-JJ"
_WITH_ACT = "si l’acte est donné"
_WITH_REFERENT = "si le référent est donné"


def _required(name: str, holds: str, example: str) -> Column:
    return Column(name, holds, example, "toujours", is_required=True)


def _words(labels: Mapping[_Word, str]) -> str:
    return ", ".join(f"`{word}` ({label})" for word, label in labels.items())


PUBLISHED = (
    _required("name", "Nom officiel de l’établissement.", "Communauté de communes de l’Exemple"),
    _required("category", f"L’une de : {_words(CATEGORY_LABELS)}.", "epci"),
    _required("siret", "SIRET du siège, 14 chiffres, avec ou sans espaces ; une seule ligne par établissement.", "000 000 141 00010"),
    _required("seat", "Adresse du siège, sur une ligne.", "1 rue de l’Exemple, 29000 Exemple"),
    _required("representative_civility", f"« {' » ou « '.join(Civility)} », pour qui signe au nom de l’établissement.", "Mme"),
    _required("representative_given_name", "Prénom de qui signe.", "Maëlle"),
    _required("representative_family_name", "Nom de qui signe.", "Le Goff"),
    _required("representative_capacity", "Qualité de qui signe, telle qu’elle sera imprimée.", "présidente"),
    _required("representative_email", "Adresse de messagerie où le lien de signature est envoyé.", "m.legoff@exemple.fr"),
    _required("email_source", "D’où vient cette adresse.", "annuaire du syndicat"),
    Column("population", "Population, nombre entier : le barème donne la contribution d’un EPCI et, d’un CIAS ou d’une commune, l’espace"
           " des documents.", "42000", "EPCI, sauf si contribution_eur est donnée"),
    Column("contribution_eur", "Contribution publiée, en euros par an, nombre entier : pour un EPCI dont la population n’est pas connue."
           " Ailleurs, le barème la donne et un autre montant est une erreur.", "13000", "EPCI sans population"),
    Column("territory_siret", "SIRET de l’EPCI dont dépend l’établissement ; cet EPCI est dans le fichier ou déjà enregistré.",
           "000 000 224 00014", "commune, CCAS, CIAS"),
    Column("email_checked_on", f"Jour où l’adresse a été vérifiée, {_DAY}.", "2026-01-05"),
    Column("email_checked_by", "Qui l’a vérifiée.", "accueil du syndicat"),
    Column("second_email", "Seconde adresse officielle de l’établissement, qui est avertie de la signature.", "contact@exemple.fr"),
    Column("telephone", "Téléphone où joindre l’établissement.", "02 99 00 00 00"),
    Column("act_type", f"Nature de l’acte qui habilite à signer, l’une de : {_words(ACT_LABELS)}.", "deliberation", _WITH_ACT),
    Column("act_body", "Qui l’a pris, avec son article.", "le conseil communautaire", _WITH_ACT),
    Column("act_number", "Numéro de l’acte.", "2025-12", _WITH_ACT),
    Column("act_on", f"Date de l’acte, {_DAY}.", "2025-12-01", _WITH_ACT),
    Column("act_sent_on", f"Jour de sa transmission au représentant de l’État, {_DAY}.", "2025-12-03"),
    Column("act_published_on", f"Jour de sa publication ou de sa notification, {_DAY}.", "2025-12-04"),
    Column("referent_civility", f"« {' » ou « '.join(Civility)} », pour la personne à contacter.", "M.", _WITH_REFERENT),
    Column("referent_given_name", "Prénom du référent.", "Yann", _WITH_REFERENT),
    Column("referent_family_name", "Nom du référent.", "Kermarrec", _WITH_REFERENT),
    Column("referent_function", "Fonction du référent.", "directeur des services", _WITH_REFERENT),
    Column("referent_email", "Adresse de messagerie du référent.", "y.kermarrec@exemple.fr", _WITH_REFERENT),
    Column("referent_telephone", "Téléphone du référent.", "02 99 00 00 01", _WITH_REFERENT),
    Column("service_code", "Code service de l’établissement sur Chorus Pro.", "SERVICE-01"),
    Column("engagement_number", "Numéro d’engagement à rappeler sur les factures.", "EJ-2026-001"),
)  # fmt: skip
"""In the order in which they are proposed; a file may have them in any other, and leave out those that are not required."""

REQUIRED = tuple(column.name for column in PUBLISHED if column.is_required)
COLUMNS = tuple(column.name for column in PUBLISHED)
