"""Is the answer right? An independent derivative, and the comparison."""
