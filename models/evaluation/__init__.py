"""Metrics of detections and of events, and the noise model of a detector."""
