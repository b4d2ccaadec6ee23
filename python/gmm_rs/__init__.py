"""Gaussian mixtures by multithreaded EM in Rust, for NumPy and Serket."""

from importlib.metadata import version

__version__ = version("gmm-rs")
