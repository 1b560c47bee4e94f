"""`python -m signaling.peer`."""

import sys

from signaling.peer.cli import main

sys.exit(main())
