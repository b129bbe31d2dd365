"""Tracking: which detection is which thing of the frames before."""
