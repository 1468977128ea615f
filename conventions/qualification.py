"""Is it qualified? What trusted lists say of a signature or a time-stamp, and why (Regulation (EU) 910/2014; ETSI TS 119 615)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from conventions.canonical import Json


class QualifiedWhy(StrEnum):
    """Why something counts as qualified, does not, or why that cannot be told; each belongs to one answer (``ANSWERS``)."""

    GRANTED = "granted"
    NOT_CLAIMED = "not_claimed"
    NOT_LISTED = "not_listed"
    NOT_GRANTED_THEN = "not_granted_then"
    DENIED = "denied"
    NO_DEVICE = "no_device"
    NOT_FOR_SIGNATURES = "not_for_signatures"
    NOT_VALID = "not_valid"
    NO_LIST = "no_list"
    LISTS_INCOMPLETE = "lists_incomplete"
    LIST_OUT_OF_DATE = "list_out_of_date"
    UNDECIDED = "undecided"


ANSWERS: Mapping[QualifiedWhy, bool | None] = MappingProxyType(
    {
        QualifiedWhy.GRANTED: True,
        QualifiedWhy.NOT_CLAIMED: False,
        QualifiedWhy.NOT_LISTED: False,
        QualifiedWhy.NOT_GRANTED_THEN: False,
        QualifiedWhy.DENIED: False,
        QualifiedWhy.NO_DEVICE: False,
        QualifiedWhy.NOT_FOR_SIGNATURES: False,
        QualifiedWhy.NOT_VALID: False,
        QualifiedWhy.NO_LIST: None,
        QualifiedWhy.LISTS_INCOMPLETE: None,
        QualifiedWhy.LIST_OUT_OF_DATE: None,
        QualifiedWhy.UNDECIDED: None,
    }
)
"""True only by a list whose signature was verified and that is not out of date; None when nothing can be said."""

SIGNATURE_WHY: Mapping[QualifiedWhy, str] = MappingProxyType(
    {
        QualifiedWhy.GRANTED: "son certificat est qualifié, sa clé dans un dispositif qualifié, et le service qui l’a délivré l’était",
        QualifiedWhy.NOT_CLAIMED: "son certificat ne se dit pas qualifié",
        QualifiedWhy.NOT_LISTED: "aucune liste de confiance ne nomme le service qui a délivré son certificat",
        QualifiedWhy.NOT_GRANTED_THEN: "le service qui a délivré son certificat n’était pas qualifié à cette date",
        QualifiedWhy.DENIED: "la liste de confiance dit que ce certificat ne l’est pas",
        QualifiedWhy.NO_DEVICE: "son certificat est qualifié, mais rien ne dit que sa clé est dans un dispositif qualifié",
        QualifiedWhy.NOT_FOR_SIGNATURES: "son certificat, ou le service qui l’a délivré, sert à autre chose que signer (cachet, site)",
        QualifiedWhy.NOT_VALID: "la signature n’est pas valable",
        QualifiedWhy.NO_LIST: "aucune liste de confiance n’est installée",
        QualifiedWhy.LISTS_INCOMPLETE: "aucune des listes de confiance installées ne nomme le service, et il en manque",
        QualifiedWhy.LIST_OUT_OF_DATE: "la liste de confiance installée est périmée",
        QualifiedWhy.UNDECIDED: "son certificat ou la liste de confiance ne permettent pas de le dire",
    }
)
TIMESTAMP_WHY: Mapping[QualifiedWhy, str] = MappingProxyType(
    {
        **SIGNATURE_WHY,
        QualifiedWhy.GRANTED: "le service qui l’a donné était qualifié",
        QualifiedWhy.NOT_LISTED: "aucune liste de confiance ne nomme le service qui l’a donné",
        QualifiedWhy.NOT_GRANTED_THEN: "le service qui l’a donné n’était pas qualifié à cette date",
        QualifiedWhy.NOT_VALID: "l’horodatage n’est pas valable",
    }
)
FEMININE_ANSWERS: Mapping[bool | None, str] = MappingProxyType(
    {True: "qualifiée", False: "non qualifiée", None: "tenue pour non qualifiée"}
)
MASCULINE_ANSWERS: Mapping[bool | None, str] = MappingProxyType({True: "qualifié", False: "non qualifié", None: "tenu pour non qualifié"})


@dataclass(frozen=True)
class Qualification:
    """An answer: why, and, where one was read, the list (territory, issue) and the service it names."""

    why: QualifiedWhy
    territory: str = ""
    service: str = ""
    list_issued_at: datetime | None = None

    @property
    def is_qualified(self) -> bool | None:
        """True, False, or None when nothing can be said."""
        return ANSWERS[self.why]

    def of_signature(self) -> str:
        """Tell it of a signature, in French."""
        return f"signature {FEMININE_ANSWERS[self.is_qualified]}, {self._because(SIGNATURE_WHY)}"

    def of_timestamp(self) -> str:
        """Tell it of a time-stamp, in French."""
        return f"horodatage {MASCULINE_ANSWERS[self.is_qualified]}, {self._because(TIMESTAMP_WHY)}"

    def _because(self, told: Mapping[QualifiedWhy, str]) -> str:
        why = told[self.why]
        named = f" (liste {self.territory}\N{NO-BREAK SPACE}; {self.service})" if self.territory else ""
        because = "parce qu’" if why[0] in "aeiou" else "parce que "
        return f"{because}{why}{named}"

    def as_json(self) -> Mapping[str, Json]:
        """Return what is published of it."""
        issued_at = None if self.list_issued_at is None else self.list_issued_at.isoformat()
        return {
            "qualified": self.is_qualified,
            "why": self.why.value,
            "list": self.territory,
            "service": self.service,
            "list_issued_at": issued_at,
        }


NO_LIST = Qualification(QualifiedWhy.NO_LIST)


def answer_of(published: Json) -> Qualification:
    """Read an answer as it was published; reports of before lists were read say none, and a reader that does not look says null."""
    if not isinstance(published, Mapping):
        return NO_LIST
    issued_at = published["list_issued_at"]
    return Qualification(
        QualifiedWhy(str(published["why"])),
        str(published["list"]),
        str(published["service"]),
        None if issued_at is None else datetime.fromisoformat(str(issued_at)),
    )


def is_overdue(next_update_at: datetime | None, at: datetime) -> bool:
    """Tell whether a list's next issue is overdue; a list without a next one was closed (TS 119 612, 5.3.15), and cannot be used."""
    return next_update_at is None or next_update_at < at


@dataclass(frozen=True)
class ListState:
    """One list of the cache: when it was issued and must be issued again at the latest; ``fault``, French, says what failed last."""

    territory: str
    address: str
    issued_at: datetime | None = None
    next_update_at: datetime | None = None
    fault: str = ""

    def is_out_of_date(self, at: datetime) -> bool:
        """Tell whether the next issue is due at that instant; a list without one was closed, and is."""
        return is_overdue(self.next_update_at, at)


@dataclass(frozen=True)
class ListsState:
    """The cache as a whole: the list of the lists first. ``refreshed_at``: when all was last fetched without a fault."""

    lists: tuple[ListState, ...]
    refreshed_at: datetime | None

    def ageing(self, at: datetime, alert_before: timedelta) -> Sequence[tuple[str, str]]:
        """List what a person must look at: territory, and a French sentence; empty while all is well."""
        if not self.lists:
            return (("", "aucune liste n’est encore installée"),)
        told = []
        for one in self.lists:
            if one.fault and one.issued_at is None:
                told.append((one.territory, f"absente ({one.fault})"))
            elif one.is_out_of_date(at):
                told.append((one.territory, "périmée" if one.next_update_at else "sans date de prochaine mise à jour"))
            elif one.is_out_of_date(at + alert_before):
                told.append((one.territory, "sa mise à jour est due sous peu, et n’est pas arrivée"))
            elif one.fault:
                told.append((one.territory, f"copie précédente gardée ({one.fault})"))
        return tuple(told)
