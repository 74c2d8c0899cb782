"""Synthetic data: rendered people in the layouts of real data sets."""
