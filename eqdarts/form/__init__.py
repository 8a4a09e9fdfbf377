"""Known parts of a law: a formula in which some functions are unknown and searched."""
