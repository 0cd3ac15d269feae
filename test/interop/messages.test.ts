import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { post, type Answer } from '../support/soap-client.ts';

const MESSAGES = '../shared/messages';

/** `Content-Type` as the sender of such a message would say it. */
function contentTypeOf(file: string, bytes: Buffer): string {
  if (file.endsWith('.http')) return 'multipart/related; type="application/xop+xml"; boundary="uuid:x"';
  const text = bytes.toString('latin1').replaceAll('\u0000', '');
  return text.includes('http://www.w3.org/2003/05/soap-envelope') ? 'application/soap+xml' : 'text/xml';
}

/** A message that was recorded without its envelope goes into one, as its sender's stack would have put it. */
function asSent(file: string, bytes: Buffer): Buffer {
  const text = bytes.toString('utf8');
  if (!file.endsWith('.xml') || text.includes('\u0000') || /<(?:[\w-]+:)?Envelope/.test(text)) return bytes;
  const content = text.replace(/^\uFEFF?<\?xml[^>]*\?>/, '');
  return Buffer.from(
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${content}</s:Body></s:Envelope>`,
  );
}

/** The answer in the words of the table: HTTP status and what the body holds. */
function kindOf({ status, body, fault, text }: Answer): string {
  if (text === '') return `${String(status)} acknowledged`;
  const what = fault === undefined ? (body?.localName ?? 'no body') : `fault ${codeOf(text) ?? fault}`;
  return `${String(status)} ${what}`;
}

/** The most specific name in a fault: its detail's, else its subcode's, else its code's. */
function codeOf(text: string): string | undefined {
  const detail = /<(?:detail|soap:Detail)[^>]*>\s*<(?:\w+:)?(\w+Fault)\b/.exec(text)?.[1];
  const codes = [...text.matchAll(/<(?:soap:Value|faultcode)[^>]*>[^<]*?(\w+)</g)].map(([, name]) => name);
  return detail ?? codes[1] ?? codes[0];
}

/** Rows of the table in docs/conformance.md: file and answer. */
function documented(): ReadonlyMap<string, string> {
  const rows = readFileSync('docs/conformance.md', 'utf8').matchAll(/^\| `([^`]+\.(?:xml|http))` +\| ([^|]+?) +\|/gm);
  return new Map([...rows].map(([, file = '', answer = '']) => [file, answer]));
}

describe.skipIf(!existsSync(MESSAGES))('real messages', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start('combined');
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());

  const files = existsSync(MESSAGES) ? readdirSync(MESSAGES).filter((file) => /\.(xml|http)$/.test(file)) : [];

  it('are all in the table of docs/conformance.md', () => {
    expect([...documented().keys()].sort()).toEqual([...files].sort());
  });

  it.each(files)('%s gets the documented answer, well-formed, from the proxy and from a server', async (file) => {
    const bytes = asSent(file, readFileSync(join(MESSAGES, file)));
    const answers: string[] = [];
    for (const url of [cluster.url, cluster.serverUrl('server1')]) {
      const headers = { 'Content-Type': contentTypeOf(file, bytes) };
      // post() reads the answer with the strict reader: what is not well-formed fails here.
      const answer = await post(`${url}/wsn/NotificationBroker`, new Uint8Array(bytes), headers, 10_000);
      answers.push(kindOf(answer));
    }
    if (process.env['PRINT_TABLE'] !== undefined) process.stdout.write(`| \`${file}\` | ${answers[0]!} | |\n`);
    expect(answers).toEqual([documented().get(file), documented().get(file)]);
  });
});
