"""WebRTC signaling: relay rules, negotiation state, ICE servers."""
