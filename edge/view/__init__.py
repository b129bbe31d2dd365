"""The annotated picture, and its live preview."""
