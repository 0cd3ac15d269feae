import { Recent } from './recent.ts';

/** What many requests have in common is short; what is longer is not worth being kept. */
const MAX_KEY_CHARACTERS = 512;

/**
 * `work`, which must be pure, with its latest results kept by their text, `most` of them: for what nearly every request
 * repeats. Results for long texts are not kept, so that nobody can fill the memory.
 */
export function memoized<R>(work: (text: string) => R, most = 256): (text: string) => R {
  const known = new Recent<string, R>(most);
  return (text) => (text.length > MAX_KEY_CHARACTERS ? work(text) : known.get(text, work));
}

/** `work`, which must be pure, done once for each object, of what many requests share and nobody changes. */
export function memoizedOf<O extends object, R>(work: (shared: O) => R): (shared: O) => R {
  const known = new WeakMap<O, R>();
  return (shared) => {
    const before = known.get(shared);
    if (before !== undefined) return before;
    const result = work(shared);
    known.set(shared, result);
    return result;
  };
}
