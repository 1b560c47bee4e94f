// Made of the sources by `npm run types`. Do not edit.
/** What people press: a handler has nobody to catch what it throws, so that a failure is state. */
/**
 * @returns {[import("../index.js").MayflyError | null, <T>(action: () => T | Promise<T>) => Promise<Awaited<T> | null>]} why the
 *   last attempt failed, and how to make one: it begins at once, and is fulfilled with `null` where it fails
 */
export declare function useAttempt(): [import("../index.js").MayflyError | null, <T>(action: () => T | Promise<T>) => Promise<Awaited<T> | null>];
