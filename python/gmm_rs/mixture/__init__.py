"""Gaussian mixtures for the users of scikit-learn."""
