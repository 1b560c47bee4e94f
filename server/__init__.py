"""The wire: the only package that knows aiohttp, Socket.IO and the payload models.

Importing it chooses the build, once and before any other module of ours (`server.builds`).
"""

from server.builds import Build, choose

BUILD: Build = choose()
"""Of this process."""
