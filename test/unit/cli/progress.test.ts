import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProgress } from '../../../src/cli/progress.ts';
import { RecordedIo } from './io.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a terminal sees a line that changes each second, and nothing of it at the end', () => {
  const io = new RecordedIo();
  let err = '';
  const progress = startProgress(
    Object.assign(io, { stderr: { isTTY: true, write: (text: string) => (err += text) } }),
    (seconds) => `Waiting … ${seconds} s`,
  );
  expect(err).toBe('');
  vi.advanceTimersByTime(2000);
  expect(err).toBe('\r\u001b[2KWaiting … 1 s\r\u001b[2KWaiting … 2 s');
  err = '';
  progress.clear();
  progress.clear();
  expect(err).toBe('\r\u001b[2K');
  progress.stop();
  vi.advanceTimersByTime(5000);
  expect(err).toBe('\r\u001b[2K');
  expect(vi.getTimerCount()).toBe(0);
});

test('a pipe sees nothing', () => {
  const io = new RecordedIo();
  const progress = startProgress(io, () => 'never');
  vi.advanceTimersByTime(5000);
  progress.stop();
  expect([io.err, vi.getTimerCount()]).toEqual(['', 0]);
});
