"""The pages: one module a page, its addresses and what it answers."""
