"""Tracking: which detection belongs to which object of the earlier frames."""
