"""The Merkle tree of RFC 9162, section 2.1, over leaf hashes: roots, inclusion and consistency proofs.

Pure and iterative. A tree of n leaves is the list of its leaf hashes (32 bytes each) in order; a proof is a list of node
hashes from the bottom up, as the RFC orders it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from conventions.errors import EvidenceBroken

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf: SHA-256(0x00 || entry) (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right) (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees of a growing tree, largest first: all that appending and the root need.

    ``peaks`` may be kept (at most one a bit of ``size``) and given back to go on from there.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            msg = f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self.peaks)}"
            raise ValueError(msg)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far (RFC 9162, 2.1.1: the empty tree's is the hash of nothing)."""
        return root_of_peaks(self.peaks)


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Join the roots of complete subtrees, largest first, into the root of the tree that they make."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Compute the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


Span = tuple[int, int]
"""Leaves from the first number (included) to the second (excluded)."""


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Name the subtrees whose roots are the inclusion proof of a leaf, bottom up (RFC 9162, 2.1.3.1, PATH).

    Raises:
        ValueError: no such leaf.
    """
    if not 0 <= index < size:
        msg = f"no leaf {index} in a tree of {size}"
        raise ValueError(msg)
    spans = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first_size: int, size: int) -> list[Span]:
    """Name the subtrees whose roots are the consistency proof between two sizes (RFC 9162, 2.1.4.1, SUBPROOF).

    Raises:
        ValueError: ``first_size`` is not between 1 and ``size``.
    """
    if not 0 < first_size <= size:
        msg = f"no tree of {first_size} inside one of {size}"
        raise ValueError(msg)
    spans = []
    start, end = 0, size
    while end != first_size:
        middle = start + _split(end - start)
        if first_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start > 0:
        spans.append((start, end))
    return spans[::-1]


def span_roots(leaves: Sequence[bytes], spans: Iterable[Span]) -> list[bytes]:
    """Compute the roots of subtrees of the tree over ``leaves``."""
    return [root_of(leaves[start:end]) for start, end in spans]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Prove that the leaf at ``index`` is in the tree over ``leaves``.

    Raises:
        ValueError: no such leaf.
    """
    return span_roots(leaves, inclusion_spans(index, len(leaves)))


def consistency_proof(leaves: Sequence[bytes], first_size: int) -> list[bytes]:
    """Prove that the tree over the first ``first_size`` leaves is the beginning of the tree over all.

    Raises:
        ValueError: ``first_size`` is not between 1 and the tree's size.
    """
    return span_roots(leaves, consistency_spans(first_size, len(leaves)))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof against a root (RFC 9162, 2.1.3.2).

    Raises:
        EvidenceBroken: the proof does not lead to the root.
    """
    if not 0 <= index < size:  # (1)
        raise EvidenceBroken(f"no leaf {index} in a tree of {size}", code="journal.inclusion")
    position, last, found = index, size - 1, leaf  # (2), (3)
    for node in proof:  # (4)
        if last == 0:
            raise EvidenceBroken("the inclusion proof is too long", code="journal.inclusion")
        if position & 1 or position == last:
            found = node_hash(node, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, node)
        position, last = position >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(found, root):  # (5)
        raise EvidenceBroken(f"leaf {index} is not in the tree of {size} with this root", code="journal.inclusion")


def verify_consistency(first_size: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check a consistency proof between two roots (RFC 9162, 2.1.4.2).

    Raises:
        EvidenceBroken: the first tree is not the beginning of the second.
    """
    broken = EvidenceBroken(f"the tree of {first_size} is not the beginning of the tree of {size}", code="journal.consistency")
    if not 0 < first_size <= size:
        raise broken
    if first_size == size:
        if proof or not hmac.compare_digest(first_root, root):
            raise broken
        return
    path = list(proof)
    if not path:  # (1)
        raise broken
    if first_size.bit_count() == 1:  # (2): an exact power of two is a subtree by itself
        path.insert(0, first_root)
    position, last = first_size - 1, size - 1  # (3)
    while position & 1:  # (4)
        position, last = position >> 1, last >> 1
    found_first = found = path[0]  # (5)
    for node in path[1:]:  # (6)
        if last == 0:
            raise broken
        if position & 1 or position == last:
            found_first, found = node_hash(node, found_first), node_hash(node, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, node)
        position, last = position >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(found_first, first_root) or not hmac.compare_digest(found, root):  # (7)
        raise broken


def _split(size: int) -> int:
    """Return the largest power of two smaller than ``size`` (RFC 9162, 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)
