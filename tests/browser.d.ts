/** What browsers have and TypeScript's own description of them has not, or not any more. For `tests/tsconfig.json` alone. */

interface RequestInit {
  /** A request whose body is a stream has to say so; Chromium and Node.js read it. */
  duplex?: "half";
}

interface RTCRtpTransceiver {
  /** Left out of the standard since, and still there in browsers. */
  readonly stopped?: boolean;
}
