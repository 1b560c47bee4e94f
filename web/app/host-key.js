/** Where this tab keeps the host keys of rooms made in it: out of the address bar, which people copy and share. */

const PREFIX = "mayfly-page:host:";

export function rememberHost(roomId, hostKey) {
  try {
    sessionStorage.setItem(PREFIX + roomId, hostKey);
  } catch {
    memory.set(roomId, hostKey);
  }
}

export function hostKeyOf(roomId) {
  try {
    return sessionStorage.getItem(PREFIX + roomId) ?? memory.get(roomId);
  } catch {
    return memory.get(roomId);
  }
}

export function forgetHost(roomId) {
  memory.delete(roomId);
  try {
    sessionStorage.removeItem(PREFIX + roomId);
  } catch {
    // Forbidden storage holds nothing.
  }
}

const memory = new Map();
