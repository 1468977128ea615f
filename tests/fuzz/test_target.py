"""The fuzz target itself: its seeds are good ones, and what it watches for would be seen."""

from __future__ import annotations

import pytest

from conventions.signatures import PadesLevel
from tests.fuzz import target


@pytest.mark.parametrize("name", target.SEEDS.appended)
def test_every_seed_is_accepted_and_every_reader_reads_it(name: str) -> None:
    appended = target.SEEDS.appended[name]
    assert target._check_upload(target.SEEDS.prepared + appended) in target.SIGNED - {None}
    for reader in range(len(target.READERS)):
        target.read(bytes([reader]) + appended)


def test_a_signature_that_no_seed_holds_breaks_the_property() -> None:
    with pytest.raises(target.PropertyBroken):
        target.read_upload(target.SEEDS.prepared + target.SEEDS.appended["handmade"], signed=())


def test_the_sealed_seed_is_valid_to_both_readers_so_that_what_they_take_can_be_wrong() -> None:
    sealed = target.SEEDS.prepared + target.SEEDS.sealed
    assert target.SECOND.validate(sealed, target.EXPECTED, target.SEEDS.made_at).valid
    found = target.FIRST.verify(sealed, target.SEEDS.made_at)
    assert (found.is_valid, found.level) == (True, PadesLevel.B_LTA)
    for reader in range(len(target.READERS)):
        target.read(bytes([reader]) + target.SEEDS.sealed)
    for read in (target.read_second, target.read_first):
        with pytest.raises(target.PropertyBroken):
            read(sealed, sealed=())


@pytest.mark.parametrize("given", [b"", b"\0", b"\1", b"\2", b"\0%PDF", b"\1trailer", b"\2startxref"])
def test_what_is_no_upload_is_refused(given: bytes) -> None:
    target.read(given)
