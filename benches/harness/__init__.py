"""What all benchmarks from Python share: options, clocks, processes for the contenders, and the record of a run."""
