"""The HTTP API: one ASGI application, its rules of access, limits, health and metrics."""
