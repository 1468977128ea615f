"""Mutations of honest files: whatever is changed, nothing is accepted but what was signed. ``make fuzz`` tries many more."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import VerificationFailed
from signing.chains import TrustStore
from signing.second_structure import read_structure
from signing.uploads import AcceptedUpload, verify_upload
from tests.unit.signing.material import prepared_pdf
from tests.vectors.handmade import hand_signed, own_cms
from tests.vectors.outsiders import authority, outsider

PREPARED = prepared_pdf()
Mutation = tuple[str, float, bytes]
mutations = st.lists(
    st.tuples(st.sampled_from(("replace", "insert", "remove")), st.floats(0, 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4
)


@functools.lru_cache
def honest() -> bytes:
    return hand_signed(PREPARED, own_cms(outsider()))


def mutated(data: bytes, changes: list[Mutation], start: int) -> bytes:
    for kind, place, octets in changes:
        at = start + int(place * (len(data) - start))
        rest = data[at:] if kind == "insert" else data[at + len(octets) :]
        data = data[:at] + (b"" if kind == "remove" else octets) + rest
    return data


def judged(uploaded: bytes) -> AcceptedUpload | None:
    trust = TrustStore([authority().certificate])
    try:
        return verify_upload(PREPARED, uploaded, "Signature_Membre", person=None, trust=trust, now=datetime.now(UTC))
    except Exception:  # noqa: BLE001 a refusal, as the process around it takes it
        return None


@given(mutations)
def test_what_is_accepted_is_what_was_signed(changes: list[Mutation]) -> None:
    found = judged(mutated(honest(), changes, len(PREPARED)))
    if found is not None:
        original = judged(honest())
        assert original is not None
        begin, end = original.hole
        assert found.hole == original.hole
        changed = mutated(honest(), changes, len(PREPARED))
        assert (changed[:begin], changed[end : found.end]) == (honest()[:begin], honest()[end : original.end])


@given(mutations)
def test_the_prepared_bytes_cannot_change_at_all(changes: list[Mutation]) -> None:
    changed = mutated(honest(), changes, 0)
    if not changed.startswith(PREPARED):
        assert judged(changed) is None


@given(mutations)
def test_the_second_reader_s_structure_refuses_in_our_words_or_fails(changes: list[Mutation]) -> None:
    """It never hangs, and what it reads of a signature is what the byte range covers."""
    data = mutated(honest(), changes, len(PREPARED))
    try:
        end = read_structure(data).signatures[-1].end
    except VerificationFailed as error:
        said = error.code
    except Exception:  # noqa: BLE001 what the reader around it turns into a refusal
        said = "structure.unreadable"
    else:
        said = "structure.read" if end == len(data) else "another end"
    assert said.startswith("structure.")
