import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/kernel/log.ts';
import { createLogger, isLogLevel, type LoggerOptions } from '../../../src/telemetry/logger.ts';

interface Recorder {
  readonly logger: Logger;
  readonly lines: string[];
  /** The lines as objects. */
  readonly json: () => Record<string, unknown>[];
}

function record(options: LoggerOptions = {}): Recorder {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'trace',
    form: 'json',
    sink: { write: (line) => lines.push(line) },
    ...options,
  });
  return { logger, lines, json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('in JSON', () => {
  test('a line is one object with level, time, message and fields', () => {
    const { logger, lines, json } = record();
    logger.info('Engine activated', { engine: 'ME1', epoch: 7 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/);
    expect(json()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        message: 'Engine activated',
        engine: 'ME1',
        epoch: 7,
      },
    ]);
  });

  test('every level writes under its name', () => {
    const { logger, json } = record();
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level]('x');
    expect(json().map(({ level }) => level)).toEqual(['trace', 'debug', 'info', 'warn', 'error']);
  });

  test('what is below the level is not written, and not even looked at', () => {
    const { logger, lines } = record({ level: 'warn' });
    let looks = 0;
    const fields = {
      get costly() {
        looks += 1;
        return 1;
      },
    };
    logger.info('no', fields);
    logger.warn('yes', fields);
    expect([lines.length, looks]).toEqual([1, 1]);
  });

  test('silent writes nothing; info is what is written when nothing is said', () => {
    const silent = record({ level: 'silent' });
    silent.logger.error('x');
    expect(silent.lines).toEqual([]);
    const lines: string[] = [];
    const usual = createLogger({ sink: { write: (line) => lines.push(line) } });
    usual.debug('no');
    usual.info('yes');
    expect(lines).toHaveLength(1);
  });

  test('children add fields; the innermost wins; no name is written twice', () => {
    const { logger, lines, json } = record({ fields: { server: 'server1', part: 'outer' } });
    logger.child({ engine: 'ME1', part: 'inner' }).info('x', { part: 'line' });
    logger.info('y');
    expect(json()).toMatchObject([
      { server: 'server1', engine: 'ME1', part: 'line' },
      { server: 'server1', part: 'outer' },
    ]);
    expect(lines[0]?.match(/"part"/g)).toHaveLength(1);
  });

  test("fields cannot take the line's own names", () => {
    const { logger, json } = record();
    logger.child({ level: 'fatal' }).info('real', { message: 'forged', time: 'never' });
    expect(json()).toMatchObject([
      { level: 'info', message: 'real', level_: 'fatal', message_: 'forged', time_: 'never' },
    ]);
  });

  test('a message is taken as it is', () => {
    const { logger, json } = record();
    logger.info('100 %s of %d %o\nforged', { a: 1 });
    expect(json()[0]?.['message']).toBe('100 %s of %d %o\nforged');
  });
});

describe('as text', () => {
  test('a line has time, level, message and name=value', () => {
    const { logger, lines } = record({ form: 'text', hasColour: false });
    logger.warn('Consumer is slow', { engine: 'ME1', backlog: 12, url: 'http://h:1/x', reason: 'two words' });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}Consumer is slow engine=ME1 backlog=12 url=http:\/\/h:1\/x reason="two words"\n$/,
    );
  });

  test('no value can begin a line of its own or command the terminal', () => {
    const { logger, lines } = record({ form: 'text', hasColour: false });
    logger.info('a\nb\u001b[2J', { 'k\n': '\u001b]0;x\u0007', list: ['\u009b', '\u202e'] });
    expect(lines[0]?.slice(0, -1)).not.toMatch(/\p{Cc}|\u202e/u);
    expect(lines[0]).toContain('a\\u000ab\\u001b[2J');
  });

  test('the stack of an error follows indented, without those of its causes', () => {
    const { logger, lines } = record({ form: 'text', hasColour: false });
    logger.error('Cannot write', { error: new Error('outer', { cause: new Error('inner') }) });
    const [head, ...stack] = (lines[0] ?? '').trimEnd().split('\n');
    expect(head).toMatch(/error=\{"type":"Error","message":"outer","cause":\{"type":"Error","message":"inner"\}\}$/);
    expect(stack.length).toBeGreaterThan(0);
    for (const line of stack) expect(line).toMatch(/^ {4}at /);
  });

  test('has colours only when asked for', () => {
    const { logger, lines } = record({ form: 'text', hasColour: true });
    logger.error('x');
    expect(lines[0]).toContain('\u001b[31mERROR\u001b[0m');
  });
});

test('standard error that is no terminal gets JSON, standard output nothing', () => {
  const module = new URL('../../../src/telemetry/logger.ts', import.meta.url).href;
  const script = `import { createLogger } from ${JSON.stringify(module)}; createLogger().info('to stderr', { a: 1 });`;
  const both = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', `${script} process.stdout.write('|');`],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  expect(both).toBe('|');
  const merged = execFileSync(
    '/bin/sh',
    ['-c', '"$0" --import tsx --input-type=module -e "$1" 2>&1 >/dev/null', process.execPath, script],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(merged)).toMatchObject({ level: 'info', message: 'to stderr', a: 1 });
});

test('a sink that fails does not fail the work that is logged', () => {
  const logger = createLogger({
    sink: {
      write: () => {
        throw new Error('no space left');
      },
    },
  });
  expect(() => logger.error('x', { a: 1 })).not.toThrow();
});

test('logging any value gives one line of JSON and never throws', () => {
  fc.assert(
    fc.property(fc.string(), fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true, withTypedArray: true, withNullPrototype: true })), (message, fields) => {
      const { logger, lines, json } = record();
      logger.info(message, fields);
      expect(lines).toHaveLength(1);
      expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
      expect(json()[0]?.['message']).toBe(message);
    }),
    { numRuns: 200 },
  ); // prettier-ignore
});

test('isLogLevel() knows the levels', () => {
  expect(['info', 'silent', 'fatal', ''].map(isLogLevel)).toEqual([true, true, false, false]);
});
