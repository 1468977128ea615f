"""People, and the addresses at which they are reached."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

GENERIC_LOCAL_PARTS = frozenset(
    {"mairie", "contact", "accueil", "secretariat", "info", "infos", "courrier", "administration", "direction", "dgs", "communaute"}
)
"""A mailbox of a service rather than of a person: it proves less (architecture: people.md, law 3)."""

_EMAIL = re.compile(r"[^@\s<>\"(),:;]{1,64}@(?=.{4,253}$)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\Z")


class Civility(StrEnum):
    """How a person is addressed."""

    MADAME = "Mme"
    MONSIEUR = "M."


@dataclass(frozen=True)
class Person:
    """A natural person; ``capacity`` as printed after the name, e.g. « présidente »."""

    civility: Civility
    given_name: str
    family_name: str
    capacity: str

    @property
    def full_name(self) -> str:
        """Given name then family name, as certificates and pages write it."""
        return f"{self.given_name} {self.family_name}"

    @property
    def addressed(self) -> str:
        """Civility, given and family name."""
        return f"{self.civility} {self.full_name}"


@dataclass(frozen=True)
class MailAddress:
    """An e-mail address and how we know that it is this person's: source, day checked, checker, and when they were called back."""

    address: str
    source: str
    checked_on: date | None = None
    checked_by: str | None = None
    called_back_on: date | None = None

    @property
    def is_generic(self) -> bool:
        """A service's mailbox (mairie@, contact@ …), which raises a warning."""
        return folded(self.address.partition("@")[0]) in GENERIC_LOCAL_PARTS

    @property
    def masked(self) -> str:
        """The address as a page may show it: first letter, then the domain's first letter."""
        local, _, domain = self.address.partition("@")
        return f"{local[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :]}"


def is_mail_address(text: str) -> bool:
    """Tell whether the text has the form of one address (RFC 5321 lengths, no display name, no quoting)."""
    return _EMAIL.match(text) is not None


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """Reduce a name for comparison: no accents, case, hyphens, apostrophes or doubled spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[-'’ʼ.\s]+", " ", bare).casefold().split())


def is_same_person(one: Person, other: Person) -> bool:
    """Compare two people by their names alone, order and accents aside; used to refuse one person on both sides."""
    return sorted(folded(one.full_name).split()) == sorted(folded(other.full_name).split())


@dataclass(frozen=True)
class Referent:
    """The member's contact with the syndicate (an EPCI's is also the territory's)."""

    person: Person
    email: str
    telephone: str
