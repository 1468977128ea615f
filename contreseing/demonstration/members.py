"""The members' file of the demonstration: the 64 published bodies and amounts, with fictitious people, acts and numbers.

Nobody is drawn by chance: the same year gives the same file. Names are put together from pieces of Breton place names, so
that they read like names of the region and are nobody's; they hold the letters that break software (``ñ``, ``c'h``, ``ï``).
"""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date, timedelta

from contreseing.data import read_data
from conventions.member_columns import COLUMNS
from conventions.siret import fictitious_siret

WOMEN = ("Nolwenn", "Maëlle", "Gwenaëlle", "Soazig", "Rozenn", "Anaïg", "Azénor", "Françoise", "Maïwenn", "Tifenn")
MEN = ("Erwan", "Loïc", "Fañch", "Ronan", "Hervé", "Goulc'hen", "Maël", "Jean-Noël", "Yann", "Kévin")
NAME_STARTS = ("Ker", "Penn", "Tré", "Lann", "Ros", "Koad", "Plou", "Gwern")
NAME_ENDS = ("valec'h", "venteñ", "moallic", "hoadec", "zalaün", "c'hoarzh", "brizec", "lohéac")
SEATS = ("place de la Démonstration", "rue de l'Océan-Fictif", "allée des Ajoncs", "quai de l'Exemple", "boulevard du Menhir")
DISTRICT = {"region": "35", "department": "22", "epci": "56"}
GENERIC_EVERY = 20
"""One body out of so many is reached at a service's mailbox: the desk then asks to look at it alone."""

CAPACITIES = {
    "region": ("présidente du conseil régional", "président du conseil régional"),
    "department": ("présidente du conseil départemental", "président du conseil départemental"),
    "epci": ("présidente", "président"),
}
ACTS = {
    "region": ("standing_commission", "la commission permanente du conseil régional"),
    "department": ("standing_commission", "la commission permanente du conseil départemental"),
    "epci": ("deliberation", "le conseil communautaire"),
}
BUREAU_EVERY = 7
"""One EPCI out of so many was empowered by a decision of its bureau."""


def published_members() -> list[dict[str, str]]:
    """Read the published recapitulation: name, category, contribution in euros."""
    return list(csv.DictReader(io.StringIO(read_data("members-2020.csv"))))


def render_member_file(year: int) -> str:
    """Render the import file (CSV) of the demonstration's programme that begins on 1 January of ``year``."""
    output = io.StringIO()
    writer = csv.DictWriter(output, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for rank, published in enumerate(published_members(), start=1):
        writer.writerow(_row(rank, published, year))
    return output.getvalue()


def _row(rank: int, published: dict[str, str], year: int) -> dict[str, str]:
    category = published["category"]
    domain = f"{_ascii(published['name'])[:40].strip('-')}.invalid"
    is_woman = rank % 2 == 1
    given_name = (WOMEN if is_woman else MEN)[rank // 2 % len(WOMEN)]
    family_name = NAME_STARTS[(rank - 1) // 8] + NAME_ENDS[(rank - 1) % 8]
    referent = (MEN if is_woman else WOMEN)[rank % len(MEN)], NAME_STARTS[rank % 8] + NAME_ENDS[rank // 8 % 8]
    act_type, act_body = ACTS[category]
    if category == "epci" and rank % BUREAU_EVERY == 0:
        act_type, act_body = "bureau_decision", "le bureau communautaire"
    act_on = date(year - 1, 11, 24) + timedelta(days=rank % 20)
    person = "contact" if rank % GENERIC_EVERY == 0 else f"{_ascii(given_name)}.{_ascii(family_name)}"
    return {
        "name": published["name"],
        "category": category,
        "siret": fictitious_siret(rank),
        "contribution_eur": published["contribution_2020_eur"],
        "seat": f"{rank} {SEATS[rank % len(SEATS)]}, {DISTRICT[category]}000 Ville-Fictive",
        "representative_civility": "Mme" if is_woman else "M.",
        "representative_given_name": given_name,
        "representative_family_name": family_name,
        "representative_capacity": CAPACITIES[category][0 if is_woman else 1],
        "representative_email": f"{person}@{domain}",
        "email_source": "annuaire fictif de la démonstration",
        "email_checked_on": date(year - 1, 12, 15).isoformat(),
        "email_checked_by": "agent",
        "second_email": f"direction.generale@{domain}",
        "telephone": f"02 61 91 {rank // 10:02d} {rank % 10:02d}",
        "act_type": act_type,
        "act_body": act_body,
        "act_number": f"{year - 1}-{100 + rank}",
        "act_on": act_on.isoformat(),
        "act_sent_on": (act_on + timedelta(days=3)).isoformat(),
        "act_published_on": (act_on + timedelta(days=4)).isoformat(),
        "referent_civility": "M." if is_woman else "Mme",
        "referent_given_name": referent[0],
        "referent_family_name": referent[1],
        "referent_function": "responsable des usages numériques",
        "referent_email": f"{_ascii(referent[0])}.{_ascii(referent[1])}@{domain}",
        "referent_telephone": f"02 61 91 {90 + rank // 100:02d} {rank % 100:02d}",
        "service_code": "SRV-NUM" if rank % 3 == 0 else "",
        "engagement_number": f"EJ-{year}-{rank:04d}" if rank % 3 == 0 else "",
    }


def _ascii(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in bare).split())
