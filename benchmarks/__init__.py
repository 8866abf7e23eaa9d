"""Speed against peers, told as ratios of medians that were taken in one run: ``python -m benchmarks``."""
