"""Shared by pages and API: the facade over one store, and permissions."""
