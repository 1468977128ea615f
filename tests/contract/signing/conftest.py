"""One PKI for a session's tests, and files signed once for those that only read them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conventions.canonical import sha256_hex
from conventions.signatures import Countersignature, SignedFile
from signing.adapter import PadesSigning
from tests.contract.signing.key_peers import IN_DEVICE, SoftHsm, certify
from tests.contract.signing.running import RunningPki
from tests.unit.signing.material import FORMULA, VICE_PRESIDENT, manifest_of, member_request, prepared_pdf


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPki]:
    running = RunningPki(tmp_path_factory.mktemp("pki") / "pki").start()
    yield running
    assert running.stop() == (0, "")


@pytest.fixture(scope="session")
def signing(pki: RunningPki) -> Iterator[PadesSigning]:
    adapter = pki.adapter()
    yield adapter
    adapter.close()


@pytest.fixture(scope="session")
def member_signed(signing: PadesSigning) -> SignedFile:
    prepared = prepared_pdf()
    return signing.sign_for_member(prepared, member_request(prepared))


@pytest.fixture(scope="session")
def countersigned(signing: PadesSigning, member_signed: SignedFile) -> SignedFile:
    digest = sha256_hex(member_signed.data)
    sealed = signing.seal_manifest(manifest_of({"2026-0014": digest}))
    items = [Countersignature("2026-0014", digest)]
    (outcome,) = signing.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: member_signed.data)
    assert outcome.signed is not None, outcome.failure
    return outcome.signed


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory, pki: RunningPki) -> SoftHsm:
    """Give a token that holds a certified key of each kind, and ``alone``, a key without certificate."""
    made = SoftHsm(tmp_path_factory.mktemp("softhsm"))
    for kind in IN_DEVICE:
        made.add_certificate(kind, certify(pki.folder, made.add_key(kind, kind)))
    made.add_key("alone", "p256")
    return made
