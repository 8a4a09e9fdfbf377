"""The relaxed search: supernets trained by bilevel optimisation, then made discrete."""
