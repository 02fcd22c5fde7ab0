"""Graph → numbers: the schedule, the sweeps and the compiled program."""
