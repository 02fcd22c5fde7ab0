"""What a matrix of derivatives says: its determinant and rank, and linear models of systems."""
