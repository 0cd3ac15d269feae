import { fileURLToPath } from 'node:url';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { createAdminApp, type Health } from '../../../src/admin/app.ts';
import { silentLogger, type Logger } from '../../../src/kernel/log.ts';
import { readXml } from '../../../src/xml/reader.ts';

const wsdlDirectory = fileURLToPath(new URL('../../../wsdl', import.meta.url));
const ENDPOINTS = [
  ...['NotificationBroker', 'NotificationConsumer', 'CreatePullPoint', 'SubscriptionManager', 'PullPoint'],
  ...['PublisherRegistrationManager', 'ResourceProperties', 'ResourceLifetime'],
];

function app(
  options: { publicUrl?: string; health?: () => Health; logger?: Logger } = {},
): ReturnType<typeof createAdminApp> {
  return createAdminApp({
    wsdlDirectory,
    publicUrl: options.publicUrl ?? 'http://broker.example:8080',
    health: options.health ?? (() => ({ serving: true })),
    logger: options.logger ?? silentLogger,
  });
}

describe('createAdminApp() serves the WSDL', () => {
  test.each(ENDPOINTS)('at /wsn/%s?wsdl', async (endpoint) => {
    const { status, headers, text } = await request(app()).get(`/wsn/${endpoint}?wsdl`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/xml; charset=utf-8');
    expect(text).toContain('location="http://broker.example:8080/wsn/PullPoint"');
    expect(text).not.toMatch(/location="http:\/\/pointsman\.invalid/);
  });

  test.each(['?WSDL', '?wsdl=', '?Wsdl&x=1'])('whatever the case: %s', async (query) => {
    expect((await request(app()).get(`/wsn/NotificationBroker${query}`)).status).toBe(200);
  });

  test('behind an engine and a resource too', async () => {
    expect((await request(app()).get('/wsn/SubscriptionManager/ME1/00ff?wsdl')).status).toBe(200);
  });

  test('with every import under the public URL, and each of them there', async () => {
    const seen = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      const { status, text } = await request(app()).get(path);
      expect(status, path).toBe(200);
      expect(readXml(Buffer.from(text)).isComplete).toBe(true);
      for (const [, location = ''] of text.matchAll(/schemaLocation="([^"]*)"/g)) {
        expect(location).toMatch(/^http:\/\/broker\.example:8080\/wsn\/NotificationBroker\?xsd=/);
        const next = location.slice('http://broker.example:8080'.length);
        if (seen.has(next)) continue;
        seen.add(next);
        await visit(next);
      }
    };
    await visit('/wsn/NotificationBroker?wsdl');
    expect([...seen].map((path) => path.replace(/.*=/, '')).sort()).toEqual([
      'b-2.xsd',
      'bf-2.xsd',
      'br-2.xsd',
      'properties.xsd',
      'r-2.xsd',
      'rl-2.xsd',
      'rp-2.xsd',
      't-1.xsd',
      'ws-addr.xsd',
    ]);
  });

  test('as well-formed XML whatever the public URL', async () => {
    const { text } = await request(app({ publicUrl: `https://h/a&b"<c>$&'` })).get('/wsn/NotificationBroker?wsdl');
    expect(readXml(Buffer.from(text)).isComplete).toBe(true);
    expect(text).toContain(`location="https://h/a&amp;b&quot;&lt;c&gt;$&amp;'/wsn/PullPoint"`);
  });

  test('to HEAD without the body', async () => {
    const { status, text } = await request(app()).head('/wsn/NotificationBroker?wsdl');
    expect([status, text]).toEqual([200, undefined]);
  });
});

describe('createAdminApp() gives schemas by known names only', () => {
  test.each([
    'pointsman.wsdl',
    '../package.json',
    '..%2Fpackage.json',
    '/etc/passwd',
    'b-2.xsd%00',
    'b-2.xsd/',
    'constructor',
    '__proto__',
    '',
    'b-2.xsd&xsd=r-2.xsd',
  ])('not ?xsd=%s', async (name) => {
    const { status, headers, text } = await request(app()).get(`/wsn/PullPoint?xsd=${name}`);
    expect(status).toBe(404);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text).not.toContain('passwd');
  });
});

describe('createAdminApp() refuses', () => {
  test.each(['get', 'put', 'delete', 'patch', 'options', 'head'] as const)(
    '%s on an endpoint with 405',
    async (method) => {
      const { status, headers } = await request(app())[method]('/wsn/NotificationBroker');
      expect([status, headers['allow']]).toEqual([405, 'POST']);
    },
  );

  test('DELETE of the WSDL, and of what can only be read', async () => {
    for (const path of ['/wsn/PullPoint?wsdl', '/healthz', '/']) {
      const { status, headers } = await request(app()).delete(path);
      expect([path, status, headers['allow']]).toEqual([path, 405, 'GET, HEAD']);
    }
  });

  test.each([
    '/wsn',
    '/wsn/',
    '/wsn/Nothing',
    '/wsn/PullPoint/a/b/c',
    '/wsn/notificationbroker',
    '/healthz/x',
    '/wsn/PullPointX?wsdl',
  ])('%s with 404 in plain text', async (path) => {
    const { status, headers, text } = await request(app()).get(path);
    expect([status, headers['content-type'], text]).toEqual([404, 'text/plain; charset=utf-8', 'Nothing is here\n']);
  });

  test('a path that is no valid escape, without saying more', async () => {
    const { status, text } = await request(app()).get('/wsn/%ff%zz');
    expect([400, 404]).toContain(status);
    expect(text).not.toContain('at ');
  });
});

describe('createAdminApp() tells its health', () => {
  test('while it serves', async () => {
    const health = (): Health => ({ serving: true, details: { server: 'server1', status: 'never shown' } });
    const { status, text, headers } = await request(app({ health })).get('/healthz');
    expect([status, JSON.parse(text)]).toEqual([200, { server: 'server1', status: 'ok' }]);
    expect(headers['cache-control']).toBe('no-store');
  });

  test('while it does not', async () => {
    const { status, text } = await request(app({ health: () => ({ serving: false }) })).get('/healthz');
    expect([status, JSON.parse(text)]).toEqual([503, { status: 'unavailable' }]);
  });

  test('as 500 without internals if it cannot be told', async () => {
    const errors: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (_message, fields) => errors.push(fields) };
    const health = (): Health => {
      throw new Error('secret of the store');
    };
    const { status, text } = await request(app({ health, logger })).get('/healthz');
    expect([status, text]).toEqual([500, 'Something went wrong here\n']);
    expect(errors).toEqual([{ error: 'secret of the store' }]);
  });
});

describe('createAdminApp() for people', () => {
  test('has a page that links the WSDL', async () => {
    const { status, headers, text } = await request(app({ publicUrl: 'http://h:1/<x>' })).get('/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toContain('href="http://h:1/&lt;x&gt;/wsn/NotificationBroker?wsdl"');
    expect(text).not.toContain('<x>');
  });

  test('sets security headers on everything and does not say what it runs on', async () => {
    for (const path of ['/', '/healthz', '/nothing', '/wsn/PullPoint', '/wsn/PullPoint?wsdl']) {
      const { headers } = await request(app()).get(path);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });

  test('says at once when the WSDL files are not there', () => {
    expect(() =>
      createAdminApp({
        wsdlDirectory: '/nowhere',
        publicUrl: 'http://h',
        health: () => ({ serving: true }),
        logger: silentLogger,
      }),
    ).toThrow(/ENOENT/);
  });
});
