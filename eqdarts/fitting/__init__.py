"""One fit, from a table to the chosen equation."""
