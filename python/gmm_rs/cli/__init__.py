"""The command ``gmm-rs``, also ``python -m gmm_rs``."""

from gmm_rs.cli._main import main

__all__ = ["main"]
