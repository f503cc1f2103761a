"""Keepwell's accuracy beside its peers', on the same snapshots of real logs and files."""
