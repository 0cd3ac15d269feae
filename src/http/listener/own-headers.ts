import { memoized } from '../../kernel/memo.ts';

/** Set by the listener alone. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'date']);

/** True: what a reply says about it does not count. */
export const isOwnHeader = memoized((name) => OWN_HEADERS.has(name.toLowerCase()));
