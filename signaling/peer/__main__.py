"""`python -m signaling.peer LINK`: the test peer (package `peer`)."""

import sys

from peer.cli import main

sys.exit(main())
