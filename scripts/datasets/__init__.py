"""The jobs of ``smartcart datasets``."""
