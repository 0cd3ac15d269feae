#!/usr/bin/env node
import type { SendHandle } from 'node:child_process';
import type { CliIo } from './cli/io.ts';
import { run } from './cli/run.ts';

/** After the second signal, or this long after the first, nothing waits any more. */
const LAST_RESORT_MS = 20_000;

const drain = new AbortController();
const abort = new AbortController();
const onSignal = (): void => {
  if (drain.signal.aborted) abort.abort();
  drain.abort();
  setTimeout(() => process.exit(), abort.signal.aborted ? 1_000 : LAST_RESORT_MS).unref();
};
process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
// Started by `pointsman up`: when that is gone, drain and end.
if (process.connected) {
  process.once('disconnect', onSignal);
  process.channel?.unref();
}
const told: CliIo['told'] = () =>
  new Promise((resolve) => {
    const tell = (message: unknown, listener?: unknown): void => {
      process.channel?.unref();
      resolve(
        typeof message === 'object' ? ({ ...message, listener } as Awaited<ReturnType<CliIo['told']>>) : undefined,
      );
    };
    process.channel?.ref();
    process.once('message', tell);
    drain.signal.addEventListener('abort', () => tell(undefined));
    if (drain.signal.aborted) tell(undefined);
  });

const offer: CliIo['offer'] = (listener) => {
  if (process.connected) process.send?.({ event: 'listening' }, listener as unknown as SendHandle);
};

const { stdout, stderr, env } = process;
process.exitCode = await run(process.argv, {
  stdout,
  stderr,
  env,
  signal: drain.signal,
  abort: abort.signal,
  told,
  offer,
});
