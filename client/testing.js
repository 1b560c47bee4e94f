/** For tests of sites: a server in memory, media without devices, and a clock. Types and meaning: `testing.d.ts`. */

import { openRoom } from "./index.js";
// What the client loads when it is first needed is there by then: no clock waits for a disk.
import "./files/file-work.js";
import "./call/monitor.js";
import { TestClock } from "./testkit/clock.js";
import { TestDevices, TestStream, TestTrack } from "./testkit/media.js";
import { peerConnections } from "./testkit/peer.js";
import { TestServer } from "./testkit/server.js";

export { TestDevices, TestStream, TestTrack };

/** See `testing.d.ts`. */
export const startTestServer = (options) => new TestServer(openRoom, options);

/** See `testing.d.ts`. */
export const startTestClock = (options) => new TestClock(options);

/** See `testing.d.ts`. */
export function installTestMedia(options) {
  const devices = new TestDevices();
  const Connection = peerConnections(options);
  const put = { RTCPeerConnection: Connection, MediaStream: TestStream, MediaStreamTrack: TestTrack };
  const before = Object.fromEntries(Object.keys(put).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(put)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  // Node.js has no `navigator` before version 21.
  const hadNavigator = "navigator" in globalThis;
  if (!hadNavigator) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const mediaBefore = Object.getOwnPropertyDescriptor(globalThis.navigator, "mediaDevices");
  Object.defineProperty(globalThis.navigator, "mediaDevices", { value: devices, configurable: true });
  return {
    devices,
    connections: Connection.made,
    cut: () => Connection.cut(true),
    mend: () => Connection.cut(false),
    get connectMs() {
      return Connection.connectMs;
    },
    set connectMs(ms) {
      Connection.connectMs = ms;
    },
    restore() {
      for (const one of Connection.made) one.close();
      for (const [name, descriptor] of Object.entries(before)) putBack(globalThis, name, descriptor);
      putBack(globalThis.navigator, "mediaDevices", mediaBefore);
      if (!hadNavigator) delete globalThis.navigator;
    },
  };
}

function putBack(object, name, descriptor) {
  if (descriptor) Object.defineProperty(object, name, descriptor);
  else delete object[name];
}
