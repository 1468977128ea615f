"""Import the members' file: the whole file or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conventions.errors import InputRefused, NotFound, Problem
from conventions.member_file import parse_member_rows
from conventions.members import Member
from conventions.ports.registry import Transaction
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
    members = [member for _, member in rows]
    in_file = {member.siret: member for member in members}
    problems: list[Problem] = []
    with ports.registry.write() as tx:
        new = []
        for line, member in rows:
            known = _known(tx, member.id)
            if known is None:
                new.append(member)
            elif known != member:
                advice = "Ce membre est déjà enregistré avec d’autres renseignements : modifiez-le dans la gestion."
                problems.append(Problem(line, "siret", member.siret, advice))
            if member.territory is not None and not _is_epci(in_file.get(member.territory) or _known(tx, member.territory)):
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


def _known(tx: Transaction, member_id: str) -> Member | None:
    try:
        return tx.member(member_id)
    except NotFound:
        return None
