"""The fuzz target itself: its seeds are good ones, and what it watches for would be seen."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("given", [b"", b"\0", b"\1", b"\2", b"\0%PDF", b"\1trailer", b"\2startxref"])
def test_what_is_no_upload_is_refused(given: bytes) -> None:
    target.read(given)
