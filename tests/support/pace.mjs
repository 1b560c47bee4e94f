// What limits in milliseconds are multiplied by on a slow machine; see pace.py.
export const PACE = Number(process.env.TEST_PACE ?? 1);
