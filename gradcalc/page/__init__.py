"""The page: one HTML file that shows, on an expression of the reader's own, what ``backward(v)``
does (``README.md`` says how it is made)."""
