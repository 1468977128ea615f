"""A document of two pages that holds all that we write in a PDF: judges read many changed copies of it."""

from __future__ import annotations

from documents.agreements import issue_of, values_of
from documents.composition import compose
from documents.rendering import render_composition
from documents.wording_parser import parse_wording
from tests.builders import example_terms

SHORT = """::: part Essai

# Titre

## Sous-titre

Un **texte** et [un lien](https://exemple.invalid).

- un
- deux

Tableau : Légende
| Nom | Montant |
| --- | --: |
| each recapitulation | {{line.member}} | {{line.contribution}} |
| total | Total | {{recapitulation.total}} |

::: signatures
member | Pour l'établissement | {{member.representative}} | {{member.capacity}}
syndicate | {{delegation.formula}} | {{delegation.holder}} | {{delegation.capacity}}
:::
"""
"""All that we write in a PDF, on few pages: the judges read many changed copies of it."""


def render_short() -> bytes:
    """Render that document."""
    terms = example_terms(recapitulation=example_terms().recapitulation[:50])
    wording = parse_wording(SHORT.encode(), "convention/essai", "essai.md")
    return render_composition(compose(wording, terms.title, values_of(terms)), issue_of(terms)).data
