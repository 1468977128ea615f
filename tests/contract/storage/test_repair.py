"""A second bucket set on an archive that stands: filled by the repair, with locks and holds, then checked, on a real store."""

from __future__ import annotations

import dataclasses

import pytest
from minio import Minio

from conventions.archive_faults import ArchiveFault
from conventions.status import Status
from conventions.steps.check_archive import check_archive
from conventions.steps.hold import hold
from conventions.steps.repair_archive import repair_archive
from conventions.steps.stamp_journal import stamp_journal
from storage.archive import S3Archive
from storage.s3_client import S3Client
from storage.two_archives import TwoArchives
from tests.contract.storage.conftest import Buckets
from tests.fakes.world import World


@pytest.fixture
def minio(buckets: Buckets) -> Minio:
    return S3Client(buckets.settings).minio


def test_a_second_store_is_filled_and_what_is_hidden_in_one_is_left(buckets: Buckets, minio: Minio) -> None:
    world = World()
    first = S3Archive(buckets.settings, buckets.archive, "GOVERNANCE")
    world.ports = dataclasses.replace(world.ports, archive=first)
    reference = world.archived()
    stamp_journal(world.ports)
    hold(world.ports, reference, "contentieux devant le tribunal", "agent")
    minio.make_bucket(f"{buckets.archive}-second", object_lock=True)
    second = S3Archive(buckets.settings, f"{buckets.archive}-second", "GOVERNANCE")
    world.ports = dataclasses.replace(world.ports, archive=TwoArchives(first, second))

    assert {(one.store, one.fault) for one in check_archive(world.ports).findings} == {(2, ArchiveFault.NOT_COPIED)}
    assert world.status(reference) is Status.ARCHIVED
    done = repair_archive(world.ports, lambda _: None)

    assert (done.copied, done.lost) == (len(first.keys("")), ())
    for key in first.keys(""):
        ours, theirs = first.state(key), second.state(key)
        assert (theirs.retain_until, theirs.lock_mode, theirs.size_bytes) == (ours.retain_until, ours.lock_mode, ours.size_bytes)
        assert (second.read(key), second.has_legal_hold(key)) == (first.read(key), first.has_legal_hold(key))
    assert check_archive(world.ports).holds
    assert repair_archive(world.ports, lambda _: None).copied == 0

    sealed = next(key for key in second.keys("agreements/") if "-sealed-" in key)
    minio.remove_object(f"{buckets.archive}-second", sealed)  # a delete marker: a person's business
    assert repair_archive(world.ports, lambda _: None).copied == 0
    assert {one.fault for one in check_archive(world.ports).findings} >= {ArchiveFault.HIDDEN}
