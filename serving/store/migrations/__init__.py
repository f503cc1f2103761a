"""Alembic's environment and the steps that the store's schema came by."""
