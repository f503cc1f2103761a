"""Predictions on request: for customers given as raw history or as named features."""
