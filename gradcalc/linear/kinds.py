"""The facts about a matrix that can be asked for: a row says what any part has to know of one."""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """A fact by the word that asks for it, which is its key in JSON too.

    ``square``: it is one of square matrices only. ``symbol`` is LaTeX for it, of the matrix J.
    """

    name: str
    title: str
    symbol: str
    square: bool = False


FACTS = {
    fact.name: fact
    for fact in (
        Fact("det", "determinant", r"\det J", square=True),
        Fact("rank", "rank", r"\operatorname{rank} J"),
        Fact("cond", "condition number", r"\kappa_2(J)"),
        Fact("svd", "singular values", r"\sigma(J)"),
        Fact("eig", "eigenvalues", r"\lambda(J)", square=True),
        Fact("inv", "inverse", "J^{-1}", square=True),
    )
}


def chosen(text: str | None) -> list[str]:
    """The facts that a list with commas names, in the order of the table."""
    words = {word.strip() for word in (text or "").split(",")}
    return [name for name in FACTS if name in words]
