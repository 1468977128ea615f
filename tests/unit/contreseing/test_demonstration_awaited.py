"""Who is still to sign, as ``contreseing serve`` tells it."""

from __future__ import annotations

from contreseing.demonstration.awaited import AwaitedSigner, awaited_signers
from tests.fakes.world import World


def test_only_those_still_to_sign_are_named_with_their_address() -> None:
    world = World()
    signed, waiting = world.member_signed(), world.invited(rank=15)
    (awaited,) = awaited_signers(world.ports, 3)
    member = next(member for member in world.registry.state.members.values() if member.id == world.agreement(waiting).member_id)
    assert awaited == AwaitedSigner(waiting, member.name, member.representative_mail.address)
    assert signed != waiting
    assert awaited_signers(world.ports, 0) == []
