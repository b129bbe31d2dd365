"""Capture: frames from webcams, files, folders and streams, at the right pace."""
