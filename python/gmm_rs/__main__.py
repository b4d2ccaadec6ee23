"""``python -m gmm_rs``: the command line."""

import sys

from gmm_rs.cli import main

sys.exit(main())
