/** What many requests have in common is short; what is longer is not worth being kept. */
const MAX_KEY_CHARACTERS = 512;

/**
 * `work`, which must be pure, with its latest results kept by their text: for what nearly every request repeats. Keeps at
 * most `maxEntries`, and begins anew when they are full, so that nobody who sends many different texts can fill the memory.
 */
export function memoized<R>(work: (text: string) => R, maxEntries = 256): (text: string) => R {
  const known = new Map<string, R>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const result = work(text);
    if (text.length > MAX_KEY_CHARACTERS) return result;
    if (known.size >= maxEntries) known.clear();
    known.set(text, result);
    return result;
  };
}
