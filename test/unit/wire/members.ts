import type { CancelSignal } from '../../../src/kernel/cancellation.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { LogFields, Logger } from '../../../src/kernel/log.ts';
import { WireDialer } from '../../../src/wire/dialer.ts';
import type { WireDialerOptions } from '../../../src/wire/dialer.ts';
import { WireListener } from '../../../src/wire/listener.ts';
import type { WireListenerOptions } from '../../../src/wire/listener.ts';

export const SECRET = Buffer.from('a cluster secret for tests');
export const NOTHING = Buffer.alloc(0);
export const never: AbortSignal = new AbortController().signal;

/** A listener "server1" on a free port; stopped without grace at the end of the test. */
export async function listener(
  options: Partial<WireListenerOptions> = {},
): Promise<{ server: WireListener; port: number } & AsyncDisposable> {
  const server = new WireListener({
    name: 'server1',
    secret: SECRET,
    listen: { host: '127.0.0.1', port: 0 },
    channels: { calls: {}, news: {} },
    logger: silentLogger,
    clock: systemClock,
    ...options,
  });
  await server.start(never);
  return { server, port: server.address().port, [Symbol.asyncDispose]: () => server.stop(AbortSignal.abort()) };
}

/** A dialer "proxy1" to server1; stopped without grace at the end of the test. */
export function dialer(
  port: number,
  options: Partial<WireDialerOptions> = {},
): { client: WireDialer } & AsyncDisposable {
  const client = new WireDialer({
    name: 'proxy1',
    role: 'proxy',
    expect: 'server1',
    secret: SECRET,
    address: { host: '127.0.0.1', port },
    channels: { calls: {}, news: {} },
    logger: silentLogger,
    clock: systemClock,
    ...options,
  });
  return { client, [Symbol.asyncDispose]: () => client.stop(AbortSignal.abort()) };
}

/** Starts a dialer and waits for its connection. */
export async function connected(
  port: number,
  options: Partial<WireDialerOptions> = {},
): Promise<{ client: WireDialer } & AsyncDisposable> {
  const dialled = dialer(port, options);
  await dialled.client.start(never);
  await dialled.client.whenConnected(AbortSignal.timeout(10_000));
  return dialled;
}

/** A promise and what settles it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Resolves when `signal` aborts. */
export function aborted(signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly error: string;
}

/** A logger that keeps what it is given. */
export function recorder(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: string) =>
    (message: string, fields?: LogFields): void => {
      const error = fields?.['error'];
      lines.push({ level, message, error: error instanceof Error ? error.message : '' });
    };
  const logger: Logger = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  return { logger, lines };
}
