"""``python -m carbonost.cli``."""

import sys

from carbonost.cli.main import main

sys.exit(main())
