"""What the places of the zeros say of a matrix, whatever the other numbers are."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcalc.engine.schedule import Ints


def rank(pattern: Any) -> int:
    """The rank of nearly every matrix with these places for entries, which none with them exceeds:
    as many as can be matched, each in a row and a column of its own."""
    from scipy.sparse import csr_array  # deferred: 200 ms
    from scipy.sparse.csgraph import structural_rank

    return int(structural_rank(csr_array(np.asarray(pattern, dtype=float))))


def blocks(pattern: Any) -> list[Ints]:
    """The numbers of the rows that depend on each other, block by block.

    In the order of the blocks the matrix is block triangular, and its eigenvalues are those of the
    blocks on its diagonal: exactly, however badly they are conditioned as a whole.
    """
    from scipy.sparse import csr_array  # deferred, as above
    from scipy.sparse.csgraph import connected_components

    graph = csr_array(np.asarray(pattern, dtype=float))
    count, labels = connected_components(graph, connection="strong")
    return [np.flatnonzero(labels == k) for k in range(count)]
