"""What a scientist knows of a law before the search: statements that are read, checked on equations, and told."""
