import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, TestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const PROGRAM = 'dist/main.js';

/** Words of a command line, quotes taken off as a shell would. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** A command that is running, with what it has printed. */
function start(words: readonly string[], env: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [PROGRAM, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

describe('pointsman up', () => {
  it('reports ready, activations and exits as JSON, restarts what dies, drains at SIGTERM with code 0', async () => {
    await using cluster = await TestCluster.start('combined');
    const [ready] = cluster.events;
    expect(ready).toMatchObject({ event: 'ready' });
    if (ready?.event !== 'ready') return;
    expect(ready.proxies).toMatchObject([{ name: 'proxy1', url: cluster.url }]);
    expect(ready.servers.map(({ name }) => name)).toEqual(['server1', 'server2', 'server3']);
    expect(ready.servers.every(({ pid }) => isAlive(pid))).toBe(true);
    expect(ready.engines.map(({ name }) => name)).toEqual(['ME1', 'ME2']);
    const { server, epoch } = cluster.hostOf('ME1');
    cluster.kill(server);
    await eventually('the exit is reported', () =>
      cluster.events.some((event) => event.event === 'exit' && event.name === server),
    );
    await eventually('the activation is reported', () => cluster.hostOf('ME1').epoch > epoch);
    await eventually('it runs again', () => isAlive(cluster.pidOf(server)));
    expect(await cluster.drain()).toBe(0);
  });

  it('with --no-restart leaves a dead process dead', async () => {
    await using cluster = await TestCluster.start('high-availability', { isRestarting: false });
    const { server, epoch } = cluster.hostOf('ME1');
    const pid = cluster.pidOf(server);
    cluster.kill(server);
    await eventually('another took over', () => cluster.hostOf('ME1').epoch > epoch);
    expect(isAlive(pid)).toBe(false);
    expect(cluster.events.some(({ event }) => event === 'restart')).toBe(false);
  });

  it('says why it cannot start when the addresses are taken', async () => {
    await using cluster = await TestCluster.start('single');
    const env = { ...cluster.environment, POINTSMAN_DATA: join(cluster.directory, 'other') };
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'up', cluster.file], {
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(status).toBe(69);
    expect(stderr).toContain('the address is taken');
  });
});

describe('pointsman validate', () => {
  it('names all mistakes of a file at once, each with its place, and exits with 2', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pointsman-validate-'));
    const file = join(directory, 'bad.yaml');
    const text = readFileSync('topologies/combined.yaml', 'utf8')
      .replace('topology: combined', 'topology: load-balanced')
      .replace('name: server2', 'name: server1')
      .replace('candidates: [server3, server1]', 'candidates: [server9]')
      .replace(/^publicUrl: .*$/m, 'publicUrl: http://127.0.0.1:8083')
      .concat('\nspeed: fast\n');
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'validate', file], { encoding: 'utf8' });
    rmSync(directory, { recursive: true });
    expect(status).toBe(2);
    const places = [...`${stdout}${stderr}`.matchAll(/bad\.yaml:\d+:\d+: (.*)/g)].map(([, message]) => message);
    expect(places.length).toBeGreaterThanOrEqual(5);
    for (const word of ['load-balanced', 'server1', 'server9', '8083', 'speed']) {
      expect(places.join('\n')).toContain(word);
    }
  });

  it.each(['single', 'load-balanced', 'high-availability', 'combined'])('accepts topologies/%s.yaml', (kind) => {
    const { status } = spawnSync(process.execPath, [PROGRAM, 'validate', `topologies/${kind}.yaml`]);
    expect(status).toBe(0);
  });
});

describe('what README and `up` tell people to type', () => {
  const running: ChildProcess[] = [];
  let up: ReturnType<typeof start>;
  let data: string;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'pointsman-readme-'));
    // As `npm start` does it, on the ports of the shipped file; only the store is elsewhere.
    up = start(['up', 'topologies/combined.yaml'], { ...process.env, POINTSMAN_DATA: data });
    await eventually('it is ready', () => up.output().includes('Ready.'), 30_000);
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    up.child.kill('SIGTERM');
    if (up.child.exitCode === null) await once(up.child, 'exit');
    rmSync(data, { recursive: true, force: true });
  });

  const commandsIn = (text: string): string[] =>
    [...text.matchAll(/^\s*node dist\/main\.js (.+)$/gm)].map(([, line]) => line!);

  it.each(['README.md', 'up'])('works as it stands: %s', async (source) => {
    const commands = commandsIn(source === 'up' ? up.output() : readFileSync(source, 'utf8'));
    const subscribe = commands.find((line) => line.startsWith('subscribe'))!;
    const publish = commands.find((line) => line.startsWith('publish'))!;
    const env = { ...process.env, POINTSMAN_DATA: data };
    const subscriber = start(wordsOf(subscribe), env);
    running.push(subscriber.child);
    await eventually('it has subscribed', () => subscriber.output().includes('Subscribed'), 20_000);
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, ...wordsOf(publish)], { env, encoding: 'utf8' });
    expect(status, stdout).toBe(0);
    await eventually('it arrives', () => subscriber.output().includes('heavy'), 20_000);
    subscriber.child.kill('SIGINT');
    if (subscriber.child.exitCode === null) await once(subscriber.child, 'exit');
    expect(subscriber.child.exitCode).toBe(0);
  });

  it('pull and status work as `up` prints them', async () => {
    const commands = commandsIn(up.output());
    const env = { ...process.env, POINTSMAN_DATA: data };
    const puller = start([...wordsOf(commands.find((line) => line.startsWith('pull'))!), '--count', '1'], env);
    running.push(puller.child);
    await eventually('it pulls', () => /[Pp]ull point/.test(puller.output()), 20_000);
    const publish = commands.find((line) => line.startsWith('publish'))!;
    expect(spawnSync(process.execPath, [PROGRAM, ...wordsOf(publish)], { env }).status).toBe(0);
    await eventually('it got one', () => puller.output().includes('heavy'), 20_000);
    if (puller.child.exitCode === null) await once(puller.child, 'exit');
    const status = commands.find((line) => line.startsWith('status'))!;
    const answer = spawnSync(process.execPath, [PROGRAM, ...wordsOf(status)], { env, encoding: 'utf8' });
    // Whichever server was the first to be there may host it.
    expect(answer.stdout).toMatch(/^server\d {2}up {2}pid \d+ {2}.*ME1 active \(epoch \d+\)/m);
    expect(answer.status).toBe(0);
  });

  it('every npm script that README names exists', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...readFileSync('README.md', 'utf8').matchAll(/npm (?:run )?(start|test|demo|[\w:]+)/g)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'ci' && name !== 'package');
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) expect(scripts).toHaveProperty([name]);
  });
});
