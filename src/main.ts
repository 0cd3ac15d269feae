#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import type { CliIo } from './cli/io.ts';
import { HangupSignals, Starter } from './cli/outside.ts';
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
const starter = new Starter(process, drain.signal);
const hangups = new HangupSignals(process, onSignal);

const offer: CliIo['offer'] = (listener) => {
  if (process.connected) process.send?.({ event: 'listening' }, listener as never);
};

const { stdout, stderr, env } = process;
const outside: CliIo = {
  program: fileURLToPath(import.meta.url),
  // Beside `src` and `dist`, wherever the package is.
  wsdlDirectory: fileURLToPath(new URL('../wsdl', import.meta.url)),
  ...{ stdout, stderr, env, signal: drain.signal, abort: abort.signal, leave: starter.leave, offer },
  told: () => starter.told(),
  onTopology: (listener, signal) => starter.onTopology(listener, signal),
  onHangup: (listener, signal) => hangups.listen(listener, signal),
};
process.exitCode = await run(process.argv, outside);
