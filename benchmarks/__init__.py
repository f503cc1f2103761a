"""Keepwell beside its peers, and beside its own targets, on this machine."""
