"""What each kind of agreement brings to its wording and to its file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.canonical import render_canonical
from conventions.kinds import SIGNERS, Kind
from conventions.terms import DATA_FILENAME, Terms, agreement_data
from documents.fields import CONDITIONS, LIST_FIELDS, SCALAR_FIELDS, conditions, list_values, scalar_values
from documents.particular_fields import PARTICULAR_VOCABULARIES, particular_values
from documents.pdf.canvas import Attachment
from documents.rendering import Issue, Issuer
from documents.vocabulary import Values, Vocabulary

DATA_DESCRIPTION = "Données de l’acte, lues pour l’ouverture des services"


VOCABULARIES: Mapping[Kind, Vocabulary] = MappingProxyType(
    {
        Kind.CONVENTION: Vocabulary(
            SCALAR_FIELDS,
            lists=LIST_FIELDS,
            conditions=CONDITIONS,
            parties=tuple(party.value for party in SIGNERS[Kind.CONVENTION]),
        ),
        **PARTICULAR_VOCABULARIES,
    }
)


def title_of(terms: Terms) -> str:
    """Title of an agreement, as it is typeset."""
    return terms.title.replace("'", "’")


def values_of(terms: Terms) -> Values:
    """Return the values of an agreement's fields, all from one object.

    Raises:
        InputRefused: the terms lack what their kind says of its own.
    """
    added = particular_values(terms)
    return Values(
        {**scalar_values(terms), **added.scalars}, {**list_values(terms), **added.lists}, {**conditions(terms), **added.conditions}
    )


def issue_of(terms: Terms) -> Issue:
    """Return what an agreement's file holds beside its composition."""
    syndicate = terms.programme.syndicate
    data = render_canonical(agreement_data(terms))
    return Issue(
        issuer=Issuer(syndicate.name, syndicate.seat, syndicate.siret, syndicate.telephone, syndicate.website),
        title=f"{title_of(terms)} – {terms.member.name}",
        subject=f"{terms.programme.name} – n° {terms.reference}",
        reference=terms.reference,
        written_on=terms.prepared_on,
        demonstration=terms.demonstration,
        attachment=Attachment(DATA_FILENAME, "application/json", DATA_DESCRIPTION, data),
    )
