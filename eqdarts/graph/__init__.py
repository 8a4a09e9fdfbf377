"""Directed acyclic graphs of primitives, which represent equations, and edits that need no data."""
