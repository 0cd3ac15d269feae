import type { Socket } from 'node:net';

/** Up to here a body is copied behind its head, so that both are written at once. */
const MAX_COPIED = 16 * 1024;

/** Writes a request or a reply. `head`: with the empty line at its end, a character for each byte. */
export function writeMessage(socket: Socket, head: string, body: Uint8Array): void {
  if (body.byteLength === 0) {
    socket.write(head, 'latin1');
  } else if (body.byteLength > MAX_COPIED) {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  } else {
    const whole = Buffer.allocUnsafe(head.length + body.byteLength);
    whole.write(head, 'latin1');
    whole.set(body, head.length);
    socket.write(whole);
  }
}
