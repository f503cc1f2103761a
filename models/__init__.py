"""Estimators and the release that holds them; they know nothing of files, tables or servers."""
