"""The command line, its settings and example data: thin."""
