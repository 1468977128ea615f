"""RFC 9162's tree, against the RFC's own definitions written out, known vectors, and every small tree."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import EvidenceBroken
from conventions.journal.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# inputs and roots of Certificate Transparency's published reference tree, sizes 0 to 8
ENTRIES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LARGEST = 40


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(2, "big")) for number in range(size)]


def mth(hashes: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, as the RFC writes it."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def path(m: int, hashes: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return [*path(m, hashes[:k]), mth(hashes[k:])] if m < k else [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: list[bytes], *, complete: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if m == len(hashes):
        return [] if complete else [mth(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if m <= k:
        return [*subproof(m, hashes[:k], complete=complete), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], complete=False), mth(hashes[:k])]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_tree(size: int) -> None:
    assert root_of(leaf_hash(entry) for entry in ENTRIES[:size]).hex() == ROOTS[size]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == mth([])


@pytest.mark.parametrize("size", range(1, LARGEST))
def test_every_root_and_proof_is_the_rfcs_and_verifies(size: int) -> None:
    leaves = leaves_of(size)
    root = root_of(leaves)
    assert root == mth(leaves)
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        assert proof == path(index, leaves)
        verify_inclusion(leaves[index], index, size, proof, root)
    for first in range(1, size + 1):
        consistency = consistency_proof(leaves, first)
        assert consistency == subproof(first, leaves, complete=True)
        verify_consistency(first, root_of(leaves[:first]), size, root, consistency)


@given(st.data(), st.integers(2, LARGEST))
def test_an_altered_inclusion_proof_does_not_verify(data: st.DataObject, size: int) -> None:
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << bit % 8
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))

    for leaf, at, of, nodes, against in (
        (leaves[index], index, size, [*proof[:place], bytes(flipped), *proof[place + 1 :]], root),
        (leaves[index], index, size, proof[:-1], root),
        (leaves[index], index, size, [*proof, root], root),
        (leaves[other], index, size, proof, root),
        (leaves[index], index, size, proof, leaf_hash(b"another root")),
        (leaves[index], size, size, proof, root),
        (leaves[index], -1, size, proof, root),
    ):
        with pytest.raises(EvidenceBroken):
            verify_inclusion(leaf, at, of, nodes, against)


@given(st.data(), st.integers(2, LARGEST))
def test_an_altered_consistency_proof_does_not_verify(data: st.DataObject, size: int) -> None:
    leaves = leaves_of(size)
    first = data.draw(st.integers(1, size - 1))
    proof, root, first_root = consistency_proof(leaves, first), root_of(leaves), root_of(leaves[:first])
    place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(proof[place])
    flipped[bit // 8] ^= 1 << bit % 8
    rewritten = root_of([*leaves[: first - 1], leaf_hash(b"rewritten")])

    for one, one_root, two, two_root, nodes in (
        (first, first_root, size, root, [*proof[:place], bytes(flipped), *proof[place + 1 :]]),
        (first, first_root, size, root, proof[:-1]),
        (first, first_root, size, root, [*proof, root]),
        (first, first_root, size, root, []),
        (first, rewritten, size, root, proof),
        (first, first_root, size, leaf_hash(b"another root"), proof),
        (0, EMPTY_ROOT, size, root, proof),
        (size + 1, first_root, size, root, proof),
        (size, root, size, first_root, []),
        (size, root, size, root, proof),
    ):
        with pytest.raises(EvidenceBroken):
            verify_consistency(one, one_root, two, two_root, nodes)


def test_a_tree_is_consistent_with_itself() -> None:
    root = root_of(leaves_of(7))

    verify_consistency(7, root, 7, root, [])


def test_a_frontier_goes_on_from_its_peaks() -> None:
    leaves = leaves_of(77)
    first = Frontier()
    for leaf in leaves[:45]:
        first.append(leaf)
    second = Frontier(first.size, first.peaks)
    for leaf in leaves[45:]:
        second.append(leaf)

    assert first.root() == root_of(leaves[:45])
    assert second.root() == root_of(leaves)
    assert second.size == 77


def test_a_frontier_refuses_peaks_that_are_not_its_size_s() -> None:
    with pytest.raises(ValueError, match="3 peaks, not 1"):
        Frontier(7, [EMPTY_ROOT])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(leaves_of(size), index)


@pytest.mark.parametrize("first", [0, -1, 4])
def test_there_is_no_proof_from_a_size_that_never_was(first: int) -> None:
    with pytest.raises(ValueError, match="no tree"):
        consistency_proof(leaves_of(3), first)
