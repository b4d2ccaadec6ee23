"""What all benchmarks from Python share: clocks, processes for the contenders, and the record of a run."""
