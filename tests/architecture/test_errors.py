"""The tree of errors, walked: each has an HTTP status, each code a French sentence, and the docstring draws them all."""

from __future__ import annotations

import ast
import importlib

import conventions.errors
from conventions.errors import ContreseingError
from tests.architecture.tree import listing, product_sources, relative, syntax_of


def error_classes() -> list[type[ContreseingError]]:
    """List the whole tree, root first, whatever else has been imported."""
    found = [ContreseingError]
    for error in found:
        found += [child for child in error.__subclasses__() if child not in found and child.__module__ == ContreseingError.__module__]
    return found


def codes_in_the_source() -> dict[str, str]:
    """Map each error code that the product names to where it does: defaults of classes and ``code=`` of raised errors."""
    names = {error.__name__ for error in error_classes()}
    codes = {error.default_code: f"{error.__module__}.{error.__name__}" for error in error_classes()}
    for path in product_sources():
        for node in ast.walk(syntax_of(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in names:
                continue
            for keyword in node.keywords:
                if keyword.arg == "code":
                    for literal in ast.walk(keyword.value):
                        if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                            codes[literal.value] = f"{relative(path)}:{node.lineno}"
    return codes


def test_errors_are_declared_in_one_module() -> None:
    names = {error.__name__ for error in error_classes()}
    elsewhere = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in product_sources()
        if relative(path) != "conventions/errors.py"
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.ClassDef) and names & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    ]
    assert not elsewhere, listing(elsewhere)


def test_docstring_draws_every_error() -> None:
    drawing = conventions.errors.__doc__ or ""
    missing = [error.__name__ for error in error_classes() if error.__name__ not in drawing]
    assert not missing, listing(missing)


def test_every_error_has_an_http_status() -> None:
    status_of = importlib.import_module("portal.problems").STATUS_OF
    unmapped = [error.__name__ for error in error_classes() if error not in status_of]
    assert not unmapped, listing(unmapped)
    assert all(400 <= status <= 599 for status in status_of.values())


def test_every_code_has_a_french_sentence() -> None:
    sentences = importlib.import_module("conventions.sentences").SENTENCES
    without = [f"{code} ({place})" for code, place in codes_in_the_source().items() if code not in sentences]
    assert not without, listing(without)
