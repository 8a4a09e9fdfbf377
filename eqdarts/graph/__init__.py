"""Directed acyclic graphs of primitives: what an equation is made of, and edits that need no data."""
