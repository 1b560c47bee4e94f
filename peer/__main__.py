"""`python -m signaling.peer`."""

import sys

from peer.cli import main

sys.exit(main())
