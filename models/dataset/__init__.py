"""Labelled data: pictures with boxes, and clips with the truth of what happened."""
