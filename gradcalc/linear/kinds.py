"""The facts about a matrix that can be asked for: a row says what any part has to know of one."""

from __future__ import annotations

from typing import NamedTuple

SINGULAR = "there is none: the matrix is singular"
"""What is said of an inverse."""
_OF_J = "<mo>(</mo><mi>J</mi><mo>)</mo>"


class Fact(NamedTuple):
    """A fact by the word that asks for it, which is its key in JSON too.

    ``square``: it is one of square matrices only. ``symbol`` is LaTeX for it, of the matrix J, and
    ``mathml`` the same for browsers.
    """

    name: str
    title: str
    symbol: str
    mathml: str
    square: bool = False


FACTS = {
    fact.name: fact
    for fact in (
        Fact("det", "determinant", r"\det J", f"<mi>det</mi>{_OF_J}", square=True),
        Fact("rank", "rank", r"\operatorname{rank} J", f"<mi>rank</mi>{_OF_J}"),
        Fact(
            "cond", "condition number", r"\kappa_2(J)", f"<msub><mi>κ</mi><mn>2</mn></msub>{_OF_J}"
        ),
        Fact("svd", "singular values", r"\sigma(J)", f"<mi>σ</mi>{_OF_J}"),
        Fact("eig", "eigenvalues", r"\lambda(J)", f"<mi>λ</mi>{_OF_J}", square=True),
        Fact("inv", "inverse", "J^{-1}", "<msup><mi>J</mi><mn>−1</mn></msup>", square=True),
    )
}


def chosen(text: str | None) -> list[str]:
    """The facts that a list with commas names, in the order of the table."""
    words = {word.strip() for word in (text or "").split(",")}
    return [name for name in FACTS if name in words]
