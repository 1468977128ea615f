"""What documents print of a member's record, and what a correction keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from conventions.corrections import kept_power, printed
from tests.builders import example_member


def test_of_an_act_its_dates_of_sending_are_not_printed_and_no_act_prints_nothing() -> None:
    member = example_member()
    assert member.power is not None
    sent_later = replace(member.power, act=replace(member.power.act, sent_on=member.power.act.on + timedelta(days=9)))
    assert printed(replace(member, power=sent_later)) == printed(member)
    assert printed(replace(member, power=None))[2] is None
    assert printed(replace(member, power=None)) != printed(member)


def test_a_first_act_has_nothing_to_keep() -> None:
    power = example_member().power
    assert kept_power(None, power) is power
    assert kept_power(power, None) is None
