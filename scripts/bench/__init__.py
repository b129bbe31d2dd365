"""The machinery of ``smartcart bench``."""
