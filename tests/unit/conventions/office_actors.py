"""What agents do to one in-memory world to put things right, by the steps of the office."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from conventions.agreements import Agreement, FactKind
from conventions.corrections import act_form, form_of
from conventions.deadlines import deadline_of
from conventions.errors import RuleRefused
from conventions.held_uploads import held_upload
from conventions.links import Purpose
from conventions.members import Member
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.status import Status
from conventions.steps import accept_upload, cancel, correct_member, extend, judge_certificate, redraft
from tests.builders import example_member
from tests.fakes.signing import NO_SIREN
from tests.fakes.world import World

MORE_TIME = timedelta(days=61)
POWER = example_member().power


def uploading_world() -> World:
    """Return a world that accepts files signed elsewhere, whose agents confirm certificates that name no organisation."""
    world = World()
    world.ports = replace(world.ports, rules=replace(world.ports.rules, accepts_uploads=True, confirms_certificates=True))
    return world


class OfficeActors:
    """Agents of one world."""

    world: World

    def office_moves(self, reference: str) -> Mapping[str, Callable[[], object]]:
        """Name what an agent may do with an agreement."""
        world = self.world
        return {
            "redraft": lambda: self.redrafted(reference),
            "correct": lambda: self.corrected(reference),
            "rename": lambda: self.renamed(reference),
            "move_mailbox": lambda: self.corrected(reference, moves_mailbox=True),
            "lift": lambda: correct_member.lift_stop(world.ports, self.member(reference).id, "Transmis hier.", "agent"),
            "extend": lambda: extend.extend(world.ports, reference, world.clock.now() + MORE_TIME, "agent"),
            "confirm": lambda: self.judged(reference, judge_certificate.confirm_certificate),
            "refuse": lambda: self.judged(reference, judge_certificate.refuse_certificate),
            "cancel": lambda: cancel.cancel(world.ports, reference, "Créée par erreur.", "agent"),
        }

    def uploaded(self, reference: str, cookie: str) -> None:
        """Have the member send a file signed with a certificate that names no organisation, or one that does."""
        prepared = self.world.agreement(reference).required_fact(FactKind.PREPARED).text("sha256")
        is_named = len(self.world.agreement(reference).facts) % 3 == 0
        accept_upload.accept_upload(self.world.ports, cookie, self.world.ports.working.get(prepared) + (b"named" if is_named else NO_SIREN))

    def judged(self, reference: str, judge: Callable[[Ports, str, int, str, str], None]) -> None:
        """Have an agent confirm or refuse the file that came last, whether it still waits or not."""
        number = sum(fact.kind is FactKind.UPLOAD_HELD for fact in self.world.agreement(reference).facts)
        judge(self.world.ports, reference, number, "a-agent", "Comparé.")

    def confirmed_what_waits(self, reference: str) -> bool:
        """Confirm the file that waits; tell whether there was one."""
        is_held = held_upload(self.world.agreement(reference)) is not None
        if is_held:
            self.judged(reference, judge_certificate.confirm_certificate)
        return is_held

    @staticmethod
    def may_still_decide(agreement: Agreement) -> bool:
        """Tell whether the member was invited and has not agreed."""
        return agreement.fact(FactKind.INVITED) is not None and agreement.fact(FactKind.CONSENTED) is None

    def corrected(self, reference: str, *, moves_mailbox: bool = False) -> None:
        """Correct what documents print of the member, or only the address to which it is written."""
        member = self.member(reference)
        person, mail = member.representative, member.representative_mail
        values = form_of(member)
        if moves_mailbox:
            values["representative_email"] = mail.address.removeprefix("x-") if mail.address.startswith("x-") else f"x-{mail.address}"
        else:
            values["representative_capacity"] = "Présidente" if person.capacity != "Présidente" else "Présidente par intérim"
        correct_member.correct_member(self.world.ports, member.id, values, "agent")

    def renamed(self, reference: str) -> None:
        """Correct the member's name; of what is in force, it is refused."""
        member = self.member(reference)
        name = member.name.removesuffix(" (suite)") if member.name.endswith(" (suite)") else f"{member.name} (suite)"
        correct_member.correct_member(self.world.ports, member.id, {**form_of(member), "name": name}, "agent")

    def member(self, reference: str) -> Member:
        """Read the member of an agreement."""
        with self.world.registry.read() as tx:
            return tx.member(tx.agreement(reference).member_id)

    def redrafted(self, reference: str) -> None:
        """Open the next version; with more time, where the deadline is past."""
        with self.world.registry.read() as tx:
            agreement = tx.agreement(reference)
            is_late = deadline_of(agreement, tx.campaign(agreement.campaign_id)) <= self.world.clock.now()
        later = self.world.clock.now() + MORE_TIME if is_late else None
        redraft.redraft(self.world.ports, reference, "agent", reason="Une erreur.", deadline=later)

    def give_power(self, reference: str, *, is_there: bool) -> None:
        """Withdraw the member's act of power, or give it back."""
        member = self.member(reference)
        if is_there and member.power is None:
            with suppress(RuleRefused):  # agreed to, and not signed yet: what was withdrawn comes back by itself
                correct_member.correct_member(self.world.ports, member.id, {**form_of(member), **act_form(POWER)}, "agent")
                return
        if is_there is (member.power is None):
            with self.world.registry.write() as tx:
                tx.update_member(replace(member, power=POWER if is_there else None))

    def check_not_stale(self, reference: str) -> None:
        """What may be signed names the representative as the record does now, and is asked for at the address that is recorded."""
        agreement, member = self.world.agreement(reference), self.member(reference)
        if self.world.status(reference) is Status.AWAITING_MEMBER and agreement.fact(FactKind.CONSENTED) is None:
            assert preparation_of(agreement).member.person == member.representative
            assert preparation_of(agreement).member.organisation == member.name
            with self.world.registry.read() as tx:
                open_links = [link for link in tx.links_of(reference) if link.is_open(self.world.clock.now())]
            signing = [link for link in open_links if link.purpose is Purpose.SIGN]
            assert {link.address for link in signing} <= {member.representative_mail.address}
