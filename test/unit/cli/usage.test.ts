import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { UsageError, describeFailure, exitCodeOf } from '../../../src/cli/failure.ts';
import { RecordedIo, failureOf, run } from './io.ts';

describe('arguments that cannot be used', () => {
  test.each([
    [['publish'], /--message or with --file/],
    [['publish', '--message', '<x/>', '--file', 'x'], /--message or with --file/],
    [['publish', '--message', 'text'], /--message takes one XML element/],
    [['publish', '--message', '<a/><b/>'], /more than one root/],
    [['publish', '--message', '<p:a/>'], /uses the prefix "p" without declaring it/],
    [['publish', '--file', '/nowhere/x.xml'], /--file cannot be read/],
    [['publish', '--message', '<x/>', '--count', '0'], /--count takes a whole number of at least 1/],
    [['publish', '--message', '<x/>', '--topic', 'p:a'], /declare it with --ns p=URI/],
    [['publish', '--message', '<x/>', '--wsdl', 'file:///etc/passwd'], /--wsdl takes an http/],
    [['subscribe', '--listen', '8080'], /--listen takes host:port/],
    [['subscribe', '--listen', '0.0.0.0:0'], /--address/],
    [['subscribe', '--address', 'nowhere'], /--address takes/],
    [['subscribe', '--for', 'PT'], /--for takes/],
    [['pull', '--every', 'often'], /--every takes/],
    [['pull', '--max', '-1'], /--max takes/],
  ])('%j', async (args, message) => {
    const error = await failureOf(...args);
    expect(error).toBeInstanceOf(UsageError);
    expect(describeFailure(error)).toMatch(message);
    expect(exitCodeOf(error)).toBe(2);
  });

  test('unknown commands and options are told on standard error', async () => {
    const io = new RecordedIo();
    await expect(run(io, 'publish', '--nonsense')).rejects.toBeInstanceOf(CommanderError);
    expect(io.err).toContain("unknown option '--nonsense'");
    expect(io.out).toBe('');
  });
});

describe('pointsman validate', () => {
  test('tells a file that is not there, with exit code 2', async () => {
    const error = await failureOf('validate', '/nowhere/topology.yaml');
    expect(exitCodeOf(error)).toBe(2);
    expect(describeFailure(error)).toContain('/nowhere/topology.yaml');
  });

  test('tells what is wrong with the topic documents that a file names, with exit code 2', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pointsman-validate-'));
    const file = join(directory, 'topology.yaml');
    const topology = readFileSync('topologies/single.yaml', 'utf8');
    writeFileSync(file, `${topology}\ntopics: { namespaces: [bad.xml], sets: [missing.xml] }\n`);
    writeFileSync(join(directory, 'bad.xml'), '<w:TopicNamespace xmlns:w="http://docs.oasis-open.org/wsn/t-1"/>');
    const error = await failureOf('validate', file);
    rmSync(directory, { recursive: true });
    expect(exitCodeOf(error)).toBe(2);
    expect(describeFailure(error)).toMatch(/bad\.xml:1:1: /);
    expect(describeFailure(error)).toMatch(/missing\.xml:1:1: cannot be read: there is no such file/);
  });

  test('describes a topology', async () => {
    const io = new RecordedIo();
    await run(io, 'validate', 'topologies/combined.yaml');
    expect(io.out).toContain('ME1');
    const json = new RecordedIo();
    await run(json, 'validate', 'topologies/combined.yaml', '--json');
    expect(json.lines()[0]).toMatchObject({ kind: 'combined' });
  });
});
