"""The simulator's output: clips, frames, YOLO data sets, contact sheets."""
