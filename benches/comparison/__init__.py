"""The parts of `compare.py`: problems, contenders, tasks, and how the figures are shown."""
