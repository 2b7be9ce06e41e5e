"""What the terminal offers: `lmteach lab` and `lmteach doctor`, and what the two need."""
