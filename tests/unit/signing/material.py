"""What signing's tests sign: small prepared files with the product's fields and locks, and the people who sign them."""

from __future__ import annotations

import functools
import io
import json
from datetime import UTC, datetime

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, append_signature_field, ensure_sig_flags
from reportlab.pdfgen.canvas import Canvas

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.ceremonies import CEREMONY_LIFETIME, Authorisation, HowShown, ManifestItem, ceremony_manifest
from conventions.kinds import FIELD_OF, Party, fields_outside_lock
from conventions.people import Civility, Person
from conventions.ports.documents import StampText
from conventions.ports.signing import Signing
from conventions.signatures import Countersignature, ExpectedSigner, MemberSignature, SignerIdentity
from conventions.siret import fictitious_siret, siren_of

MEMBER = SignerIdentity(
    Party.MEMBER,
    Person(Civility.MADAME, "Maëlle", "Le Goff-Exemple", "Présidente"),
    "Communauté de communes des Abers-Fictifs",
    siren_of(fictitious_siret(14)),
)
OTHER_MEMBER = SignerIdentity(
    Party.MEMBER,
    Person(Civility.MONSIEUR, "Corentin", "Ar Bras-Exemple", "Maire"),
    "Commune de Port-Fictif",
    siren_of(fictitious_siret(15)),
)
VICE_PRESIDENT = SignerIdentity(
    Party.SYNDICATE,
    Person(Civility.MONSIEUR, "Yann", "Le Fictif", "Vice-Président délégué"),
    "Syndicat mixte de démonstration Ker Niverel",
    siren_of(fictitious_siret(9_999)),
)
FORMULA = "pour le Président et par délégation, le Vice-Président délégué"
BOTH = (ExpectedSigner(MEMBER, FIELD_OF[Party.MEMBER]), ExpectedSigner(VICE_PRESIDENT, FIELD_OF[Party.SYNDICATE]))
BOXES = {Party.MEMBER: (60, 60, 260, 130), Party.SYNDICATE: (320, 60, 520, 130)}


@functools.lru_cache
def prepared_pdf(text: str = "Convention d'adhésion", parties: tuple[Party, ...] = (Party.MEMBER, Party.SYNDICATE)) -> bytes:
    """Make a prepared file of two pages: locked fields with empty appearances, SigFlags 3; the same bytes each time."""
    page = io.BytesIO()
    canvas = Canvas(page, pageCompression=1, invariant=1, pdfVersion=(1, 7))
    for number in (1, 2):
        canvas.drawString(72, 760, f"{text}, page {number} sur 2")
        canvas.showPage()
    canvas.save()
    writer = IncrementalPdfFileWriter(page)
    for party in parties:
        lock = FieldMDPSpec(FieldMDPAction.EXCLUDE, fields=list(fields_outside_lock(party)))
        append_signature_field(
            writer,
            SigFieldSpec(
                FIELD_OF[party],
                on_page=-1,
                box=BOXES[party],
                readable_field_name=f"Signature : {party.value}",
                empty_field_appearance=True,
                field_mdp_spec=lock,
                doc_mdp_update_value=MDPPerm.FILL_FORMS,
            ),
        )
    ensure_sig_flags(writer, lock_sig_flags=True)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return page.getvalue()


def member_request(prepared: bytes, signer: SignerIdentity = MEMBER) -> MemberSignature:
    """Ask for a member's signature of these bytes."""
    return MemberSignature("2026-0014", signer, sha256_hex(prepared), "Adhésion à la convention", "la Présidente")


def manifest_of(
    items: dict[str, str], signer: SignerIdentity = VICE_PRESIDENT, ceremony: str = "c-0001", model_sha256: str | None = None
) -> bytes:
    """Make the manifest of a ceremony over member-signed digests by reference; lists of before models were read tell none."""
    now = datetime.now(UTC)
    listed = tuple(
        ManifestItem(reference, sha256_hex(b"prepared"), digest, HowShown.OPENED, model_sha256=model_sha256)
        for reference, digest in items.items()
    )
    authorisation = Authorisation(ceremony, "a-1", "d-1", now, now + CEREMONY_LIFETIME, listed)
    return render_canonical(ceremony_manifest(authorisation, signer.person, "2025-A-07", signer.organisation, signer.siren))


def changed_manifest(manifest: bytes, **changes: Json) -> bytes:
    """Replace entries of a manifest."""
    return render_canonical({**json.loads(manifest), **changes})


def draw_stamp(text: StampText, width_pt: float, height_pt: float) -> bytes:
    """Draw a stamp as the documents room does: one page of that size, by reportlab."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(width_pt, height_pt), pageCompression=1)
    canvas.rect(1, 1, width_pt - 2, height_pt - 2)
    for line, said in enumerate((text.name, text.capacity, f"{text.at:%d/%m/%Y %H:%M:%S %z}", text.level_text)):
        canvas.drawString(5, height_pt - 14 * (line + 1), said)
    canvas.save()
    return page.getvalue()


def countersigned(signing: Signing, data: bytes) -> bytes:
    """Have the Vice-President countersign one file, in a ceremony of its own."""
    digest = sha256_hex(data)
    sealed = signing.seal_manifest(manifest_of({"2026-0014": digest}))
    (outcome,) = signing.countersign(sealed, VICE_PRESIDENT, FORMULA, [Countersignature("2026-0014", digest)], lambda _item: data)
    assert outcome.signed is not None, outcome.failure
    return outcome.signed.data
