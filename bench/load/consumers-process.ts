/**
 * Consumers in one process, each with a port of its own. They answer every POST at once and look at nothing but where it
 * ends, so that they cost the least that consumers can cost. Says where they are, then what has arrived.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Arrived, ConsumersOrder, Post } from './consumers.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const MESSAGE = Buffer.from('<d:Message ');
const ANSWER = Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');

const arrived: { -readonly [K in keyof Arrived]: Arrived[K] } = { posts: 0, messages: 0 };
let step = Infinity;
let told = 0;
let last: Buffer = Buffer.alloc(0);

function serve(socket: Socket): void {
  let seen: Buffer = Buffer.alloc(0);
  let expected = NaN;
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    if (Number.isNaN(expected)) expected = lengthOf(seen);
    // Nobody sends the next before the answer.
    if (!(seen.length >= expected)) return;
    take(seen);
    seen = Buffer.alloc(0);
    expected = NaN;
    socket.write(ANSWER);
  });
}

/** Of head and body together; NaN: the head is not complete. */
function lengthOf(seen: Buffer): number {
  const end = seen.indexOf(HEAD_END);
  if (end === -1) return NaN;
  const length = /\r\ncontent-length: *(\d+)/i.exec(seen.toString('latin1', 0, end))?.[1];
  return end + HEAD_END.length + Number(length ?? 0);
}

function take(post: Buffer): void {
  last = post;
  arrived.posts += 1;
  for (let at = post.indexOf(MESSAGE); at !== -1; at = post.indexOf(MESSAGE, at + 1)) arrived.messages += 1;
  if (arrived.messages < told + step) return;
  // Several may have come together: the steps stay where they would be if they had not.
  told = arrived.messages - ((arrived.messages - told) % step);
  process.send?.(arrived);
}

function lastPost(): Post {
  const end = last.indexOf(HEAD_END);
  const lines = last.toString('latin1', 0, end).split('\r\n').slice(1);
  const fields = lines.map((line) => /^([^:]+): *(.*)$/.exec(line) ?? []);
  const kept = fields.filter(([, name = '']) => /^(content-type|idempotency-key)$/i.test(name));
  const headers = Object.fromEntries(kept.map(([, name = '', value = '']) => [name, value]));
  return { headers, body: last.toString('utf8', end + HEAD_END.length) };
}

const urls: string[] = [];
for (let index = 0; index < Number(process.argv[2]); index += 1) {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}/consumer`);
}
process.on('message', (order: ConsumersOrder) => {
  if (order.what === 'last') {
    process.send?.(lastPost());
    return;
  }
  step = order.step;
  told = arrived.messages;
  process.send?.(arrived);
});
process.on('disconnect', () => process.exit());
process.send?.(urls);
