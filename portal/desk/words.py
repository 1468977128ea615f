"""Words of the desk, and the order in which documents are put before the signatory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from conventions.ceremonies import HowShown, Mark
from conventions.errors import NotFound
from conventions.kinds import Kind, agreed
from conventions.sentences import sentence_of
from conventions.views import DeskItem, DeskView, Pile
from portal.typography import lay_spaces

PILE_TITLES: Mapping[Pile, str] = MappingProxyType(
    {
        Pile.ONE_BY_ONE: "À examiner une par une",
        Pile.ATTENTION: "À votre attention",
        Pile.STANDARD: "Conformes au modèle",
    }
)


def mark_label(mark: Mark, kind: Kind) -> str:
    """Say what was decided of a document, in the gender of its kind."""
    return agreed(kind, "Prêt") if mark is Mark.READY else f"{agreed(kind, 'Laissé')} de côté"


def reason(code: str) -> str:
    """Return the sentence of a reason: why a document is in its pile, or why the delegation does not cover it."""
    return lay_spaces(sentence_of(code).replace("'", "'"))


def item_of(view: DeskView, reference: str) -> DeskItem:
    """Return a document of the desk.

    Raises:
        NotFound: it is not on the desk (any more).
    """
    for item in view.items:
        if item.reference == reference:
            return item
    raise NotFound(f"{reference} is not on the desk", code="document.not_found")


def to_open(view: DeskView) -> tuple[DeskItem, ...]:
    """List what must be opened, in reading order: the first two piles, then the sample of the third; what may not be signed need not be."""
    sample = [item for item in view.pile(Pile.STANDARD) if item.reference in view.sample]
    return tuple(item for item in (*view.pile(Pile.ONE_BY_ONE), *view.pile(Pile.ATTENTION), *sample) if item.is_covered)


def still_to_open(view: DeskView) -> tuple[DeskItem, ...]:
    """List what must be opened and was neither opened nor set aside."""
    return tuple(item for item in to_open(view) if not item.is_opened and item.mark is not Mark.ASIDE)


def next_to_open(view: DeskView, reference: str) -> DeskItem | None:
    """Return what opens by itself after a document: the next one in reading order, then from the first; None when all are done."""
    order = [item.reference for item in to_open(view)]
    left = [item for item in still_to_open(view) if item.reference != reference]
    if not left:
        return None
    here = order.index(reference) if reference in order else -1
    return next((item for item in left if order.index(item.reference) > here), left[0])


def neighbours(view: DeskView, item: DeskItem) -> tuple[DeskItem | None, DeskItem | None]:
    """Return the documents before and after one in its pile."""
    pile = view.pile(item.pile)
    place = pile.index(item)
    return (pile[place - 1] if place else None), (pile[place + 1] if place + 1 < len(pile) else None)


def proposed(view: DeskView) -> tuple[DeskItem, ...]:
    """List what a ceremony begun now would sign.

    Of the first two piles, what is marked ready; the standard pile whole, save what is set aside, once its sample is opened and its
    model read.
    """
    chosen = [item for item in view.items if item.pile is not Pile.STANDARD and item.mark is Mark.READY and item.is_opened]
    if not unopened_sample(view):
        chosen += [item for item in view.pile(Pile.STANDARD) if item.mark is not Mark.ASIDE and not item.is_model_unread]
    return tuple(sorted((item for item in chosen if item.is_covered), key=lambda item: item.reference))


def unopened_sample(view: DeskView) -> tuple[DeskItem, ...]:
    """List the documents of the sample that were not opened; setting one aside opens it too."""
    return tuple(item for item in view.pile(Pile.STANDARD) if item.reference in view.sample and not item.is_opened)


def how_shown(view: DeskView, reference: str) -> HowShown:
    """Say how a document opened from the desk was put before the signatory."""
    return HowShown.SAMPLED if reference in view.sample else HowShown.OPENED


def total_eur(items: Sequence[DeskItem]) -> int:
    """Add up the contributions, in euros a year."""
    return sum(item.contribution_eur for item in items)
