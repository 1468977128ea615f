"""Import the members' file: the whole file or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from conventions.errors import InputRefused, NotFound, Problem
from conventions.member_file import parse_member_file
from conventions.members import Member
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event


def import_members(ports: Ports, text: str, programme_id: str, by: str) -> Sequence[Member]:
    """Read the file against a programme's scale and add the members that are new; an identical member is left as it is.

    Raises:
        InputRefused: ``problems`` says what is wrong, line by line; nothing was imported.
    """
    with ports.registry.read() as tx:
        scale = tx.programme(programme_id).scale
    members = parse_member_file(text, scale)
    problems: list[Problem] = []
    with ports.registry.write() as tx:
        new = []
        for rank, member in enumerate(members, start=2):
            known = _known(tx, member.id)
            if known is None:
                new.append(member)
            elif known != member:
                advice = "Ce membre est déjà enregistré avec d'autres renseignements : modifiez-le dans la gestion."
                problems.append(Problem(rank, "siret", member.siret, advice))
        if problems:
            raise InputRefused("members already registered with other data", code="import.refused", problems=problems, count=len(problems))
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
    return members


def _known(tx: Transaction, member_id: str) -> Member | None:
    try:
        return tx.member(member_id)
    except NotFound:
        return None
