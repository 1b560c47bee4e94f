"""The wire: the only package that knows aiohttp, Socket.IO and the payload models."""
