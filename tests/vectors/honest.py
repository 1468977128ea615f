"""Files that honest people send back: several producers, kinds of key, digests, levels. All must be accepted.

Each maker takes the prepared file and returns the signed one; the person is ``MEMBER`` of ``tests/unit/signing/material.py``.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.validation.dss import DocumentSecurityStore

from tests.unit.signing.material import MEMBER
from tests.vectors.handmade import Revision, hand_signed, openssl_cms, own_cms
from tests.vectors.outsiders import Outsider, Subject, Way, as_asn1, authority, outsider, sign, stamper

Maker = Callable[[bytes], bytes]


def _signed(kind: str, way: Way | None = None, subject: Subject | None = None) -> Maker:
    return lambda prepared: sign(prepared, outsider(kind, subject), way)


def _by_hand(cms: Callable[[Outsider], Callable[[bytes], bytes]], kind: str, how: Revision | None = None) -> Maker:
    return lambda prepared: hand_signed(prepared, cms(outsider(kind)), how)


def _openssl(kind: str, *options: str) -> Maker:
    return lambda prepared: hand_signed(prepared, openssl_cms(outsider(kind), *options))


def with_store(data: bytes, who: Outsider) -> bytes:
    """Append a store of certificates, as tools do after signing."""
    output = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(output)
    DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[as_asn1(who.certificate), as_asn1(authority().certificate)])
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def _with_store_for_each(prepared: bytes) -> bytes:
    """Append a store that names its data for each signature too, as Adobe's does."""
    who = outsider("p256")
    signed = sign(prepared, who, Way(timestamped=True))
    output = io.BytesIO(signed)
    contents = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0].pkcs7_content
    writer = IncrementalPdfFileWriter(output)
    certs = [as_asn1(who.certificate), as_asn1(authority().certificate)]
    DocumentSecurityStore.supply_dss_in_writer(writer, contents.hex().upper().encode(), certs=certs)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def with_timestamp(data: bytes, name: str = "Horodatage_tiers") -> bytes:
    """Append a document time-stamp of an outside authority."""
    output = io.BytesIO(data)
    work = signers.PdfTimeStamper(stamper(), field_name=name).async_timestamp_pdf(IncrementalPdfFileWriter(output), "sha256", in_place=True)
    asyncio.run(work)
    return output.getvalue()


def _with_store(prepared: bytes) -> bytes:
    who = outsider("rsa2048")
    return with_store(sign(prepared, who, Way(timestamped=True)), who)


def _with_updates(prepared: bytes) -> bytes:
    return with_timestamp(_with_store(prepared))


HONEST: Mapping[str, Maker] = {
    "pyHanko, P-256, SHA-256": _signed("p256"),
    "pyHanko, P-256, SHA-512": _signed("p256", Way(digest="sha512")),
    "pyHanko, P-384, SHA-384": _signed("p384", Way(digest="sha384")),
    "pyHanko, P-521, SHA-512": _signed("p521", Way(digest="sha512")),
    "pyHanko, RSA 2048, SHA-256": _signed("rsa2048"),
    "pyHanko, RSA 3072, SHA-384": _signed("rsa3072", Way(digest="sha384")),
    "pyHanko, RSA 3072, SHA-512": _signed("rsa3072", Way(digest="sha512")),
    "pyHanko, RSA 2048, PSS, SHA-256": _signed("rsa2048", Way(prefer_pss=True)),
    "pyHanko, RSA 3072, PSS, SHA-384": _signed("rsa3072", Way(prefer_pss=True, digest="sha384")),
    "pyHanko, RSA 2048, time-stamped": _signed("rsa2048", Way(timestamped=True)),
    "pyHanko, P-256, time-stamped": _signed("p256", Way(timestamped=True)),
    "pyHanko, with reason and place": _signed("rsa2048", Way(reason="Bon pour accord", location="Brest")),
    "pyHanko, with much room": _signed("p256", Way(reserved_bytes=65_536)),
    "pyHanko, with a store": _with_store,
    "pyHanko, with a store for each signature": _with_store_for_each,
    "pyHanko, with a store and an archive time-stamp": _with_updates,
    "pyHanko, archive time-stamp alone": lambda prepared: with_timestamp(sign(prepared, outsider("p256"))),
    "our builder in a handmade revision, P-256": _by_hand(own_cms, "p256"),
    "our builder in a handmade revision, RSA 2048": _by_hand(own_cms, "rsa2048"),
    "openssl, RSA 2048, SHA-256": _openssl("rsa2048"),
    "openssl, RSA 3072, SHA-512": _openssl("rsa3072", "-md", "sha512"),
    "openssl, P-256, SHA-384": _openssl("p256", "-md", "sha384"),
    "openssl, RSA 2048, PSS": _openssl("rsa2048", "-md", "sha256", "-keyopt", "rsa_padding_mode:pss"),
    "a name in capitals, without accents, family first": _signed(
        "p256", subject=Subject(common_name="LE GOFF-EXEMPLE Maelle", given_name="", surname="")
    ),
    "the organisation's number as French certificates write it": _signed(
        "p256", subject=Subject(identifier="", unit=f"0002 {MEMBER.siren}00017")
    ),
}
