"""A reportlab canvas on which everything drawn is either part of the structure tree or an artifact."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from documents.fonts import Face, FaceEncoding
from documents.pdf.bookmarks import Bookmark, Bookmarks
from documents.pdf.font_objects import font_object
from documents.pdf.logo import RESOURCE, Logo
from documents.pdf.metadata import LANGUAGE, PRODUCER, DocumentProperties, render_colour_profile, render_metadata
from documents.pdf.numbers import number
from documents.pdf.reportlab_internals import (
    RawObject,
    add_widget,
    freeze,
    object_number,
    page_numbers,
    plain_stream_body,
    reference_number,
    register_font,
    render_document,
    set_catalog,
    set_page,
    stream_body,
    verify_reportlab_version,
)
from documents.pdf.structure import Annotated, Element, Places, StructureTree, pdf_text

PDF_VERSION = (1, 7)
PRINT_FLAG = 4  # /F of an annotation: printed, not hidden (ISO 19005-3, 6.3.2)
HEADER_ARTIFACT = "<</Type/Pagination/Subtype/Header/Attached[/Top]>>"
FOOTER_ARTIFACT = "<</Type/Pagination/Subtype/Footer/Attached[/Bottom]>>"
REPEATED_ARTIFACT = "<</Type/Pagination>>"
LAYOUT_ARTIFACT = "<</Type/Layout>>"

NO_PALETTE: Mapping[str, str] = MappingProxyType({})
Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Attachment:
    """A file embedded in the document as the data of its content."""

    name: str
    media_type: str
    description: str
    data: bytes


class TaggedCanvas(Canvas):  # type: ignore[misc]  # reportlab is untyped
    """Pages of PDF operators, with the structure tree that they belong to."""

    def __init__(
        self,
        page_size: tuple[float, float],
        properties: DocumentProperties,
        *,
        frozen_fonts: bool = True,
        palette: Mapping[str, str] = NO_PALETTE,
    ) -> None:
        """Open a document; ``frozen_fonts`` embeds the common repertoire, else no more than what is written."""
        verify_reportlab_version()
        super().__init__(io.BytesIO(), pagesize=page_size, pageCompression=0, invariant=1, pdfVersion=PDF_VERSION, lang=LANGUAGE)
        self.properties = properties
        self.tree = StructureTree()
        self._palette = palette
        self.frozen_fonts = frozen_fonts
        self.encodings = {face: FaceEncoding(face, frozen=frozen_fonts) for face in Face}
        self._page_codes: list[tuple[list[str], list[str]]] = []
        self._page_keys: list[int] = []
        self._code: list[str] = []
        self._furniture: list[str] = []
        self._bookmarks = Bookmarks()
        self._logos: dict[int, Logo] = {}
        self._fields: list[pdfdoc.PDFObjectReference] = []
        freeze(self, properties.written_on)

    def _make_preamble(self) -> None:
        """Start pages without the font that reportlab would set, which is not embedded."""
        self._preamble = ""

    @property
    def page_index(self) -> int:
        """Index of the current page, from 0."""
        return len(self._page_codes)

    def emit(self, *operators: str) -> None:
        """Add operators to the current page."""
        self._code.extend(operators)

    def colour(self, operator: str) -> str:
        """Return the operator that sets a colour of the style, in this document's palette."""
        return self._palette.get(operator, operator)

    def use_faces(self, faces: Iterable[Face]) -> None:
        """Embed those faces: text already encoded is about to be shown in them."""
        for face in faces:
            self.encodings[face].used = True

    def begin_marked(self, element: Element) -> str:
        """Return the operator that begins a piece of an element's content."""
        mcid = self.tree.mark(element, self.page_index, self._page_keys[-1])
        return f"/{element.tag} <</MCID {mcid}>> BDC"

    @contextlib.contextmanager
    def artifact(self, properties: str = LAYOUT_ARTIFACT) -> Iterator[Self]:
        """Mark what is drawn inside as no part of the content."""
        self.emit(f"/Artifact {properties} BDC", "q")
        yield self
        self.emit("Q", "EMC")

    def text_operators(self, x: float, y: float, text: str, face: Face, size: float, colour: str) -> str:
        """Return the operators that show one line of text at a point."""
        encoded = self.encodings[face].encode(text)
        return f"BT {self.colour(colour)} /{face.resource} {number(size)} Tf {number(x)} {number(y)} Td <{encoded}> Tj ET"

    def add_link(self, element: Element, address: str, rect: Rect, description: str) -> None:
        """Put a link annotation of the element on the page (PDF/UA-1, 7.18.5)."""
        key = self.tree.reserve_annotation(element)
        reference = add_widget(
            self,
            {
                "Type": "/Annot",
                "Subtype": "/Link",
                "Rect": pdfdoc.PDFArrayCompact(map(number, rect)),
                "Border": "[0 0 0]",
                "F": PRINT_FLAG,
                "StructParent": key,
                "Contents": pdf_text(description),
                "A": f"<</S/URI/URI {pdf_text(address)}>>",
            },
        )
        element.kids.append(Annotated(self.page_index, reference))

    def add_signature_field(self, element: Element, name: str, tooltip: str, rect: Rect, lock: str | None) -> None:
        """Put an unsigned signature field on the page, with an empty appearance.

        The appearance's /BBox is written ``[0 height width 0]``, as the signing library writes it: otherwise EU DSS sees an
        undefined change when the field is filled.
        """
        key = self.tree.reserve_annotation(element)
        width, height = rect[2] - rect[0], rect[3] - rect[1]
        box = f"[0 {number(height)} {number(width)} 0]"
        appearance = RawObject(plain_stream_body(b"", f"/Type/XObject/Subtype/Form/BBox{box}/Resources<<>>"))
        entries: dict[str, object] = {
            "Type": "/Annot",
            "Subtype": "/Widget",
            "FT": "/Sig",
            "T": pdf_text(name),
            "TU": pdf_text(tooltip),
            "F": PRINT_FLAG,
            "Rect": pdfdoc.PDFArrayCompact(map(number, rect)),
            "AP": f"<</N {object_number(self._doc, appearance)} 0 R>>",
            "StructParent": key,
            "P": self._doc.thisPageRef(),
        }
        if lock is not None:
            entries["Lock"] = RawObject(lock.encode("ascii"))
        reference = add_widget(self, entries)
        self._fields.append(reference)
        element.kids.append(Annotated(self.page_index, reference))

    def add_bookmark(self, title: str, level: int, top: float) -> None:
        """Add a bookmark of a level (from 0) that leads to a height of the current page."""
        self._bookmarks.add(Bookmark(title, level, self.page_index, top))

    def draw_logo(self, logo: Logo, right: float, top: float) -> None:
        """Draw a logo, once in a document, with its upper right corner at a point of the current page."""
        self._logos[self.page_index] = logo
        self.emit(logo.operators(right, top))

    def begin_page(self) -> None:
        """Open a page."""
        self._page_keys.append(self.tree.open_page())

    def end_furniture(self) -> None:
        """Put what was drawn so far on the page in a stream of its own.

        What follows, alike in many documents, is then compressed once.
        """
        self._furniture = self._code
        self._code = []

    def close_page(self) -> None:
        """End the current page."""
        self._page_codes.append((self._furniture, self._code))
        self._furniture = []
        self._code = [" "]
        self.showPage()

    def render(self, attachments: Sequence[Attachment] = ()) -> bytes:
        """Write the document; nothing may be drawn after."""
        document = self._doc
        self._write_pages()
        for encoding in self.encodings.values():
            if encoding.used:
                register_font(self, encoding.face.resource, font_object(document, encoding))
        self.setTitle(self.properties.title)
        self.setAuthor(self.properties.author)
        self.setSubject(self.properties.subject)
        self.setCreator(PRODUCER)
        self.setProducer(PRODUCER)
        tree_root, outline_root = RawObject(), RawObject()
        profile = object_number(document, RawObject(render_colour_profile()))
        set_catalog(
            self,
            {
                "StructTreeRoot": document.Reference(tree_root),
                "Outlines": document.Reference(outline_root),
                "MarkInfo": "<</Marked true>>",
                "ViewerPreferences": "<</DisplayDocTitle true>>",
                "Metadata": document.Reference(RawObject(render_metadata(self.properties))),
                "OutputIntents": (
                    "[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/Info(sRGB IEC61966-2.1)"
                    f"/DestOutputProfile {profile} 0 R>>]"
                ),
                **self._form(),
                **self._attached(attachments),
            },
        )
        places = Places(
            root_number=object_number(document, tree_root),
            pages=page_numbers(self),
            number_of=lambda reference: reference_number(document, reference),
        )

        def write_trees(first_number: int) -> list[bytes]:
            outline_number = object_number(document, outline_root)
            outline_root.body, bookmarks = self._bookmarks.render(places.pages, outline_number, first_number)
            tree_root.body, elements = self.tree.render(places, first_number + len(bookmarks))
            return bookmarks + elements

        return render_document(self, self.properties.identifier_hex, write_trees)

    def _write_pages(self) -> None:
        """Write each page's streams, its key in the parent tree, and the tab order of the structure (PDF/UA-1, 7.18.3)."""
        for index, (codes, key) in enumerate(zip(self._page_codes, self._page_keys, strict=True)):
            streams = [RawObject(stream_body("\n".join(code).encode("ascii"))) for code in codes if code]
            contents = " ".join(f"{object_number(self._doc, stream)} 0 R" for stream in streams)
            logo = self._logos.get(index)
            drawn = f"/XObject<</{RESOURCE} {object_number(self._doc, RawObject(logo.body))} 0 R>>" if logo else ""
            set_page(self, index, f"/Contents[{contents}]/StructParents {key}/Tabs/S", drawn)

    def _form(self) -> dict[str, object]:
        if not self._fields:
            return {}
        return {"AcroForm": pdfdoc.PDFDictionary({"Fields": pdfdoc.PDFArrayCompact(self._fields), "SigFlags": 3})}

    def _attached(self, attachments: Sequence[Attachment]) -> dict[str, object]:
        if not attachments:
            return {}
        numbers = {}
        day = f"D:{self.properties.written_on:%Y%m%d}000000Z"
        for attachment in attachments:
            subtype = attachment.media_type.replace("/", "#2F")
            stream = stream_body(
                attachment.data,
                f"/Type/EmbeddedFile/Subtype/{subtype}/Params<</Size {len(attachment.data)}/ModDate{pdf_text(day)}>>",
            )
            content = object_number(self._doc, RawObject(stream))
            name = pdf_text(attachment.name)
            specification = (
                f"<</Type/Filespec/F{name}/UF{name}/Desc{pdf_text(attachment.description)}/AFRelationship/Data"
                f"/EF<</F {content} 0 R/UF {content} 0 R>>>>"
            )
            numbers[attachment.name] = object_number(self._doc, RawObject(specification.encode("ascii")))
        names = " ".join(f"{pdf_text(name)} {value} 0 R" for name, value in sorted(numbers.items()))
        return {
            "AF": "[" + " ".join(f"{value} 0 R" for value in numbers.values()) + "]",
            "Names": f"<</EmbeddedFiles<</Names[{names}]>>>>",
        }
