"""How much a text may ask for: the bounds of what a stranger types, in one place.

Nesting has no bound: nothing recurses, and what is nested a million deep takes a million steps. A
number may have any count of digits; only what it is as a double matters. Whatever else could grow
beyond its text is bounded here; what would pass a bound is refused with the bound in the message.
"""

from __future__ import annotations

MOST_CHARACTERS = 16_000_000
"""Of an expression. Reading takes at most some 2 microseconds and 120 bytes for each."""

DEEPEST_CALL = 50
"""Functions of a text that call each other."""

MOST_CALLED = 1_000_000
"""Characters that calls of a text's own functions read once more, together: short to write, like
arrays, are functions that call each other twice."""

MOST_IN_A_FILE = 64_000_000
"""Characters of a file or of standard input: an expression, a point, a script. A device or a pipe
that never ends is left when it has given so many."""

MOST_ELEMENTS = 1_000_000
"""Of one array. A larger one is a slip of the pen or an attack, and would fill the memory: a node
of the graph takes some 300 bytes while the text is read."""

MOST_AXES = 32
"""Of an array, and the depth of brackets in JSON: numpy's own limit for going over an array element
by element."""

MOST_ARRAY_WORK = 4_000_000
"""Elements that all array operations of one text make and look at, together. ``b = a*a`` is short
to write, and so are a thousand more lines like it."""

COPIED_AT_ONCE = 16
"""Elements that are copied or filled in at the price of one that is calculated: ``k[0] = x``."""

MOST_ENTRIES = 25_000_000
"""Of a dense Jacobian or Hessian that a command prints: 200 MB of numbers."""

MOST_ORDER = 1000
"""Of a polygamma: it takes about so many steps, and past it nearly all values are infinite."""

MOST_TIMES = 40
"""Of differentiations one after the other (``--order``)."""

MOST_RAISED = 100_000
"""Nodes of a derivative of high order: each differentiation may double them."""

MOST_INPUTS = 2_000
"""Variables of an uncertainty budget, which has a correlation for every two of them."""

MOST_TRIALS = 100_000_000
"""Draws of a Monte Carlo propagation: some ten seconds of a short expression."""
