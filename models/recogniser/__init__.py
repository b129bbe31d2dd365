"""The recogniser: its crops, its network, its training and export."""
