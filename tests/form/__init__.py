"""Tests of forms with unknown functions."""
