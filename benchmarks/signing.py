"""What a signature costs: process CPU per document, ratios in one run, memory over two thousand documents.

The PKI answers from a process of its own on the loopback, so the CPU measured is the signer's alone. The document is the real
tagged convention. ``--quick`` measures fewer documents.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import io
import multiprocessing
import os
import resource
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
from aiohttp import web
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from contreseing.clock import SystemClock
from conventions.canonical import sha256_hex
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.signatures import Countersignature, SignedFile
from documents.adapter import ReportlabDocuments
from signing.adapter import PadesSigning
from signing.by_hand import FileToSign, HandSigning
from signing.engine import Task
from signing.keys import HeldKey
from signing.outside import HttpTimeouts
from signing.pki.directory import open_pki
from signing.revisions import open_revision
from signing.security_store import add_to_store, store_content
from signing.upload_process import UploadQuestion, judge_upload
from signing.uploads import verify_upload
from tests.builders import example_terms
from tests.contract.signing.key_peers import certify
from tests.contract.signing.running import RunningPki, free_port
from tests.unit.signing.material import BOTH, FORMULA, VICE_PRESIDENT, manifest_of, member_request, prepared_pdf

GOALS_MS = {
    "B-LT countersignature, in a batch": 5.0,
    "B-LTA countersignature, in a batch": 8.5,
    "member's signature to B-LTA": 25.0,
    "validation of a B-LTA file of two signatures": 100.0,
    "upload check": 40.0,
}
FAR_MS = 80
SESSION = web.AppKey("session", aiohttp.ClientSession)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclasses.dataclass
class Bench:
    """One PKI, one prepared document, and as many member-signed ones as asked."""

    pki: RunningPki
    signing: PadesSigning
    documents: ReportlabDocuments
    prepared: bytes
    members: list[bytes]
    rows: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)

    def record(self, name: str, milliseconds: float, note: str = "") -> None:
        """Keep a row, and print it at once."""
        goal = GOALS_MS.get(name)
        self.tell(name, f"{milliseconds:.1f} ms", note or (f"goal {goal:g} ms" if goal else ""))

    def tell(self, name: str, value: str, note: str) -> None:
        """Keep a row of any kind, and print it at once."""
        self.rows.append((name, value, note))
        print(f"{name:60s} {value:>12s}  {note}", flush=True)


def cpu_ms(work: Callable[[], object], count: int, of: Callable[[], float] = time.process_time) -> float:
    """Measure this process's CPU per document, or what ``of`` counts."""
    gc.collect()
    before = of()
    work()
    return (of() - before) * 1000 / count


def processes_cpu() -> float:
    """Return the CPU of this process and of those that it started and waited for, in seconds."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def countersign(signing: PadesSigning, members: Sequence[bytes]) -> Iterator[bytes]:
    """Countersign in one ceremony; a file given several times is signed several times."""
    listed = {f"2026-{number:05d}": data for number, data in enumerate(members)}
    digests = {reference: sha256_hex(data) for reference, data in listed.items()}
    sealed = signing.seal_manifest(manifest_of(digests))
    items = [Countersignature(reference, digest) for reference, digest in digests.items()]
    for outcome in signing.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda item: listed[item.reference]):
        if outcome.signed is None:
            raise RuntimeError(outcome.failure)
        yield outcome.signed.data


def drain(files: Iterator[bytes]) -> None:
    """Let each file go as it comes."""
    for _ in files:
        pass


def batch_to_b_lt(bench: Bench) -> None:
    """Sign, stamp and add the validation data to each document, by the engine's own parts, without the archive stamp."""
    signing, engine = bench.signing, bench.signing._engine  # noqa: SLF001 a part of it is measured
    private = ec.generate_private_key(ec.SECP256R1())
    key = HeldKey(private, certify(bench.pki.folder, private.public_key()))

    async def run() -> None:
        session = await engine.open_session(key)
        stamp = signing._stamps(VICE_PRESIDENT, FORMULA)  # noqa: SLF001 as above
        limit = asyncio.Semaphore(16)

        async def one(data: bytes) -> None:
            async with limit:
                prepared = await engine._prepare(session, Task(data, SYNDICATE_FIELD, FORMULA, stamp))  # noqa: SLF001 as above
                (signature,) = await session.signer.sign_hashes([session.cms.hash_to_sign(prepared.revision.digest)])
                authority, token = await engine._stamp(_sha256(signature))  # noqa: SLF001 as above
                facts = await engine._learn(authority, token)  # noqa: SLF001 as above
                signed = prepared.revision.complete(session.cms.render(prepared.revision.digest, signature, token.der))
                writer = open_revision(signed, prepared.revision.reader)
                add_to_store(writer, store_content(session.evidence, facts.evidence))
                output = io.BytesIO()
                writer.write(output)

        await asyncio.gather(*(one(data) for data in bench.members))

    signing._outside.run(run())  # noqa: SLF001 as above


def loaded(one: x509.Certificate) -> asn1_x509.Certificate:
    """Return a certificate as pyHanko wants it."""
    return asn1_x509.Certificate.load(one.public_bytes(serialization.Encoding.DER))


def their_signer(bench: Bench) -> signers.SimpleSigner:
    """Return pyHanko's signer over an RSA-3072 key."""
    private = rsa.generate_private_key(65_537, 3_072)
    own = certify(bench.pki.folder, private.public_key())
    store = SimpleCertificateStore()
    store.register(loaded(open_pki(bench.pki.folder).syndicate.certificate))
    der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(signing_cert=loaded(own), signing_key=asn1_keys.PrivateKeyInfo.load(der), cert_registry=store)


def signed_elsewhere(bench: Bench) -> bytes:
    """Sign the member's field of the small document as another program would: no stamp of ours, a time-stamp of its own."""
    by_hand = HandSigning(list(bench.signing.trust_anchors_pem().values()), [f"{bench.pki.address}/tsa"], SystemClock())
    private = ec.generate_private_key(ec.SECP256R1())
    key = HeldKey(private, certify(bench.pki.folder, private.public_key()))
    try:
        ((_, signed),) = by_hand.sign(key, [FileToSign("uploaded", prepared_pdf)], MEMBER_FIELD, "")
    finally:
        by_hand.close()
    if not isinstance(signed, SignedFile):
        raise signed
    return signed.data


def naive(bench: Bench, signer: signers.SimpleSigner, data: bytes) -> None:
    """Sign one document to B-LTA as pyHanko's manual shows."""
    pki = open_pki(bench.pki.folder)
    context = ValidationContext(
        trust_roots=[loaded(pki.root.certificate)],
        other_certs=[loaded(pki.syndicate.certificate)],
        allow_fetching=True,
        revocation_mode="hard-fail",
    )
    meta = PdfSignatureMetadata(
        field_name=SYNDICATE_FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256", embed_validation_info=True,
        validation_context=context, use_pades_lta=True,
    )  # fmt: skip

    async def run() -> None:
        await PdfSigner(meta, signer, timestamper=HTTPTimeStamper(f"{bench.pki.address}/tsa")).async_sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(data)), existing_fields_only=True
        )

    asyncio.run(run())


def serve_far_authority(address: str, port: int) -> None:
    """Serve, in a process of its own, an authority that is 80 ms away, as many at once as wanted."""

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(FAR_MS / 1000)
        async with request.app[SESSION].post(address, data=body, headers={"Content-Type": "application/timestamp-query"}) as answer:
            return web.Response(body=await answer.read(), content_type="application/timestamp-reply")

    async def session(application: web.Application) -> AsyncIterator[None]:
        application[SESSION] = aiohttp.ClientSession()
        yield
        await application[SESSION].close()

    application = web.Application()
    application.cleanup_ctx.append(session)
    application.router.add_post("/tsa", forward)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


@contextmanager
def far_authority(address: str) -> Iterator[str]:
    """Run ``serve_far_authority`` until the end of the block; gives its address."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve_far_authority, args=(address, port), daemon=True)
    process.start()
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/tsa"
    finally:
        process.terminate()
        process.join()


def resident_mb() -> float:
    """Return the resident memory of this process, in megabytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES / 1e6


def half_of_a_large_batch(folder: str, port: int, members: Sequence[bytes]) -> None:
    """Countersign one half, in a process of its own."""
    signing = RunningPki(Path(folder), port).adapter(render_stamp=ReportlabDocuments().render_stamp)
    gc.freeze()
    try:
        drain(countersign(signing, members))
    finally:
        signing.close()


def measure(bench: Bench, *, large: int, memory: int) -> None:
    """Measure everything."""
    members, signing = bench.members, bench.signing
    count = len(members)
    drain(countersign(signing, members[:4]))
    gc.freeze()  # as contreseing.wiring has it in the processes that stay
    bench.record("B-LT countersignature, in a batch", cpu_ms(lambda: batch_to_b_lt(bench), count))
    signed: list[bytes] = []
    ours = cpu_ms(lambda: signed.extend(countersign(signing, members)), count)
    bench.record("B-LTA countersignature, in a batch", ours)
    request = member_request(bench.prepared)
    each = min(count, 40)
    bench.record(
        "member's signature to B-LTA", cpu_ms(lambda: [signing.sign_for_member(bench.prepared, request) for _ in range(each)], each)
    )
    sample = signed[:20]
    validation = cpu_ms(lambda: [signing.validate(data, BOTH) for data in sample], len(sample))
    bench.record("validation of a B-LTA file of two signatures", validation)
    bench.record("the same by the second reader", cpu_ms(lambda: [signing.second_opinion(data, BOTH) for data in sample], len(sample)))
    uploaded, now = signed_elsewhere(bench), SystemClock().now()

    def check_upload() -> None:
        verify_upload(prepared_pdf(), uploaded, MEMBER_FIELD, person=None, trust=None, now=now)

    bench.record("upload check", cpu_ms(lambda: [check_upload() for _ in range(20)], 20), "two plain pages; goal 40 ms")
    question = UploadQuestion(prepared_pdf(), uploaded, MEMBER_FIELD, None, [], now)
    apart = cpu_ms(lambda: [judge_upload(question) for _ in range(5)], 5, of=processes_cpu)
    bench.record("the same in a process apart, which is started for it", apart)
    renewed = cpu_ms(lambda: [signing.restamp(data) for data in sample], len(sample))
    bench.record("renewal of an archive time-stamp, checks included", renewed)
    few, signer = members[:5], their_signer(bench)
    theirs = cpu_ms(lambda: [naive(bench, signer, data) for data in few], len(few))
    bench.record("pyHanko as its manual shows, B-LTA, RSA-3072", theirs, f"{theirs / ours:.0f} times ours; goal 20 at least")
    with far_authority(f"{bench.pki.address}/tsa") as address:
        far = bench.pki.adapter([address], HttpTimeouts(), render_stamp=bench.documents.render_stamp)
        try:
            drain(countersign(far, members[:4]))
            begun = time.monotonic()
            drain(countersign(far, (members * 8)[:200]))
            bench.record("wall time per document, authority 80 ms away, 200 documents", (time.monotonic() - begun) * 5, "goal 15 ms")
        finally:
            far.close()
    halves = [(members * (large // count + 1))[: large // 2]] * 2
    with ProcessPoolExecutor(2) as processes:
        list(processes.map(half_of_a_large_batch, [str(bench.pki.folder)] * 2, [bench.pki.port] * 2, [members[:2]] * 2))
        begun = time.monotonic()
        list(processes.map(half_of_a_large_batch, [str(bench.pki.folder)] * 2, [bench.pki.port] * 2, halves))
    bench.tell(f"{large} countersignatures to B-LTA, two processes, wall", f"{time.monotonic() - begun:.1f} s", "goal 20 s for 1,300")
    seen = []
    for number, _ in enumerate(countersign(signing, (members * (memory // count + 1))[:memory]), start=1):
        if number % (memory // 4) == 0:
            seen.append(f"{resident_mb():.0f}")
    bench.tell(f"resident memory after each quarter of {memory} documents", f"{seen[-1]} MB", ", ".join(seen))


def _sha256(data: bytes) -> bytes:
    return bytes.fromhex(sha256_hex(data))


def main() -> None:
    """Measure and print, then the table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signing", description="CPU per signature, the signer's process alone.")
    parser.add_argument("--quick", action="store_true", help="fewer documents")
    asked = parser.parse_args()
    count, large, memory = (24, 100, 200) if asked.quick else (100, 1_300, 2_000)
    documents = ReportlabDocuments()
    terms = example_terms()
    prepared = documents.render_agreement(dataclasses.replace(terms, wording_sha256=documents.wording_sha256(terms.wording_id))).data
    with tempfile.TemporaryDirectory(prefix="contreseing-bench-") as folder:
        pki = RunningPki(Path(folder) / "pki").start()
        signing = pki.adapter(render_stamp=documents.render_stamp)
        try:
            members = [signing.sign_for_member(prepared, member_request(prepared)).data for _ in range(count)]
            print(f"prepared {len(prepared):,} bytes, member-signed {len(members[0]):,} bytes, {count} documents")
            bench = Bench(pki, signing, documents, prepared, members)
            measure(bench, large=large, memory=memory)
        finally:
            signing.close()
            pki.stop()
    print("\n| Measure | Found | |\n|---|---:|---|")
    for row in bench.rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
