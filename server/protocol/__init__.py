"""The shapes on the wire: requests, events, answers, acknowledgements, and how rooms are shown."""
