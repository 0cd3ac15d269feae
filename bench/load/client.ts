import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { quantile } from './quantile.ts';

/** What a load amounted to. */
export interface LoadResult {
  /** Answers, whatever they were. */
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers whose status is not a success, and connections that broke. */
  readonly failed: number;
}

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** Kept alive; each sends its next request when its answer is complete. */
  readonly connections: number;
  readonly durationMs: number;
  /** At most so many requests, if that is sooner than the time is over. */
  readonly most?: number;
  /** The bytes of a whole HTTP/1.1 request; `index` counts all of them. */
  readonly request: (index: number) => Uint8Array;
}

/** Sends requests as fast as they are answered. Cheap enough not to be what is measured: no HTTP library is between. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { connections, durationMs } = options;
  const run = new Run(options);
  const lanes = await Promise.all(Array.from({ length: connections }, () => Lane.open(options, run)));
  const startedAt = performance.now();
  run.endsAt = startedAt + durationMs;
  await Promise.all(lanes.map((lane) => lane.run()));
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = Float64Array.from(run.latencies).sort();
  return {
    count: run.latencies.length,
    perSecond: (run.latencies.length - run.failed) / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    failed: run.failed,
  };
}

/** What all lanes share. */
class Run {
  readonly latencies: number[] = [];
  failed = 0;
  endsAt = 0;
  #sent = 0;
  readonly #options: LoadOptions;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Undefined: there is none. */
  next(): Uint8Array | undefined {
    if (performance.now() >= this.endsAt || this.#sent >= (this.#options.most ?? Infinity)) return undefined;
    this.#sent += 1;
    return this.#options.request(this.#sent - 1);
  }
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** One connection. */
class Lane {
  readonly #socket: Socket;
  readonly #run: Run;
  #sentAt = 0;
  #isOver = false;
  #seen: Buffer = Buffer.alloc(0);
  #end: (() => void) | undefined;

  private constructor(socket: Socket, run: Run) {
    this.#socket = socket;
    this.#run = run;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('close', () => this.#break());
    socket.on('error', () => undefined);
  }

  static async open({ host, port }: LoadOptions, run: Run): Promise<Lane> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    return new Lane(socket, run);
  }

  async run(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      this.#send();
    });
    this.#socket.destroy();
  }

  #send(): void {
    const next = this.#run.next();
    if (next === undefined) {
      this.#isOver = true;
      this.#end?.();
      return;
    }
    this.#sentAt = performance.now();
    this.#socket.write(next);
  }

  #read(chunk: Buffer): void {
    this.#seen = this.#seen.length === 0 ? chunk : Buffer.concat([this.#seen, chunk]);
    const status = statusOfComplete(this.#seen);
    if (status === undefined) return;
    this.#seen = Buffer.alloc(0);
    this.#run.latencies.push(performance.now() - this.#sentAt);
    if (status < 200 || status > 299) this.#run.failed += 1;
    this.#send();
  }

  #break(): void {
    if (!this.#isOver) this.#run.failed += 1;
    this.#end?.();
  }
}

/** The status of an answer, when all of it is there. */
export function statusOfComplete(seen: Buffer): number | undefined {
  const end = seen.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const head = seen.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isComplete =
    length === undefined
      ? !/\r\ntransfer-encoding: *chunked/i.test(head) || seen.subarray(end).includes(LAST_CHUNK)
      : seen.length - end - HEAD_END.length >= Number(length);
  return isComplete ? Number(head.slice(9, 12)) : undefined;
}
