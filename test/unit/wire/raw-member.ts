import { once } from 'node:events';
import type { Socket } from 'node:net';
import { encodeHello } from '../../../src/wire/payloads.ts';
import { proofOf } from '../../../src/wire/proof.ts';
import { freshNonce, PROTOCOL_VERSION } from '../../../src/wire/protocol.ts';
import { SECRET } from './members.ts';

export function frame(type: number, id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt32BE(5 + payload.byteLength, 0);
  head.writeUInt8(type, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export function helloOf(name: string, expect: string, version = PROTOCOL_VERSION): Buffer {
  return encodeHello({ version, name, expect, role: 'server', nonce: freshNonce(), windowBytes: 1 << 22 });
}

/** Reads exactly one frame of a greeting from a socket that nobody else reads. */
export async function readFrame(socket: Socket): Promise<{ type: number; payload: Buffer }> {
  const head = await readBytes(socket, 9);
  const payload = await readBytes(socket, head.readUInt32BE(0) - 5);
  return { type: head.readUInt8(4), payload };
}

/** Greets a listener as a member that knows the secret. */
export async function greetAsDialer(socket: Socket, names: { name: string; expect: string }): Promise<void> {
  const own = helloOf(names.name, names.expect);
  socket.write(frame(1, 0, own));
  const { payload: theirs } = await readFrame(socket);
  socket.write(frame(2, 0, proofOf(SECRET, 'dialer', own, theirs)));
  await readFrame(socket);
}

async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) {
      if (bytes.length === length) return bytes;
      throw new Error(`The connection ended after ${bytes.length} of ${length} bytes`);
    }
    if (socket.readableEnded || socket.destroyed) throw new Error('The connection ended');
    await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
  }
}
