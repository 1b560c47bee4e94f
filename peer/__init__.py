"""A test peer on aiortc: `python -m signaling.peer LINK` joins a room and measures the call.

It speaks the public contract and imports nothing of `server`. Only its modules import aiortc, PyAV and
python-socketio; this one imports nothing, so that `import peer` stays free of them.
"""
