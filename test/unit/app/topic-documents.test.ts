import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTopicModel } from '../../../src/app/topic-documents.ts';
import { ConfigError } from '../../../src/kernel/errors.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'topics-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WSTOP = 'xmlns:w="http://docs.oasis-open.org/wsn/t-1"';

describe('loadTopicModel()', () => {
  test('reads namespaces and sets', () => {
    const model = loadTopicModel({
      fixed: true,
      namespaces: [
        file(
          'ns.xml',
          `<w:TopicNamespace ${WSTOP} targetNamespace="urn:1" final="true"><w:Topic name="a"/></w:TopicNamespace>`,
        ),
      ],
      sets: [file('set.xml', `<w:TopicSet ${WSTOP}><t:a xmlns:t="urn:1" w:topic="true"/></w:TopicSet>`)],
    });
    expect(model.fixed).toBe(true);
    expect([...model.permanent]).toEqual(['{urn:1}a']);
    expect(model.permits('{urn:1}b')).toMatch(/fixed/);
  });

  test('says all that is wrong in all files, with places', () => {
    const spec = {
      fixed: false,
      namespaces: [
        file('bad.xml', `<w:TopicNamespace ${WSTOP}\n targetNamespace="urn:1"><w:Topic/></w:TopicNamespace>`),
        join(folder, 'missing.xml'),
        folder,
      ],
      sets: [file('broken.xml', '<a>\n</b>'), file('long.xml', ' '.repeat(4 * 1024 * 1024 + 1))],
    };
    let thrown: unknown;
    try {
      loadTopicModel(spec);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof ConfigError)) throw thrown;
    const lines = thrown.diagnostics.map(
      (found) => `${found.file.slice(folder.length + 1)}:${found.line}:${found.column}: ${found.message}`,
    );
    expect(lines).toEqual([
      'missing.xml:1:1: cannot be read: there is no such file',
      ':1:1: cannot be read: it is a directory',
      expect.stringMatching(/^broken\.xml:2:\d: (?!.*\(line)/),
      'long.xml:1:1: cannot be read: it has 4194305 bytes, expected at most 4194304',
      expect.stringMatching(/^bad\.xml:2:26: found name=""/),
    ]);
  });
});
