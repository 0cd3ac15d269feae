import type { IncomingHttpHeaders } from 'node:http';
import { parseReplyHead, type ReplyHead } from './reply-head.ts';

/** Who is told what a reply consists of, in its order. */
export interface ReplySink {
  /** A head; those with a status below 200 come before the one of the reply. */
  head(status: number, headers: Readonly<IncomingHttpHeaders>): void;
  /** A piece of the body, which is the sink's to keep. */
  piece(bytes: Buffer): void;
}

/** How far a reader is: not at the end, at the end, or beyond what can be read. */
export type Reading = 'going-on' | 'complete' | 'broken';

const START = 'HTTP/1.';
const HEAD_END = '\r\n\r\n';
const MAX_HEAD = 16 * 1024;
/** The size of a chunk with its extensions, or one line of a trailer. */
const MAX_LINE = 4 * 1024;
const MAX_TRAILERS = 64;
const CHUNK_SIZE = /^([\dA-Fa-f]{1,8})[ \t]*(?:;.*)?$/;
const SWITCHING_PROTOCOLS = 101;

type Part = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'connection';

/** Reads the replies of one connection (RFC 9112), one after the other, however the network cuts them. Limits everything that it keeps. */
export class ReplyReader {
  #part: Part = 'head';
  /** What has come of a head or a line whose end has not. */
  #text = '';
  #head: ReplyHead | undefined;
  /** Bytes of the body or chunk that are still to come. */
  #left = 0;
  #trailers = 0;
  #isComplete = false;

  /** The head of the reply that is being read, or was read last. */
  get lastHead(): ReplyHead | undefined {
    return this.#head;
  }

  /** True: nothing of the next reply has come. */
  get isBetween(): boolean {
    return this.#part === 'head' && this.#text === '';
  }

  /** True: the reply has come to its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The first `length` bytes of `buffer`, which may be written over afterwards. What comes behind the end of a reply is beyond what can be read. */
  read(buffer: Buffer, length: number, sink: ReplySink): Reading {
    let at = 0;
    while (at < length) {
      const next = this.#step(buffer, at, length, sink);
      if (next === undefined) return 'broken';
      at = next;
      // Nobody was asked for more.
      if (this.#isComplete) return at < length ? 'broken' : 'complete';
    }
    return 'going-on';
  }

  /** The peer sends nothing more. */
  end(): Reading {
    return this.#part === 'connection' ? 'complete' : 'broken';
  }

  /** The next reply begins. */
  next(): void {
    this.#part = 'head';
    this.#text = '';
    this.#isComplete = false;
  }

  /** How far it has come; undefined: broken. */
  #step(buffer: Buffer, at: number, length: number, sink: ReplySink): number | undefined {
    switch (this.#part) {
      case 'head':
        return this.#readHead(buffer, at, length, sink);
      case 'length':
      case 'chunk':
      case 'connection':
        return this.#readBytes(buffer, at, length, sink);
      default:
        return this.#readLine(buffer, at, length);
    }
  }

  #readHead(buffer: Buffer, at: number, length: number, sink: ReplySink): number | undefined {
    const before = this.#text.length;
    const text = this.#text + buffer.toString('latin1', at, length);
    const end = text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (!text.startsWith(START.slice(0, text.length)) || (end === -1 ? text.length : end) > MAX_HEAD) return undefined;
    if (end === -1) {
      this.#text = text;
      return length;
    }
    this.#text = '';
    const head = parseReplyHead(text.slice(0, end));
    if (head === 'no-head' || head.status === SWITCHING_PROTOCOLS) return undefined;
    this.#begin(head);
    sink.head(head.status, head.headers);
    return at + end + HEAD_END.length - before;
  }

  #begin(head: ReplyHead): void {
    if (head.status < 200) return;
    this.#head = head;
    const { framing } = head;
    if (framing === 'chunked') this.#part = 'chunk-size';
    else if (framing === 'connection') this.#expect('connection', Infinity);
    else if (framing > 0) this.#expect('length', framing);
    else this.#isComplete = true;
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#left = bytes;
  }

  #readBytes(buffer: Buffer, at: number, length: number, sink: ReplySink): number {
    const end = Math.min(length, at + this.#left);
    sink.piece(Buffer.from(buffer.subarray(at, end)));
    this.#left -= end - at;
    if (this.#left > 0) return end;
    if (this.#part === 'length') this.#isComplete = true;
    else this.#part = 'chunk-end';
    return end;
  }

  #readLine(buffer: Buffer, at: number, length: number): number | undefined {
    const before = this.#text.length;
    const text = this.#text + buffer.toString('latin1', at, Math.min(length, at + MAX_LINE));
    const end = text.indexOf('\r\n', Math.max(0, before - 1));
    if ((end === -1 ? text.length : end) > MAX_LINE) return undefined;
    this.#text = end === -1 ? text : '';
    if (end === -1) return at + text.length - before;
    return this.#take(text.slice(0, end)) ? at + end + 2 - before : undefined;
  }

  /** A line that is no header's. False: it will not do. */
  #take(line: string): boolean {
    if (this.#part === 'chunk-end') {
      this.#part = 'chunk-size';
      return line === '';
    }
    if (this.#part === 'trailer') {
      this.#trailers += 1;
      this.#isComplete = line === '';
      return this.#trailers <= MAX_TRAILERS;
    }
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) return false;
    const bytes = Number.parseInt(size, 16);
    this.#trailers = 0;
    this.#expect(bytes === 0 ? 'trailer' : 'chunk', bytes);
    return true;
  }
}
