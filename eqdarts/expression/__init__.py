"""Formulas as sympy expressions: read, written, evaluated, bounded, shortened. No graph, no torch."""
