"""The higher functions in doubles, in a small part of Python that code of any language is made of.

gradcalc computes them in long double (``functions.gammas`` and so on), which most languages have
not. Here the digits that cancel stand in pairs of doubles, ``Long``. A file has constants, tables
and functions; a function has assignments, ``for`` over a ``range``, and ``if`` whose branches
return. What it calls are functions of the files here, of the table of primitives, and
``polynomial``. All numbers are doubles, counters too. A row of the table says with ``steps`` in
which file its function is; ``code.steps`` reads the text.
"""
