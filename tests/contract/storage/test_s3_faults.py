"""The stores on a real SeaweedFS that is down, slow, refuses, lies or falls in the middle of a put."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from minio import Minio
from minio.error import S3Error
from minio.retention import Retention
from minio.sseconfig import Rule, SSEConfig

from contreseing.embedded.seaweedfs import SeaweedfsProcess
from conventions.canonical import sha256_hex
from conventions.errors import AlreadyRecorded, ConfigurationError, EvidenceBroken, InputRefused, UpstreamUnavailable
from storage.archive import S3Archive
from storage.buckets import ensure_buckets, verify_buckets
from storage.object_store import LATELY_S, S3WorkingStore
from storage.s3_client import S3Client, S3Settings
from storage.write_once import put_once
from tests.contract.storage.conftest import Buckets
from tests.contract.storage.faulty_proxy import Answer, Fault, FaultyProxy, faulty_proxy

UNTIL = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
KEY = "agreements/2026-0001/0001-sealed"
OPEN_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},'
    '"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}]}'
)


@pytest.fixture
def proxy(seaweedfs: SeaweedfsProcess) -> Iterator[FaultyProxy]:
    with faulty_proxy("127.0.0.1", seaweedfs.server.ports["s3"]) as running:
        yield running


@pytest.fixture
def behind(buckets: Buckets, proxy: FaultyProxy) -> S3Settings:
    return dataclasses.replace(buckets.settings, url=proxy.address, read_timeout_s=0.7)


@pytest.fixture
def archive(buckets: Buckets, behind: S3Settings) -> S3Archive:
    return S3Archive(behind, buckets.archive, "GOVERNANCE")


@pytest.fixture
def minio(buckets: Buckets) -> Minio:
    return S3Client(buckets.settings).minio


def versions(minio: Minio, bucket: str, key: str) -> int:
    return len(list(minio.list_objects(bucket, prefix=key, include_version=True, recursive=True)))


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT_BEFORE,
        Fault.CUT_AFTER,
        Fault.SLOW,
        Answer(500, "InternalError"),
        Answer(503, "SlowDown"),
        Answer(429, "TooManyRequests"),
        Answer(409, "ConditionalRequestConflict"),
    ],
)
def test_a_put_that_failed_on_the_way_is_tried_again_and_stands_once(
    fault: Fault | Answer, archive: S3Archive, proxy: FaultyProxy, minio: Minio, buckets: Buckets
) -> None:
    proxy.fail("PUT", fault)

    assert archive.write(KEY, b"sealed", UNTIL).retain_until == UNTIL
    assert proxy.seen["PUT"] == 2
    assert versions(minio, buckets.archive, KEY) == 1


def test_tries_are_bounded(archive: S3Archive, proxy: FaultyProxy) -> None:
    proxy.fail("PUT", *[Answer(500, "InternalError")] * 20)

    with pytest.raises(UpstreamUnavailable) as refused:
        archive.write(KEY, b"sealed", UNTIL)

    assert (refused.value.code, refused.value.retryable, proxy.seen["PUT"]) == ("store.unavailable", True, 4)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(403, "AccessDenied"), "store.access_denied"),
        (Answer(403, "RequestTimeTooSkewed"), "store.clock_skew"),
        (Answer(404, "NoSuchBucket"), "store.no_bucket"),
        (Answer(507, "InsufficientStorage"), "store.full"),
        (Answer(400, "QuotaExceeded"), "store.full"),
        (Answer(403, "XMinioStorageFull"), "store.full"),
        (Answer(400, "EntityTooLarge"), "store.unavailable"),
    ],
)
def test_a_refusal_is_told_apart_and_not_tried_again(archive: S3Archive, proxy: FaultyProxy, answer: Answer, code: str) -> None:
    proxy.fail("PUT", answer)

    with pytest.raises(UpstreamUnavailable) as refused:
        archive.write(KEY, b"sealed", UNTIL)

    assert (refused.value.code, proxy.seen["PUT"]) == (code, 1)


def test_other_bytes_read_back_are_broken_evidence(archive: S3Archive, proxy: FaultyProxy) -> None:
    proxy.fail("GET", Fault.OTHER_BYTES)

    with pytest.raises(EvidenceBroken) as refused:
        archive.write(KEY, b"sealed", UNTIL)
    assert refused.value.code == "archive.other_bytes"


def test_a_truncated_answer_is_asked_for_again(archive: S3Archive, proxy: FaultyProxy) -> None:
    archive.write(KEY, b"sealed" * 100_000, UNTIL)
    proxy.fail("GET", Fault.TRUNCATED)

    assert archive.read(KEY) == b"sealed" * 100_000
    assert proxy.seen["GET"] == 2


def test_a_page_in_place_of_a_listing_is_unavailable(archive: S3Archive, proxy: FaultyProxy) -> None:
    proxy.fail("GET", *[Fault.HTML] * 4)

    with pytest.raises(UpstreamUnavailable):
        archive.keys("agreements/")


def test_working_bytes_that_were_changed_are_broken_evidence(buckets: Buckets, behind: S3Settings, proxy: FaultyProxy) -> None:
    working = S3WorkingStore(behind, buckets.working)
    digest = working.put(b"prepared")
    proxy.fail("GET", Fault.OTHER_BYTES)

    with pytest.raises(EvidenceBroken):
        working.get(digest)
    assert working.get(digest) == b"prepared"


def test_the_answer_to_a_working_put_may_be_lost(buckets: Buckets, behind: S3Settings, proxy: FaultyProxy, minio: Minio) -> None:
    working = S3WorkingStore(behind, buckets.working)
    proxy.fail("PUT", Fault.CUT_AFTER)

    assert working.put(b"prepared") == sha256_hex(b"prepared")
    assert versions(minio, buckets.working, "work/") == 1


def test_bytes_put_a_moment_ago_are_not_asked_for_again_and_later_they_are(
    buckets: Buckets, behind: S3Settings, proxy: FaultyProxy, minio: Minio
) -> None:
    now = [0.0]
    working = S3WorkingStore(behind, buckets.working, lambda: now[0])
    digest = working.put(b"sealed list")
    assert [working.put(b"sealed list"), working.put(b"sealed list")] == [digest] * 2
    assert proxy.seen == {"PUT": 1}
    now[0] += LATELY_S
    minio.remove_object(buckets.working, f"work/{digest}")
    assert working.put(b"sealed list") == digest
    assert proxy.seen == {"PUT": 2}
    assert working.get(digest) == b"sealed list"


def test_a_put_that_failed_is_tried_the_next_time(buckets: Buckets, behind: S3Settings, proxy: FaultyProxy) -> None:
    working = S3WorkingStore(behind, buckets.working)
    proxy.fail("PUT", *[Fault.HTML] * 4)
    with pytest.raises(UpstreamUnavailable):
        working.put(b"sealed list")
    assert working.get(working.put(b"sealed list")) == b"sealed list"


@pytest.mark.parametrize("held", [True, False])
def test_a_hold_that_only_a_page_answered_is_not_believed(archive: S3Archive, proxy: FaultyProxy, *, held: bool) -> None:
    archive.write(KEY, b"sealed", UNTIL)
    archive.set_legal_hold(KEY, held=not held)
    proxy.fail("PUT", Fault.HTML)

    with pytest.raises(UpstreamUnavailable):
        archive.set_legal_hold(KEY, held=held)
    archive.set_legal_hold(KEY, held=held)
    assert archive.has_legal_hold(KEY) is held


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a/../b", "é", "a b"])
def test_derived_names_are_plain(buckets: Buckets, name: str) -> None:
    with pytest.raises(InputRefused):
        S3WorkingStore(buckets.settings, buckets.working).put_named(name, b"")


def test_the_store_itself_refuses_a_taken_key_and_a_wrong_checksum(buckets: Buckets, minio: Minio) -> None:
    client = S3Client(buckets.settings)
    put_once(client, buckets.archive, KEY, b"first")
    with pytest.raises(AlreadyRecorded):
        put_once(client, buckets.archive, KEY, b"other")
    assert minio.get_object(buckets.archive, KEY).data == b"first"

    wrong = {"x-amz-checksum-sha256": "A" * 43 + "="}
    with pytest.raises(S3Error) as refused:
        minio._execute("PUT", buckets.archive, "wrong", body=b"bytes", headers=wrong)  # type: ignore[arg-type]
    assert refused.value.response.status == 400


def test_a_locked_version_cannot_be_deleted_nor_its_lock_shortened(archive: S3Archive, minio: Minio, buckets: Buckets) -> None:
    written = archive.write(KEY, b"sealed", UNTIL)

    with pytest.raises(S3Error):
        minio.remove_object(buckets.archive, KEY, version_id=written.version_id)
    with pytest.raises(S3Error):
        minio.set_object_retention(buckets.archive, KEY, Retention("GOVERNANCE", UNTIL - timedelta(days=1)))
    assert archive.state(KEY) == written


def test_compliance_is_asked_for_where_it_is_set(buckets: Buckets) -> None:
    strict = S3Archive(buckets.settings, buckets.archive, "COMPLIANCE")

    assert strict.write(KEY, b"sealed", datetime.now(UTC) + timedelta(minutes=1)).lock_mode == "COMPLIANCE"
    with pytest.raises(ConfigurationError):
        S3Archive(buckets.settings, buckets.archive, "compliance")


def test_an_object_put_without_lock_is_locked_when_it_is_written_again(archive: S3Archive, minio: Minio, buckets: Buckets) -> None:
    minio.put_object(buckets.archive, KEY, io.BytesIO(b"sealed"), 6)
    assert archive.state(KEY).lock_mode == ""

    written = archive.write(KEY, b"sealed", UNTIL)

    assert (written.lock_mode, written.retain_until) == ("GOVERNANCE", UNTIL)
    assert versions(minio, buckets.archive, KEY) == 1


def test_a_bucket_without_lock_does_not_pass_for_an_archive(buckets: Buckets) -> None:
    with pytest.raises((EvidenceBroken, UpstreamUnavailable)):
        S3Archive(buckets.settings, buckets.working, "GOVERNANCE").write(KEY, b"sealed", UNTIL)


def test_buckets_are_made_once_and_checked(buckets: Buckets, minio: Minio) -> None:
    ensure_buckets(buckets.settings, buckets.working, buckets.archive)

    with pytest.raises(ConfigurationError, match="without object lock"):
        verify_buckets(buckets.settings, buckets.working, buckets.working)
    with pytest.raises(ConfigurationError, match="does not exist"):
        verify_buckets(buckets.settings, "none-such", buckets.archive)
    minio.set_bucket_policy(buckets.archive, OPEN_POLICY % buckets.archive)
    with pytest.raises(ConfigurationError, match="open to everybody"):
        verify_buckets(buckets.settings, buckets.working, buckets.archive)


def test_an_encryption_that_is_asked_for_is_checked(buckets: Buckets, minio: Minio) -> None:
    with pytest.raises(ConfigurationError, match="encrypted by nothing, not by AES256"):
        verify_buckets(buckets.settings, buckets.working, buckets.archive, "AES256")
    for bucket in (buckets.working, buckets.archive):
        minio.set_bucket_encryption(bucket, SSEConfig(Rule.new_sse_s3_rule()))

    verify_buckets(buckets.settings, buckets.working, buckets.archive, "AES256")


def test_a_bucket_without_versions_is_refused(buckets: Buckets, minio: Minio) -> None:
    minio.make_bucket(f"{buckets.working}-plain")

    with pytest.raises(ConfigurationError, match="does not keep versions"):
        verify_buckets(buckets.settings, f"{buckets.working}-plain", buckets.archive)


def test_nobody_waits_longer_than_the_patience_set(buckets: Buckets, behind: S3Settings, proxy: FaultyProxy) -> None:
    hasty = S3Archive(dataclasses.replace(behind, patience_s=0.1), buckets.archive, "GOVERNANCE")
    proxy.fail("GET", *[Fault.SLOW] * 4)

    with pytest.raises(UpstreamUnavailable):
        hasty.read(KEY)
    assert proxy.seen["GET"] == 1
    hasty.close()


def test_a_wrong_key_pair_is_refused(buckets: Buckets) -> None:
    for wrong in (dataclasses.replace(buckets.settings, secret_key="wrong"), dataclasses.replace(buckets.settings, access_key="wrong")):
        with pytest.raises(UpstreamUnavailable) as refused:
            S3Archive(wrong, buckets.archive, "GOVERNANCE").read(KEY)
        assert refused.value.code == "store.access_denied"
        assert "wrong" not in f"{refused.value}{wrong}"


@pytest.mark.parametrize("url", ["", "host:8333", "ftp://host", "http://host/path", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        S3Client(S3Settings(url, "a", "b"))


def test_a_store_that_is_gone_is_unavailable_and_comes_back_with_what_it_held(seaweedfs: SeaweedfsProcess, buckets: Buckets) -> None:
    archive = S3Archive(buckets.settings, buckets.archive, "GOVERNANCE")
    written = archive.write(KEY, b"sealed", UNTIL)

    seaweedfs.kill()
    try:
        with pytest.raises(UpstreamUnavailable):
            archive.read(KEY)
    finally:
        seaweedfs.start()

    assert (archive.read(KEY), archive.state(KEY)) == (b"sealed", written)
