"""What the simulator writes: clips, frames, YOLO data sets, contact sheets."""
