import { describe, expect, test } from 'vitest';
import { InfrastructureError } from '../../../src/kernel/errors.ts';
import { redact } from '../../../src/telemetry/redaction.ts';

describe('redact() hides', () => {
  test.each([
    'secret', 'clusterSecret', 'password', 'PASSWD', 'pwd', 'passphrase', 'Authorization', 'proxy-authorization', 'cookie',
    'set-cookie', 'apiKey', 'api_key', 'privateKey', 'accessKey', 'token', 'access_token', 'accessToken', 'refreshToken',
    'idToken', 'credentials', 'sessionKey',
  ])('what stands under %s', (name) => {
    const hidden = { inner: { [name]: 'hunter2' } };
    expect(redact(hidden)).toEqual({ inner: { [name]: '[redacted]' } });
    expect(JSON.stringify(redact(new Map([[name, { deep: 'hunter2' }]])))).not.toContain('hunter2');
  }); // prettier-ignore

  test.each([
    ['the user of a URL', 'see http://user:hunter2@host/x and amqp://hunter2@host', ['http://[redacted]@host/x']],
    [
      'an authorization value',
      'sent Bearer hunter2hunter2 and Basic aHVudGVyMg==',
      ['Bearer [redacted]', 'Basic [redacted]'],
    ],
  ])('%s, wherever it stands', (_what, text, shown) => {
    for (const value of [text, [text], { note: text }, { [text.slice(0, 90)]: 1 }, new Error(text), new Set([text])]) {
      const written = JSON.stringify(redact(value));
      expect(written).not.toMatch(/hunter2|aHVudGVyMg/);
    }
    for (const part of shown) expect(redact(text)).toContain(part);
  });

  test('a URL object with a user', () => {
    expect(redact({ target: new URL('https://me:hunter2@host/') })).toEqual({ target: 'https://[redacted]@host/' });
  });

  test('bodies and byte strings, but for their size', () => {
    const bytes = Buffer.from('hunter2');
    expect(redact({ body: '<a/>', payload: bytes, envelope: { a: 1 }, chunk: bytes, raw: new ArrayBuffer(3) })).toEqual(
      {
        body: '[4 characters]',
        payload: '[7 bytes]',
        envelope: '[body]',
        chunk: '[7 bytes]',
        raw: '[3 bytes]',
      },
    );
  });

  test('the secret in an error, its fields, causes and stack', () => {
    const cause = Object.assign(new Error('dial http://a:hunter2@h'), { password: 'hunter2' });
    const error = new AggregateError([cause], 'all failed', { cause });
    expect(JSON.stringify(redact({ error }))).not.toContain('hunter2');
  });
});

describe('redact() shows', () => {
  test('plain values as they are', () => {
    const plain = { text: 'a', number: 1.5, yes: true, none: null, list: [1, 'b'], tokens: 3, keyCount: 2 };
    expect(redact(plain)).toEqual(plain);
  });

  test('what JSON has no form for', () => {
    expect(
      redact({
        big: 12n,
        date: new Date(0),
        map: new Map([[1, 'x']]),
        set: new Set([2]),
        nan: NaN,
        symbol: Symbol('s'),
        run: () => 1,
        left: undefined,
        never: new Date(NaN),
      }),
    ).toEqual({
      big: '12',
      date: '1970-01-01T00:00:00.000Z',
      map: { '1': 'x' },
      set: [2],
      nan: 'NaN',
      symbol: 'Symbol(s)',
      run: '[function]',
      never: 'invalid date',
    });
  });

  test('errors with type, message, own fields and cause', () => {
    const error = new InfrastructureError('unreachable', 'no answer', {
      processed: 'no',
      cause: new TypeError('socket'),
    });
    expect(redact(error)).toMatchObject({
      type: 'InfrastructureError',
      message: 'no answer',
      code: 'unreachable',
      processed: 'no',
      cause: { type: 'TypeError', message: 'socket' },
      stack: expect.stringContaining('redaction.test') as string,
    });
  });
});

describe('redact() survives', () => {
  test('cycles, also through errors', () => {
    const value: Record<string, unknown> = { name: 'a' };
    value['self'] = [value];
    const error = new Error('x');
    error.cause = error;
    expect(redact({ value, error })).toMatchObject({
      value: { name: 'a', self: ['[circular]'] },
      error: { cause: '[circular]' },
    });
  });

  test('the same value twice is no cycle', () => {
    const twin = { a: 1 };
    expect(redact([twin, twin])).toEqual([twin, twin]);
  });

  test('getters that throw', () => {
    const value = {
      get bad(): string {
        throw new Error('no');
      },
      good: 1,
    };
    expect(redact(value)).toEqual({ bad: '[unreadable]', good: 1 });
  });

  test('values that defy every reading', () => {
    const refuse = (): never => {
      throw new Error('no');
    };
    const proxy = new Proxy({}, { ownKeys: refuse, getPrototypeOf: refuse, get: refuse });
    const error = Object.defineProperty(new Error('x'), 'message', { get: refuse });
    expect(redact({ proxy, error, key: new Map([[proxy, 1]]), good: 1 })).toEqual({
      proxy: '[unreadable]',
      error: '[unreadable]',
      key: { '[object]': 1 },
      good: 1,
    });
  });

  test('depth, width and length beyond all measure', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 10_000; level += 1) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index]));
    const long = 'x'.repeat(1_000_000);
    const list = Array.from({ length: 10_000 }, () => long);
    expect(JSON.stringify(redact({ deep, wide, long, list })).length).toBeLessThan(120_000);
  });
});
