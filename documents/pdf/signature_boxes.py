"""The place where the parties sign: boxes side by side, each a signature field, and the first time-stamp's field."""

from __future__ import annotations

from conventions.kinds import LOCK_PERMISSION, TIMESTAMP_FIELDS, Party, fields_outside_lock
from documents.blocks import SIGNATURE_FIELDS, SYSTEM, SignatureBox, Signatures, plain
from documents.pdf.canvas import LAYOUT_ARTIFACT, TaggedCanvas
from documents.pdf.flows import Flow, draw_text
from documents.pdf.numbers import number
from documents.pdf.structure import Element, pdf_text
from documents.pdf.style import ACCENT_RULE, MARGIN_LEFT, SIGNER_CAPACITY, SIGNER_FORMULA, SIGNER_NAME, TEXT_WIDTH
from documents.pdf.text_layout import lay_text

GUTTER = 24.0
BOX_HEIGHT = 92.0
BOX_SPACE = 6.0
TOOLTIPS = {
    Party.MEMBER.value: "Signature pour l’établissement",
    Party.SYNDICATE.value: "Signature pour le syndicat",
    SYSTEM: "Cachet électronique du système",
}
TIMESTAMP_TOOLTIP = "Horodatage du document"


def render_lock(party: str) -> str:
    """Write the lock of a party's signature (ISO 32000-1, table 233; /P from extension level 3)."""
    outside = TIMESTAMP_FIELDS if party == SYSTEM else fields_outside_lock(Party(party))
    names = "".join(pdf_text(name) for name in outside)
    return f"<</Type/SigFieldLock/Action/Exclude/Fields[{names}]/P {LOCK_PERMISSION}>>"


class SignaturesFlow(Flow):
    """All boxes in one slice: they never part."""

    space_before = 10.0
    space_after = 14.0

    def __init__(self, signatures: Signatures, part: int) -> None:
        super().__init__(part)
        self._boxes = signatures.boxes
        count = len(signatures.boxes)
        self._width = (TEXT_WIDTH - GUTTER * (max(count, 2) - 1)) / max(count, 2)
        self._texts = [
            tuple(
                lay_text(runs, style, self._width)
                for runs, style in ((box.formula, SIGNER_FORMULA), (box.name, SIGNER_NAME), (box.capacity, SIGNER_CAPACITY))
            )
            for box in signatures.boxes
        ]
        self._text_height = max(sum(block.height for block in texts) for texts in self._texts)
        self.heights = (self._text_height + BOX_SPACE + BOX_HEIGHT,)

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw each box: who signs, then the field; then the field of the first time-stamp."""
        del first, last
        for rank, (box, texts) in enumerate(zip(self._boxes, self._texts, strict=True)):
            left = MARGIN_LEFT + rank * (self._width + GUTTER)
            y = top
            for block in texts:
                draw_text(canvas, parent.child("P"), block, left, y)
                y -= block.height
            self._draw_field(canvas, parent, box, left, top - self._text_height - BOX_SPACE)
        canvas.add_signature_field(parent.child("Form"), TIMESTAMP_FIELDS[0], TIMESTAMP_TOOLTIP, (0.0, 0.0, 0.0, 0.0), None)

    def _draw_field(self, canvas: TaggedCanvas, parent: Element, box: SignatureBox, left: float, top: float) -> None:
        bottom = top - BOX_HEIGHT
        with canvas.artifact(LAYOUT_ARTIFACT):
            canvas.emit(
                f"0.6 w {canvas.colour(ACCENT_RULE)} {number(left)} {number(bottom)} {number(self._width)} {number(BOX_HEIGHT)} re S",
            )
        tooltip = f"{TOOLTIPS[box.party]} : {plain(box.name)}"
        rect = (left, bottom, left + self._width, top)
        canvas.add_signature_field(parent.child("Form"), SIGNATURE_FIELDS[box.party], tooltip, rect, render_lock(box.party))
