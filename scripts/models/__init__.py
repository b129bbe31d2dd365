"""The jobs of ``smartcart models``."""
