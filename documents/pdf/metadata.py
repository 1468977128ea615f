"""XMP packet (ISO 16684-1) that identifies the file as PDF/A-3a and PDF/UA-1, and the sRGB output intent."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from html import escape

from PIL import ImageCms

from documents.pdf.reportlab_internals import plain_stream_body, stream_body

LANGUAGE = "fr-FR"
PRODUCER = "Contreseing"
_ICC_DATE = slice(24, 36)
"""Creation date within an ICC header (ICC.1:2022, 7.2): six 16-bit numbers."""


@dataclass(frozen=True)
class DocumentProperties:
    """What a reader shows about a file."""

    title: str
    author: str
    subject: str
    written_on: date
    identifier_hex: str


_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
<dc:format>application/pdf</dc:format><dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{producer}</pdf:Producer><xmp:CreatorTool>{producer}</xmp:CreatorTool>
<xmp:CreateDate>{at}</xmp:CreateDate><xmp:ModifyDate>{at}</xmp:ModifyDate><xmp:MetadataDate>{at}</xmp:MetadataDate>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def render_metadata(properties: DocumentProperties) -> bytes:
    """Write the metadata stream object; the packet is read-only and uncompressed (ISO 19005-3, 6.6.2)."""
    packet = _PACKET.format(
        title=escape(properties.title, quote=False),
        author=escape(properties.author, quote=False),
        subject=escape(properties.subject, quote=False),
        language=LANGUAGE,
        producer=PRODUCER,
        at=f"{properties.written_on.isoformat()}T00:00:00+00:00",
    )
    return plain_stream_body(packet.encode("utf-8"), "/Type/Metadata/Subtype/XML")


@functools.cache
def colour_profile() -> bytes:
    """Return an sRGB profile made by LittleCMS, its creation date fixed at 1 January 2026."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_ICC_DATE] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    return bytes(profile)


@functools.cache
def render_colour_profile() -> bytes:
    """Write the profile's stream object."""
    return stream_body(colour_profile(), "/N 3/Alternate/DeviceRGB")
