"""A body's name inside a French sentence: « au nom du DEPARTEMENT DU FINISTERE », whatever its members' file wrote.

A name takes an article only where it is known: its first word is a common noun of the lists below, and what follows completes it
(« de communes », « régional »). A name that begins as only its own people know how to say (« DE L’OUST À BROCÉLIANDE », « CENTRE
MORBIHAN », « HAUT LÉON », « PAYS DE … ») is put after « l’organisme », which is right for any. Any other is a proper name, without
article: « de BREST METROPOLE », « d’AURAY ».
"""

from __future__ import annotations

from conventions.french import is_elided_before, typographic
from conventions.people import folded

_ARTICLES = {
    word: article
    for article, words in {
        "la": "agglomeration ca cc collectivite commune communaute cu metropole region ville",
        "le": "ccas cias conseil departement sivom sivu syndicat",
    }.items()
    for word in words.split()
}
"""Common nouns that name a kind of body."""

_SELDOM_COMMON = frozenset({"agglomeration", "metropole", "ville"})
"""Of those, the ones that need « de » behind them: « MÉTROPOLE D’X » is a common noun, « VILLE EN FÊTE » may be anything."""

_CENTRES = ("centre communal ", "centre intercommunal ", "centre hospitalier ", "centre de gestion ")

_UNSURE_WORDS = """
a aber au aux baie bassin bocage cap centre chateau coeur collines cote cotes de des domaine du en entre est etablissement estuaire foret
golfe grand grande grands ile iles l la lac le les littoral mer mont monts nord ouest pays pointe pole porte portes presqu rade rives
riviere sud terre terres territoire val vallee vallees vallon vallons
"""
_UNSURE = frozenset(_UNSURE_WORDS.split())
"""First words, accents aside, before which nobody can guess an article."""


def the_body(name: str) -> str:
    """Write a body's name after « pour » or « avec »: « le DEPARTEMENT … », « BREST METROPOLE », « l’organisme HAUT LEON »."""
    article, name = _article(name), typographic(name)
    return {"la": f"la {name}", "le": f"le {name}", "": name}.get(article, f"l’organisme {name}")


def of_body(name: str) -> str:
    """Write « de » and a body's name: « de la Communauté … », « du Département … », « d’Arc Sud », « de l’organisme HAUT LEON »."""
    article, name = _article(name), typographic(name)
    proper = f"d’{name}" if is_elided_before(name) else f"de {name}"
    return {"la": f"de la {name}", "le": f"du {name}", "": proper}.get(article, f"de l’organisme {name}")


def _article(name: str) -> str:
    """Return « la », « le », an empty text for a proper name, or « ? » where only the body itself could tell."""
    words = folded(name)
    if words.startswith(_CENTRES):
        return "le"
    first, _, rest = words.partition(" ")
    if first in _ARTICLES and (first not in _SELDOM_COMMON or rest.startswith(("d ", "de ", "des ", "du "))):
        return _ARTICLES[first]
    if first in _ARTICLES or first in _UNSURE or first[:1] in {"h", "y"}:
        return "?"
    return ""
