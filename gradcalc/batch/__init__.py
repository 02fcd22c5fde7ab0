"""Streams of points: read in chunks, evaluated, written in order; any length in the same memory.

``formats`` lists what can be read and written, ``header`` fits a header to an expression,
``results`` says what is computed of each row, and ``stream`` runs the chunks through.
"""
