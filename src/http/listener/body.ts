import type { IncomingMessage } from 'node:http';

/** What became of a request body. */
export type BodyOutcome =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  /** The client went away in the middle of it. */
  | { readonly kind: 'broken' };

const BROKEN: BodyOutcome = { kind: 'broken' };

/** True when the headers announce more than `maxBytes`: nothing needs to be read to know. */
export function announcesTooMuch(request: IncomingMessage, maxBytes: number): boolean {
  const announced = request.headers['content-length'];
  return announced !== undefined && Number(announced) > maxBytes;
}

/** Reads a body of at most `maxBytes` bytes, counting while it arrives. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    let isSettled = false;
    // The listeners stay: they go with the request.
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      chunks = [];
      isSettled = true;
      resolve({ kind: 'too-large' });
    };
    const onEnd = (): void => {
      const [first, second] = chunks;
      const body = first !== undefined && second === undefined ? first : Buffer.concat(chunks);
      isSettled = true;
      resolve({ kind: 'whole', body });
    };
    const onBroken = (): void => {
      if (!isSettled) resolve(BROKEN);
    };
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('close', onBroken);
    request.on('error', onBroken);
  });
}

/**
 * Reads on and throws away, until the body ends, `maxBytes` more have come or `maxMs` have gone by. A client that is
 * still sending reads no answer, and closing on it would destroy the answer on its way. Never rejects.
 */
export function discardBody(request: IncomingMessage, maxBytes: number, maxMs: number): Promise<void> {
  return new Promise((resolve) => {
    let left = maxBytes;
    const done = (): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.pause();
      resolve();
    };
    const onData = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left < 0) done();
    };
    const timer = setTimeout(done, maxMs);
    if (request.complete || request.destroyed) {
      done();
      return;
    }
    request.on('data', onData);
    request.once('end', done);
    request.once('close', done);
    request.once('error', done);
    request.resume();
  });
}
