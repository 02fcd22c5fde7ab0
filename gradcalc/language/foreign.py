"""How other languages say it: what a word or a mark of theirs is here.

Everything here only looks, at a word or at the text from some place on; the parser acts. What our
own language can read is never looked up here: a foreign word stands where ours would be refused.
"""

from __future__ import annotations

from gradcalc.functions.primitives import DISPUTED, ELSEWHERE, FUNCTIONS
from gradcalc.language.arrays import STRUCTURAL

LIBRARIES = {
    *("np", "numpy", "jnp", "jax", "onp", "anp", "autograd", "cp", "cupy", "xp", "linalg", "lax"),
    *("math", "cmath", "Math", "scipy", "special", "sp", "sympy", "mp", "mpmath", "ca", "casadi"),
    *("torch", "nn", "functional", "F", "tf", "keras", "K", "pt", "tt", "pytensor", "theano", "pm"),
    *("Base", "mx", "nd", "pyo"),
}
"""What stands before a dot and a function (``np.sin``) and says where it comes from: not read."""


def function(word: str) -> str | None:
    """The function of ours that ``word`` calls; None where there is none, or more than one."""
    if word in FUNCTIONS or word in STRUCTURAL:
        return word
    if word in DISPUTED:
        return None
    name = ELSEWHERE.get(word)
    if name is None and word != word.lower():
        return function(word.lower())
    return name
