"""The machinery of ``smartcart chaos``."""
