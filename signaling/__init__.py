"""WebRTC signaling: relay rules, negotiation state, ICE servers, and (in `signaling.peer`) a test peer on aiortc."""
