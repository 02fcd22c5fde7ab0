"""Functions and their slopes over one variable or two: what to draw, and drawing it."""
