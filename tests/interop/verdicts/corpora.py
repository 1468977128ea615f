"""The files that are judged: uploads, honest and not; our own files changed after they were sealed; each level by each kind of key."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conventions.canonical import sha256_hex
from conventions.kinds import SYNDICATE_FIELD, Party
from conventions.signatures import Countersignature, PadesLevel, SignedFile
from signing.adapter import PadesSigning
from signing.chains import parse_certificates
from signing.csc import CscAccess, CscKey, CscVersion
from signing.engine import Task
from signing.evidence import Evidence
from signing.gathering import Gatherer
from signing.identities import IssuerRule, IssuerRules
from signing.keys import HashSigner, OneShotKey
from signing.pkcs11 import Pkcs11Key
from signing.pki.certificates import SignerSubject
from signing.pki.directory import open_pki, read_anchors
from signing.pki.policies import MEMBERS_POLICY, SYNDICATE_POLICY
from signing.revisions import declare_pades, open_revision
from signing.security_store import add_to_store, store_content
from tests.contract.signing.key_peers import IN_DEVICE, PIN, CscServer, SoftHsm, certify, certomancer
from tests.contract.signing.running import RunningPki
from tests.contract.signing.serving import serving
from tests.unit.signing.attacks import ATTACKS as CHANGES
from tests.unit.signing.attacks import attacked
from tests.unit.signing.brief import issue_brief
from tests.unit.signing.material import FORMULA, MEMBER, VICE_PRESIDENT, manifest_of, member_request, prepared_pdf
from tests.vectors.outsiders import Outsider, Way, sign, stamper_at

PLACES = ("one-shot", "PKCS#11, P-256", "PKCS#11, P-384", "PKCS#11, RSA 2048", "CSC v1, P-256", "CSC v2, P-256", "CSC v2, RSA 2048")
KINDS = {"": "p256", "P-256": "p256", "P-384": "p384", "RSA 2048": "rsa2048"}


@dataclass(frozen=True)
class OwnFiles:
    """What our PKI and our engine made, and who should have signed it."""

    anchors: Mapping[str, x509.Certificate]
    sealed: Mapping[str, bytes]
    levels: Mapping[tuple[str, PadesLevel], bytes]
    short_term: Mapping[str, bytes]

    @property
    def rules(self) -> IssuerRules:
        """Return which CA certifies which side."""
        return {
            Party.MEMBER: IssuerRule(self.anchors["members-ca.pem"], MEMBERS_POLICY),
            Party.SYNDICATE: IssuerRule(self.anchors["syndicate-ca.pem"], SYNDICATE_POLICY),
        }


@contextmanager
def own_files(places: Collection[str]) -> Iterator[OwnFiles]:
    """Start the PKI, and a token or signing services where ``places`` asks; the certificates live as long as the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pki = RunningPki(folder / "pki").start()
        stack.callback(pki.stop)
        signing = pki.adapter()
        stack.callback(signing.close)
        anchors = {name: parse_certificates(pem)[0] for name, pem in read_anchors(pki.folder).items()}
        levels = {}
        member = signing.sign_for_member(prepared_pdf(), member_request(prepared_pdf())).data
        for place in places:
            key = _key(stack, folder / place, pki, signing, place)
            levels.update({(place, level): data for level, data in signing._outside.run(_at_each_level(signing, key, member)).items()})
        yield OwnFiles(anchors, _sealed(signing), levels, _short_term(signing, pki))


def _sealed(signing: PadesSigning) -> dict[str, bytes]:
    """Make a countersigned file, and each change of the corpus after its last time-stamp."""
    prepared = prepared_pdf()
    member = signing.sign_for_member(prepared, member_request(prepared)).data
    manifest = signing.seal_manifest(manifest_of({"2026-0014": sha256_hex(member)}))
    items = [Countersignature("2026-0014", sha256_hex(member))]
    (outcome,) = signing.countersign(manifest, VICE_PRESIDENT, FORMULA, items, lambda _item: member)
    assert outcome.signed is not None, outcome.failure
    data = outcome.signed.data
    changed = {f"sealed: {change}": attacked(data, CHANGES[change]) for change in sorted(CHANGES)}
    return {"as we made it": data, **changed, "sealed: bytes after the end": data + b"%junk"}


SHORT_TERM: Mapping[str, tuple[timedelta, timedelta]] = {
    "short-term: of an hour": (timedelta(minutes=5), timedelta(hours=1)),
    "short-term: of a year": (timedelta(minutes=5), timedelta(days=365)),
    "short-term: stamped after its end": (timedelta(hours=2), timedelta(hours=1)),
}
"""How long before the time-stamp a certificate that says it is never revoked began, and how long it lives."""


def _short_term(signing: PadesSigning, pki: RunningPki) -> dict[str, bytes]:
    """Raise signatures by such certificates to what looks like B-LTA, with nothing in the file about the signer's own state."""
    opened, person = open_pki(pki.folder), MEMBER.person
    subject = SignerSubject(MEMBER.organisation, MEMBER.siren, person.given_name, person.family_name, "short")
    gatherer, files = signing._raiser.gatherer, {}

    async def gather(*of: x509.Certificate) -> Evidence:
        return await gatherer.gather(of[0], of[1:])

    for name, (ago, lifetime) in SHORT_TERM.items():
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        certificate = issue_brief(opened.members, key.public_key(), subject, now - ago, lifetime)
        who = Outsider(key, certificate, opened.members.certificate)
        signed = sign(prepared_pdf(), who, Way(stamper=stamper_at(opened, now)))
        of_any = signing._outside.run(gather(issue_brief(opened.members, key.public_key(), subject, now), opened.members.certificate))
        of_unit = signing._outside.run(gather(opened.timestamps_certificate, opened.syndicate.certificate))
        of_signer = Evidence((certificate, *of_any.chain[1:]), of_any.ocsp_responses, of_any.crls)
        files[name], _ = signing._outside.run(signing._raiser.engine.restamp(signed, (of_signer, of_unit)))
    return files


def _key(stack: ExitStack, folder: Path, pki: RunningPki, signing: PadesSigning, place: str) -> HashSigner:
    """Open a key where it is kept, with a certificate of our CA."""
    folder.mkdir()
    outside, kind = signing._outside, KINDS[place.partition(", ")[2]]
    private = rsa.generate_private_key(65_537, 2_048) if kind == "rsa2048" else ec.generate_private_key(ec.SECP256R1())
    if place == "one-shot":
        one_shot = OneShotKey()
        return one_shot.certified(certify(pki.folder, one_shot._held().public_key()))
    if place.startswith("PKCS#11"):
        in_device = Pkcs11Key(_device(folder.parent / "softhsm", pki.folder).access(kind))
        stack.callback(in_device.destroy)
        return in_device
    if place.startswith("CSC v1"):
        address = stack.enter_context(certomancer(folder))
        remote = outside.run(CscKey.open(CscAccess(address, CscVersion.V1, f"remote/{kind}", "unused"), outside))
        held = serialization.load_pem_private_key((folder / f"{kind}.pem").read_bytes(), None)
        assert isinstance(held, ec.EllipticCurvePrivateKey)
        remote.certificate, remote.others = certify(pki.folder, held.public_key()), ()  # its key, under our CA as an operator would
        return remote
    server = CscServer(private, [certify(pki.folder, private.public_key())])
    access = CscAccess(stack.enter_context(serving(server.application())), CscVersion.V2, "vp", "bearer", pin=PIN)
    return outside.run(CscKey.open(access, outside))


@functools.cache
def _device(folder: Path, pki_folder: Path) -> SoftHsm:
    """Make the token and all its keys: once a key is in use, the token takes no other session to write."""
    folder.mkdir()
    device = SoftHsm(folder)
    for kind in IN_DEVICE:
        device.add_certificate(kind, certify(pki_folder, device.add_key(kind, kind)))
    return device


async def _at_each_level(signing: PadesSigning, key: HashSigner, member_signed: bytes) -> dict[PadesLevel, bytes]:
    """Countersign one file, stopping after each part: signature, its time-stamp, validation data; and to the end, as the engine does."""
    engine = signing._engine
    session = await engine.open_session(key)
    task = Task(member_signed, SYNDICATE_FIELD, "Essai", lambda _at: None)
    (archived,) = await engine.sign_all(session, [task])
    assert isinstance(archived, SignedFile), archived
    made = {PadesLevel.B_LTA: archived.data}
    for level in (PadesLevel.B_B, PadesLevel.B_T):
        prepared = await engine._prepare(session, task)
        (signature,) = await key.sign_hashes([session.cms.hash_to_sign(prepared.revision.digest)])
        token = await engine.stamp(hashlib.sha256(signature).digest()) if level is PadesLevel.B_T else None
        cms = session.cms.render(prepared.revision.digest, signature, token.der if token is not None else None)
        made[level] = prepared.revision.complete(cms)
        if token is not None:
            gatherer: Gatherer = engine._gatherer
            evidence = await gatherer.gather(token.certificate, token.others)
            writer = open_revision(made[level])
            declare_pades(writer)
            add_to_store(writer, store_content(session.evidence, evidence))
            writer.write_in_place()  # type: ignore[no-untyped-call]
            made[PadesLevel.B_LT] = writer.prev.stream.getvalue()
    return {level: made[level] for level in (PadesLevel.B_B, PadesLevel.B_T, PadesLevel.B_LT, PadesLevel.B_LTA)}
