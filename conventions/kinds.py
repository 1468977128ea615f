"""Kinds of agreement, who signs each, and the names of the fields in the file.

The field names, the time-stamp fields and the locks are a contract between ``documents`` (which creates the fields)
and ``signing`` (which fills them): both take them from here.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What an agreement is."""

    CONVENTION = "convention"
    CHARTER = "charter"
    ORDER_FORM = "order_form"
    AMENDMENT = "amendment"
    TERMINATION_NOTICE = "termination_notice"
    ACKNOWLEDGEMENT = "acknowledgement"


TITLES = MappingProxyType(
    {
        Kind.CONVENTION: "Convention",
        Kind.CHARTER: "Charte d’utilisation",
        Kind.ORDER_FORM: "Bon de commande",
        Kind.AMENDMENT: "Avenant",
        Kind.TERMINATION_NOTICE: "Avis de résiliation",
        Kind.ACKNOWLEDGEMENT: "Accusé de réception",
    }
)
"""French name of each kind, which begins the title of its documents."""


FILE_NAMES = MappingProxyType(
    {
        Kind.CONVENTION: "convention",
        Kind.CHARTER: "charte",
        Kind.ORDER_FORM: "bon-de-commande",
        Kind.AMENDMENT: "avenant",
        Kind.TERMINATION_NOTICE: "avis-de-resiliation",
        Kind.ACKNOWLEDGEMENT: "accuse-de-reception",
    }
)
"""What begins the name of a file that people download or receive."""


FEMININE = frozenset({Kind.CONVENTION, Kind.CHARTER})
"""Kinds whose French name is feminine; what is said of the others is masculine."""


def agreed(kind: Kind, word: str) -> str:
    """Give a participle or adjective the gender of a kind's name: « signé » becomes « signée » of a convention."""
    return f"{word}e" if kind in FEMININE else word


def title_of(kind: Kind, short_name: str, reference: str) -> str:
    """Title of an agreement, as mails, pages and its file give it; ``short_name`` is the syndicate's."""
    return f"{TITLES[kind]} {short_name} n° {reference}"


class Party(StrEnum):
    """The side for which a person signs."""

    MEMBER = "member"
    SYNDICATE = "syndicate"


SIGNERS = MappingProxyType(
    {
        Kind.CONVENTION: (Party.MEMBER, Party.SYNDICATE),
        Kind.CHARTER: (Party.MEMBER,),
        Kind.ORDER_FORM: (Party.MEMBER, Party.SYNDICATE),
        Kind.AMENDMENT: (Party.MEMBER, Party.SYNDICATE),
        Kind.TERMINATION_NOTICE: (Party.MEMBER,),
        Kind.ACKNOWLEDGEMENT: (Party.SYNDICATE,),
    }
)
"""Parties in signing order."""

MEMBER_FIELD = "Signature_Membre"
SYNDICATE_FIELD = "Signature_VP"
SEAL_FIELD = "Cachet"
"""Field of the system's own seal, in the documents that no person signs (the evidence file)."""

FIELD_OF = MappingProxyType({Party.MEMBER: MEMBER_FIELD, Party.SYNDICATE: SYNDICATE_FIELD})

TIMESTAMP_FIELDS = tuple(f"Horodatage_{n:02d}" for n in range(1, 41))
"""Document time-stamps, in order of use; every lock leaves them out, else EU DSS refuses the file."""

LOCK_PERMISSION = 2
"""/P of both locks: form filling, because each later time-stamp creates an annotation."""


def fields_outside_lock(party: Party) -> tuple[str, ...]:
    """Name the fields that the lock of a party's signature leaves open (action EXCLUDE)."""
    return (SYNDICATE_FIELD, *TIMESTAMP_FIELDS) if party is Party.MEMBER else TIMESTAMP_FIELDS
