"""Import the members' file: the whole file or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from conventions.errors import InputRefused, Problem
from conventions.member_file import parse_member_rows
from conventions.members import Member
from conventions.people import folded
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.scale import Category


@dataclass(frozen=True)
class Imported:
    """What a file brought, in its order: all its members, and those among them that were not registered."""

    members: Sequence[Member]
    new: Sequence[Member]


def import_members(ports: Ports, text: str, programme_id: str, by: str) -> Imported:
    """Read the file against a programme's scale and add the members that are new; an identical member is left as it is.

    Raises:
        InputRefused: ``problems`` says what is wrong, line by line; nothing was imported.
    """
    with ports.registry.read() as tx:
        scale = tx.programme(programme_id).scale
    rows = parse_member_rows(text, scale)
    in_file = {member.siret: member for _, member in rows}
    problems: list[Problem] = []
    with ports.registry.write() as tx:
        registered = tx.members()
        by_siret, by_id = {member.siret: member for member in registered}, {member.id: member for member in registered}
        members, new = [], []
        for line, read in rows:
            known = by_siret.get(read.siret)
            member = replace(read, id=known.id if known is not None else _free_id(read.siret, by_id))
            if known is None and _is_same_body(read, by_id.get(read.siret)):
                advice = "Ce SIRET a été corrigé dans la gestion depuis : écrivez le nouveau, ou supprimez cette ligne."
                problems.append(Problem(line, "siret", read.siret, advice))
            members.append(member)
            if known is None:
                new.append(member)
            elif known != member:
                advice = "Ce membre est déjà enregistré avec d’autres renseignements : modifiez-le dans la gestion."
                problems.append(Problem(line, "siret", member.siret, advice))
            if member.territory is not None and not _is_epci(in_file.get(member.territory) or by_siret.get(member.territory)):
                advice = "Aucun EPCI de ce SIRET, ni dans le fichier ni déjà enregistré : ajoutez sa ligne ou corrigez ce numéro."
                problems.append(Problem(line, "territory_siret", member.territory, advice))
        if problems:
            raise InputRefused(
                f"the members' file has {len(problems)} problems", code="import.refused", problems=problems, count=len(problems)
            )
        for member in new:
            tx.add_member(member)
        if new:
            record_event(
                ports,
                tx,
                "members.imported",
                at=ports.clock.now(),
                data={"programme": programme_id, "sirets": [member.siret for member in new]},
                personal={"by": by},
            )
    return Imported(members, new)


def _is_epci(member: Member | None) -> bool:
    return member is not None and member.category is Category.EPCI


def _is_same_body(read: Member, holder: Member | None) -> bool:
    """Tell whether a row is the former one of a member whose SIRET was corrected: it says its name, or where to write to it."""
    if holder is None:
        return False
    return folded(read.name) == folded(holder.name) or read.representative_mail.address == holder.representative_mail.address


def _free_id(siret: str, taken: Collection[str]) -> str:
    """Return the SIRET as the id of a new member; with a number after it where it is that of a member whose SIRET was corrected."""
    number, found = 1, siret
    while found in taken:
        number += 1
        found = f"{siret}-{number}"
    return found
