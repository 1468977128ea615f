"""The published table of the members' file."""

from __future__ import annotations

from conventions.member_columns import PUBLISHED, Column

INTRODUCTION = """# Fichier des membres

Écrit par `contreseing import --columns` ; ne pas modifier à la main.

Fichier CSV en UTF-8, une ligne par établissement. La première ligne nomme les colonnes, dans l'ordre que l'on veut ; elles sont séparées
par des virgules, ou par des points-virgules comme l'écrivent les tableurs en français, et partout par le même signe. Une colonne qui n'est
pas toujours nécessaire peut manquer. Chaque valeur tient sur une ligne, en 300 caractères au plus.

Le fichier est importé en entier (`contreseing import FICHIER --programme IDENTIFIANT`) ou refusé en entier, avec la liste de ce qui ne va
pas : ligne, colonne, valeur, quoi faire. Importé de nouveau, il n'ajoute que les nouveaux membres ; un membre déjà enregistré avec d'autres
renseignements est une erreur.

| Colonne | Nécessaire | Contenu | Exemple |
|---|---|---|---|
"""


def render_members_table() -> str:
    """Render the published table of the columns of the members' file (Markdown, in French: agents read it)."""
    return INTRODUCTION + "".join(f"{_line(column)}\n" for column in PUBLISHED)


def _line(column: Column) -> str:
    return f"| `{column.name}` | {column.when or 'non'} | {column.holds} | {column.example} |"
