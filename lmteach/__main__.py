"""`python -m lmteach`: the same as the command `lmteach`."""

import sys

from .command.cli import main

sys.exit(main())
