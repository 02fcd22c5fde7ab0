"""Graph → text that people and machines read: formulas, and code in other languages."""
