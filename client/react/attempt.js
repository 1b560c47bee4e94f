/** What people press: a handler has nobody to catch what it throws, so that a failure is state. */

import { useCallback, useState } from "react";
import { asMayflyError } from "../errors.js";

/**
 * @returns {[import("../index.js").MayflyError | null, <T>(action: () => T | Promise<T>) => Promise<Awaited<T> | null>]} why the
 *   last attempt failed, and how to make one: it begins at once, and is fulfilled with `null` where it fails
 */
export function useAttempt() {
  const [error, setError] = useState(/** @type {any} */ (null));
  const attempt = useCallback(async (action) => {
    setError(null);
    try {
      return (await action()) ?? null;
    } catch (failure) {
      setError(asMayflyError(failure));
      return null;
    }
  }, []);
  return [error, attempt];
}
