"""What the office's list is asked for: read from the address, written back into it, and given as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.ports.system import Ports
from conventions.search import Wanted
from conventions.sentences import CATEGORY_LABELS, KIND_LABELS, status_label
from conventions.status import Status
from conventions.steps.office import PAGE_SIZE, agreement_lines
from conventions.views import AgreementLine
from portal.office.standing_words import turn_of, why_of

MOST_CHARACTERS = 200
COLUMNS = (
    "référence",
    "nature",
    "organisme",
    "SIRET",
    "catégorie",
    "euros par an",
    "état",
    "depuis le",
    "représentant",
    "à qui d’agir",
    "ce qui retient",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run as a formula by office programs."""


@dataclass(frozen=True)
class Asked:
    """What was typed, as it was typed, and what it means; what cannot be understood is not looked at."""

    given: dict[str, str]
    wanted: Wanted

    def address(self, path: str, after: str | None = None) -> str:
        """Return the address of the same request on a path, from a reference on."""
        return path + "?" + urlencode({name: value for name, value in {**self.given, "apres": after or ""}.items() if value})


def _asked(
    q: Annotated[str, Query(max_length=MOST_CHARACTERS)] = "",
    campagne: Annotated[str, Query(max_length=MOST_CHARACTERS)] = "",
    nature: str = "",
    statut: str = "",
    du: str = "",
    au: str = "",
    *,
    minimum: str = "",
    maximum: str = "",
    service: Annotated[str, Query(max_length=40)] = "",
    to_handle: Annotated[str, Query(alias="a-traiter", max_length=3)] = "",
) -> Asked:
    given = {
        "q": q,
        "campagne": campagne,
        "nature": nature,
        "statut": statut,
        "du": du,
        "au": au,
        "minimum": minimum,
        "maximum": maximum,
        "service": service,
        "a-traiter": to_handle,
    }
    wanted = Wanted(
        text=q,
        campaign_id=campagne or None,
        kind=Kind(nature) if nature in set(Kind) else None,
        status=Status(statut) if statut in set(Status) else None,
        signed_from=_day(du),
        signed_until=_day(au),
        least_eur=_euros(minimum),
        most_eur=_euros(maximum),
        service=service or None,
        to_handle=to_handle == "oui",
    )
    return Asked(given, wanted)


AskedFor = Annotated[Asked, Depends(_asked)]


def every_page(ports: Ports, cookie: str, wanted: Wanted, page_size: int = PAGE_SIZE) -> Iterator[Sequence[AgreementLine]]:
    """Read all that is wanted, page by page, so that no more than a page is held at once. The first is read now: it may be refused.

    Raises:
        LinkRefused, RuleRefused.
    """
    first = agreement_lines(ports, cookie, wanted, limit=page_size)

    def pages() -> Iterator[Sequence[AgreementLine]]:
        page = first
        while page:
            yield page
            after = page[-1].reference
            page = agreement_lines(ports, cookie, wanted, after=after, limit=page_size) if len(page) == page_size else ()

    return pages()


def render_csv(pages: Iterable[Sequence[AgreementLine]]) -> Iterator[bytes]:
    """Write a table for office programs, a piece a page: semicolons, UTF-8 with its mark, nothing that they would run."""
    yield _rows([COLUMNS]).encode("utf-8-sig")
    for page in pages:
        yield _rows([_cells(line) for line in page]).encode()


def _rows(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    for cells in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in cells])
    return written.getvalue()


def _cells(line: AgreementLine) -> Sequence[str]:
    return (
        line.reference,
        KIND_LABELS[line.kind],
        line.organisation,
        line.siret,
        CATEGORY_LABELS[line.category],
        str(line.contribution_eur),
        status_label(line.status, line.kind),
        paris_date(line.since).isoformat(),
        line.person.full_name,
        turn_of(line.standing, line.person),
        " ; ".join(why_of(one) for one in line.standing.hindrances),
    )


def render_json(pages: Iterable[Sequence[AgreementLine]]) -> Iterator[bytes]:
    """Write the same for programs, a piece a page; instants are ISO 8601 in UTC, euros are whole, a year, excluding tax."""
    before = "[\n"
    for page in pages:
        yield (before + ",\n".join(json.dumps(_told(line), ensure_ascii=False) for line in page)).encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def _told(line: AgreementLine) -> dict[str, object]:
    return {
        "reference": line.reference,
        "kind": line.kind.value,
        "member": line.organisation,
        "siret": line.siret,
        "category": line.category.value,
        "contribution_eur": line.contribution_eur,
        "status": line.status.value,
        "since": line.since.isoformat(),
        "representative": line.person.full_name,
        "turn": line.standing.turn.value,
        "turn_since": line.standing.since.isoformat(),
        "hindrances": [{"why": one.why.value, "since": one.since.isoformat(), "code": one.code} for one in line.standing.hindrances],
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _euros(text: str) -> int | None:
    bare = "".join(text.split())
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 9 else None  # noqa: PLR2004 a thousand million
