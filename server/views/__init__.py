"""The contents of the live pages, read once for all viewers."""
