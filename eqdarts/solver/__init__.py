"""Exact least squares for many graphs, or for one formula."""
