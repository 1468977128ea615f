"""How pages name what is signed, for each kind: its articles, its gender, what signing it says, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conventions.kinds import Kind, agreed


@dataclass(frozen=True)
class KindWords:
    """``article`` goes before the title; ``consent`` ends « J’ai pris connaissance … »; ``then`` says what follows the signature."""

    kind: Kind
    article: str
    the: str
    of_the: str
    consent: str
    then: str

    def agreed(self, word: str) -> str:
        """Give a participle or adjective the gender of the kind: ``agreed("refusé")`` is « refusée » of a charter."""
        return agreed(self.kind, word)


WORDS: Mapping[Kind, KindWords] = MappingProxyType(
    {
        Kind.CONVENTION: KindWords(
            Kind.CONVENTION,
            "la ",
            "la convention",
            "de la convention",
            "de la convention et de ses annexes et je les accepte",
            "Les services sont alors ouverts et vous recevez la convention signée par les deux parties.",
        ),
        Kind.CHARTER: KindWords(
            Kind.CHARTER,
            "la ",
            "la charte",
            "de la charte",
            "de la charte et je l’accepte",
            "Les services sont ouverts et vous recevez la charte signée.",
        ),
        Kind.ORDER_FORM: KindWords(
            Kind.ORDER_FORM,
            "le ",
            "le bon de commande",
            "du bon de commande",
            "du bon de commande et je l’accepte",
            "Les services commandés sont alors ouverts et vous recevez le bon de commande signé par les deux parties.",
        ),
        Kind.AMENDMENT: KindWords(
            Kind.AMENDMENT,
            "l’",
            "l’avenant",
            "de l’avenant",
            "de l’avenant et je l’accepte",
            "Vous recevez alors l’avenant signé par les deux parties.",
        ),
        Kind.TERMINATION_NOTICE: KindWords(
            Kind.TERMINATION_NOTICE,
            "l’",
            "l’avis de résiliation",
            "de l’avis de résiliation",
            "de l’avis de résiliation et je l’adresse au syndicat",
            "Le syndicat en accuse réception et confirme les dates.",
        ),
        Kind.ACKNOWLEDGEMENT: KindWords(
            Kind.ACKNOWLEDGEMENT,
            "l’",
            "l’accusé de réception",
            "de l’accusé de réception",
            "de l’accusé de réception",
            "Le membre reçoit l’accusé de réception signé.",
        ),
    }
)


def words_of(kind: Kind) -> KindWords:
    """Return the words of a kind."""
    return WORDS[kind]
