"""Growth by closed-form gains: where a graph can grow, by what, and how much that gains."""
