"""Changes that a signed file may suffer, each a revision appended by a library, and named for its fault."""

from __future__ import annotations

import io
from collections.abc import Callable

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

Attack = Callable[[IncrementalPdfFileWriter], None]


def attacked(data: bytes, attack: Attack) -> bytes:
    """Append one revision."""
    output = io.BytesIO(data)
    writer = IncrementalPdfFileWriter(output)
    writer._update_meta = lambda: None  # type: ignore[method-assign]
    attack(writer)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return output.getvalue()


def dictionary(**entries: object) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})  # type: ignore[no-untyped-call]


def numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject([generic.FloatObject(value) for value in values])  # type: ignore[no-untyped-call]


def _page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    reference, _ = writer.find_page_for_modification(0)  # type: ignore[no-untyped-call]
    page = reference.get_object()
    assert isinstance(page, generic.DictionaryObject)
    writer.mark_update(reference)
    return page


def _overlay(writer: IncrementalPdfFileWriter) -> None:
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 72 700 Td (9 000 000 EUR) Tj ET")
    writer.add_stream_to_page(0, writer.add_object(stream))  # type: ignore[no-untyped-call]


def _replace_contents(writer: IncrementalPdfFileWriter) -> None:
    _page(writer)["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))


def _annotate(subtype: str) -> Attack:
    def attack(writer: IncrementalPdfFileWriter) -> None:
        note = dictionary(Type=pdf_name("/Annot"), Subtype=pdf_name(subtype), Rect=numbers(72, 690, 300, 720), F=generic.NumberObject(4))  # type: ignore[no-untyped-call]
        page = _page(writer)
        annotations = generic.ArrayObject([*page["/Annots"]]) if "/Annots" in page else generic.ArrayObject()
        annotations.append(writer.add_object(note))
        page["/Annots"] = annotations

    return attack


def _open_action(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = dictionary(S=pdf_name("/URI"), URI=generic.pdf_string("https://elsewhere.invalid"))
    writer.update_root()  # type: ignore[no-untyped-call]


def _metadata(writer: IncrementalPdfFileWriter) -> None:
    packet = generic.StreamObject({pdf_name("/Type"): pdf_name("/Metadata")}, stream_data=b"<x/>")
    writer.root["/Metadata"] = writer.add_object(packet)
    writer.update_root()  # type: ignore[no-untyped-call]


def _need_appearances(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    form["/NeedAppearances"] = generic.BooleanObject(True)  # type: ignore[no-untyped-call]
    writer.update_container(form)


def _new_field(name: str) -> Attack:
    def attack(writer: IncrementalPdfFileWriter) -> None:
        append_signature_field(writer, SigFieldSpec(name, on_page=0, box=(10, 10, 100, 40)))

    return attack


def _orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"hidden"))


def _junk_in_store(writer: IncrementalPdfFileWriter) -> None:
    store = writer.root["/DSS"]
    store["/Certs"].append(writer.add_object(generic.StreamObject(stream_data=b"no certificate")))
    writer.update_container(store)


def _store_removed(writer: IncrementalPdfFileWriter) -> None:
    del writer.root["/DSS"]
    writer.update_root()  # type: ignore[no-untyped-call]


def _appearance_swapped(writer: IncrementalPdfFileWriter) -> None:
    reference = writer.root["/AcroForm"]["/Fields"].raw_get(0)
    field = reference.get_object()
    drawing = generic.StreamObject({pdf_name("/Subtype"): pdf_name("/Form"), pdf_name("/BBox"): numbers(0, 0, 9, 9)}, stream_data=b"")
    field["/AP"] = dictionary(N=writer.add_object(drawing))
    writer.mark_update(reference)


def _field_renamed(writer: IncrementalPdfFileWriter) -> None:
    reference = writer.root["/AcroForm"]["/Fields"].raw_get(0)
    reference.get_object()["/TU"] = generic.pdf_string("Autre chose")
    writer.mark_update(reference)


def _page_added(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    page = dictionary(Type=pdf_name("/Page"), Parent=writer.root.raw_get("/Pages"), MediaBox=numbers(0, 0, 595, 842))
    pages["/Kids"].append(writer.add_object(page))
    pages["/Count"] = generic.NumberObject(int(pages["/Count"]) + 1)  # type: ignore[no-untyped-call]
    writer.update_container(pages)


def _catalog_swapped(writer: IncrementalPdfFileWriter) -> None:
    root = generic.DictionaryObject(dict(writer.root))  # type: ignore[no-untyped-call]
    reference = writer.add_object(root)
    writer._root = reference
    writer.trailer["/Root"] = reference


def _title_changed(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(dictionary(Title=generic.pdf_string("Autre titre")))


ATTACKS: dict[str, Attack] = {
    "text over a page": _overlay,
    "a page's contents replaced": _replace_contents,
    "a free text annotation": _annotate("/FreeText"),
    "a stamp annotation": _annotate("/Stamp"),
    "a link": _annotate("/Link"),
    "an action on opening": _open_action,
    "other metadata": _metadata,
    "appearances to be drawn anew": _need_appearances,
    "a field of another name": _new_field("Intrus"),
    "a visible time-stamp field": _new_field("Horodatage_09"),
    "an object that nothing names": _orphan,
    "junk among the certificates": _junk_in_store,
    "the store removed": _store_removed,
    "a signed field's picture swapped": _appearance_swapped,
    "a signed field's description changed": _field_renamed,
    "a page added": _page_added,
    "the catalog swapped": _catalog_swapped,
    "another title": _title_changed,
}
"""Each alone must make a file invalid, wherever it stands after the first signature."""
