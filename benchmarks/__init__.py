"""How fast gradcalc is, beside other tools: ``python -m benchmarks`` lists the suites."""
