"""Graph → code in other languages, and the gate: what is printed has been run."""
