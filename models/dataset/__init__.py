"""Labelled data: pictures with boxes, and clips with true events."""
