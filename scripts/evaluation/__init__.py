"""The machinery of ``smartcart evaluate``."""
