"""What a former authority is asked about: the time that a time-stamp proves, never the one that a signature says of itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from conventions.signatures import Indication
from signing.assessment import FileAssessment
from signing.chains import TrustStore
from signing.ended import refuse_after_ends
from signing.validation import PyhankoReader
from tests.unit.signing.material import prepared_pdf
from tests.vectors.outsiders import Way, authority, outsider, sign, stamper

ANCHOR = authority().certificate


def assessed(way: Way | None, now: datetime) -> FileAssessment:
    """Read a file signed elsewhere, and take its signature and its time-stamps for sound: a thief of the CA tells any state."""
    found = asyncio.run(PyhankoReader(TrustStore([ANCHOR]), {}, None).assess(sign(prepared_pdf(), outsider(), way), now))
    (one,) = found.signatures
    sound = replace(one, finding=replace(one.finding, indication=Indication.TOTAL_PASSED, sub_indication="", reasons=()))
    return replace(found, signatures=(sound,))


def indication(found: FileAssessment, until: datetime) -> Indication:
    trust = TrustStore([ANCHOR], {ANCHOR: until})
    return refuse_after_ends(found, trust, trust).signatures[0].finding.indication


def test_a_signature_that_nothing_dates_is_of_the_instant_of_validation_whatever_it_says_of_itself() -> None:
    now = datetime.now(UTC) + timedelta(minutes=2)
    found = assessed(None, now)
    (one,) = found.signatures
    until = one.finding.signed_at + timedelta(seconds=30)
    assert one.finding.signed_at < until < one.proven_at == now
    assert indication(found, until) is Indication.INDETERMINATE
    assert indication(found, now) is Indication.TOTAL_PASSED


def test_a_time_stamp_that_does_not_hold_dates_nothing() -> None:
    now = datetime.now(UTC) + timedelta(minutes=2)
    found = assessed(Way(stamper=stamper("Une autre autorité")), now)
    assert found.signatures[0].proven_at == now
