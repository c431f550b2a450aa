"""Generated C on emulated processors: build it, run it, measure what it takes."""
