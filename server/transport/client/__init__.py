"""HTTP requests that the server itself makes, over aiohttp: bounded in time and in size."""
