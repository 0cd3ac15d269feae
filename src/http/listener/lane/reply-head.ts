import { STATUS_CODES } from 'node:http';
import { memoized, memoizedOf } from '../../../kernel/memo.ts';
import { fieldLine } from '../../field-line.ts';
import type { HttpReply } from '../../messages.ts';
import { isOwnHeader } from '../own-headers.ts';

const statusLine = memoized((status) => {
  if (!/^[2-9]\d\d$/.test(status)) throw new RangeError(`Found the status ${status}, expected 200 to 999`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
});

/** Most replies share their headers with many others. */
const fieldLines = memoizedOf((headers: HttpReply['headers']) => {
  let lines = '';
  for (const name of Object.keys(headers)) if (!isOwnHeader(name)) lines += fieldLine(name, headers[name] ?? '');
  return lines;
});

/** Writes the heads of replies, as Node does. */
export class ReplyHeads {
  readonly #kept: string;
  #second = -1;
  #date = '';

  /** `keptSeconds`: how long a connection is kept that is not used. */
  constructor(keptSeconds: number) {
    this.#kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${keptSeconds}\r\n`;
  }

  /** Up to the empty line. `isLast`: the connection is closed behind it. Throws TypeError or RangeError for what HTTP cannot carry. */
  write({ status, headers, body }: HttpReply, isLast: boolean): string {
    let head = `${statusLine(String(status))}${fieldLines(headers)}`;
    if (status !== 204 && status !== 304) head += `Content-Length: ${body.byteLength}\r\n`;
    return `${head}${this.#dateLine()}${isLast ? 'Connection: close\r\n' : this.#kept}\r\n`;
  }

  #dateLine(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#date;
  }
}
