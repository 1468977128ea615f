"""Objects read at once are those that pyHanko reads byte by byte, and so are its errors."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.quick_objects import DEEPEST, READ_OBJECT, read_objects_at_once
from tests.unit.signing.material import prepared_pdf
from tests.vectors.attacks import ATTACKS

assert read_objects_at_once()
QUICK = getattr(generic, READ_OBJECT)
REFUSALS = (PdfError, ValueError, RecursionError, KeyError, TypeError)


class Holder(PdfFileReader):
    """What a reference belongs to, without a file."""

    def __init__(self) -> None:
        self.strict = True

    def get_object(self, ref: Any, *_: Any, **__: Any) -> Any:  # noqa: ANN401 pyHanko's signature
        """Give a length for every reference."""
        del ref
        return generic.NumberObject(3)  # type: ignore[no-untyped-call]


REFERENCE = generic.Reference(7, 0, Holder())


@contextmanager
def byte_by_byte() -> Iterator[None]:
    """Have pyHanko read nested objects by its own function too."""
    setattr(generic, READ_OBJECT, QUICK.__wrapped__)
    try:
        yield
    finally:
        setattr(generic, READ_OBJECT, QUICK)


def told(value: Any) -> object:  # noqa: ANN401 any PDF object
    """Tell an object whole: types, values, what holds it, and its data if it is a stream."""
    held = getattr(value, "container_ref", None)
    if isinstance(value, dict):
        data = value.encoded_data if isinstance(value, generic.StreamObject) else None
        return type(value), held, data, [(told(key), told(dict.__getitem__(value, key))) for key in value]
    if isinstance(value, list):
        return type(value), held, [told(one) for one in list.__iter__(value)]
    if isinstance(value, generic.IndirectObject):
        return type(value), held, value.idnum, value.generation, value.reference.pdf
    if isinstance(value, generic.NullObject):
        return type(value), held
    return type(value), held, repr(value), getattr(value, "autodetected_encoding", None)


def outcome(written: bytes, start: int = 0) -> tuple[object, object]:
    """Read one object; tell it and where reading ended, or the error."""
    stream = io.BytesIO(written)
    stream.seek(start)
    try:
        value = getattr(generic, READ_OBJECT)(stream, REFERENCE)
    except REFUSALS as error:
        return type(error), str(error)
    return told(value), stream.tell()


def both_ways(written: bytes, start: int = 0) -> tuple[object, object]:
    """Read at once, compare with pyHanko's own way, and return the outcome."""
    quick = outcome(written, start)
    with byte_by_byte():
        assert quick == outcome(written, start)
    return quick


space = st.sampled_from([b"", b" ", b"\n", b"\r\n", b"\0", b" % note\n"])
scalars = st.one_of(
    st.sampled_from([b"true", b"false", b"null", b"0", b"-7", b"+3.25", b".5", b"4.", b"1 0 R", b"12 3 R", b"0 0 R", b"1-2", b"1 0 Rx"]),
    st.sampled_from(
        [b"()", b"(a(b)c)", b"(\\(\\051\\\\)", b"(\\\n)", b"(a", b"(\xfe\xff\x00A)", b"(\xef\xbb\xbfn)", b"(\x9f)", b"<4a>", b"<4>"]
    ),
    st.sampled_from(
        [b"/Name", b"/A#42", b"/A#4", b"/", b"/" + b"n" * 127, b"/" + b"n" * 130, b"<4A 4B>", b"trueish", b"9" * 20, b"1 0 Rx"]
    ),
)


def joined(parts: list[bytes]) -> st.SearchStrategy[bytes]:
    """Write parts one after the other, with some space before each."""
    return st.tuples(*(space for _ in parts)).map(lambda spaces: b"".join(gap + part for gap, part in zip(spaces, parts, strict=True)))


def containers(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Write arrays and dictionaries of such objects, some of them not as they should be."""
    keys = st.sampled_from([b"/K", b"/L", b"/Length", b"/A#42", b"(K)", b"7"])
    arrays = st.lists(inner, max_size=4).flatmap(lambda items: joined([b"[", *items, b"]"]))
    pairs = st.lists(st.tuples(keys, inner), max_size=4).map(lambda found: [part for pair in found for part in pair])
    closes = st.sampled_from([b">>", b">>", b">>", b">", b"]"])
    return arrays | st.tuples(pairs, closes).flatmap(lambda found: joined([b"<<", *found[0], found[1]]))


objects = st.recursive(scalars, containers, max_leaves=12)
tails = st.sampled_from(
    [b" endobj", b"\nstream\nabc\nendstream\n", b" % note\nstream\r\nabcendstream", b"", b"\nstream\nabcd", b"stream", b" 7"]
)


@given(written=containers(objects), tail=tails, before=st.sampled_from([b"", b"7 0 obj "]))
def test_what_is_written_is_read_as_pyhanko_reads_it(written: bytes, tail: bytes, before: bytes) -> None:
    both_ways(before + written.lstrip() + tail, len(before))


texts = st.sampled_from(
    [b"(Horodatage\\13701)", b"()", b"(\\(\\051\\\\)", b"(\xfe\xff\x00A)", b"(\x9f)", b"(" + b"long " * 30 + b")", b"(a(b))", b"(a"]
)


@given(listed=st.lists(texts, max_size=70), after=st.sampled_from([b"", b"/N", b"(end)"]))
def test_a_list_of_texts_is_read_as_pyhanko_reads_it(listed: list[bytes], after: bytes) -> None:
    array = b"[ " + b" ".join(listed) + b" ]"
    for written in (array + after, b"<</Fields " + array + b"/P 2>>", b"<<" + array + b">>", b"[" + array + array + b"]"):
        both_ways(written)


@given(written=st.binary(max_size=60))
def test_whatever_bytes_are_read_as_pyhanko_reads_them(written: bytes) -> None:
    both_ways(b"<<" + written)
    both_ways(b"[" + written + b"]")


@pytest.mark.parametrize(
    "written",
    [b"<</Length 3>>\nstream\nabc\nendstream", b"<</Length 3 0 R/Filter[/FlateDecode]>>stream\r\nabc\r\nendstream", b"<</A<</Length 3>>>>"],
)
def test_streams_keep_their_data(written: bytes) -> None:
    found, _ = both_ways(written)
    assert isinstance(found, tuple)
    assert found[0] is (generic.StreamObject if b"stream" in written else generic.DictionaryObject)


@pytest.mark.parametrize("attack", [None, *list(ATTACKS)[::8]], ids=str)
def test_every_object_of_a_file_is_read_alike(attack: str | None) -> None:
    data = prepared_pdf() if attack is None else ATTACKS[attack].make(prepared_pdf())
    starts = [at + 5 for at in range(len(data)) if data.startswith((b" obj\n<", b" obj\n["), at)]
    for start in starts:
        both_ways(data, start)
    assert starts or b" obj" not in data


def test_depth_costs_no_more_than_once() -> None:
    """Each level of something that is not plain would otherwise be tried to its end: a file made for it would take hours."""
    written = b"<</A " * 250 + b"[" + b"(text) " * 20_000 + b"% a note" + b">>" * 250
    begun = time.process_time()
    quick = outcome(written)
    assert time.process_time() - begun < 5
    with byte_by_byte():
        assert quick[0] == outcome(written)[0]


def test_what_is_nested_as_files_are_is_read_at_once() -> None:
    written = b"<</A " * DEEPEST + b"1" + b">>" * DEEPEST
    both_ways(written)
    both_ways(b"<</A " + written + b">>")
