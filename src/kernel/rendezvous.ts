import { createHash } from 'node:crypto';

/**
 * The candidate that `key` belongs to: the same for everybody who asks with the same candidates, evenly spread over
 * keys, and when a candidate goes only its own keys move (highest random weight). Undefined without candidates.
 */
export function rendezvous(key: string, candidates: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly weight: string } | undefined;
  for (const name of candidates) {
    const weight = createHash('sha1').update(name).update('\u0000').update(key).digest('hex');
    if (best === undefined || weight > best.weight) best = { name, weight };
  }
  return best?.name;
}
