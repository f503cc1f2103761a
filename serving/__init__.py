"""Scores, lists and decisions for the people who act on them."""
