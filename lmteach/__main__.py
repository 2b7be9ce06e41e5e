"""`python -m lmteach`: the same as the command `lmteach`."""

import sys

from .cli import main

sys.exit(main())
