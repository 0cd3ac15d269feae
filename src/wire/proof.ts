import { createHmac, timingSafeEqual } from 'node:crypto';
import { PROTOCOL_VERSION } from './protocol.ts';

/** Who proves: the end that dialled or the end that was dialled. */
export type Side = 'dialer' | 'listener';

/**
 * HMAC-SHA256 under the cluster secret over the direction, the version and both hellos whole (names, roles, nonces,
 * windows). The direction makes a reflected proof worthless, the nonces a recorded one, the names a relayed one.
 */
export function proofOf(secret: Uint8Array, side: Side, dialerHello: Uint8Array, listenerHello: Uint8Array): Buffer {
  const hmac = createHmac('sha256', secret);
  hmac.update(`pointsman wire ${PROTOCOL_VERSION} ${side}\n`);
  for (const hello of [dialerHello, listenerHello]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(hello.byteLength);
    hmac.update(length).update(hello);
  }
  return hmac.digest();
}

/** Compares in constant time. */
export function isSameProof(found: Uint8Array, expected: Uint8Array): boolean {
  return found.byteLength === expected.byteLength && timingSafeEqual(found, expected);
}
