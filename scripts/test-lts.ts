/**
 * Runs the whole suite on the current LTS of Node.js: the npm package `node` brings the binary and the headers, a
 * copy of the tree that git knows gets its own node_modules, built for that Node.js.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** The current LTS; docs/adr/0001-node-versions.md says when to change it. */
const LTS_VERSION = '24.21.0';

const project = resolve(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'pointsman-lts-'));

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): number {
  console.log(`> ${command} ${args.join(' ')}`);
  return spawnSync(command, args, { cwd, env, stdio: 'inherit' }).status ?? 1;
}

function installNode(): { readonly bin: string; readonly headers: string } {
  const home = join(place, 'node');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  const status = run('npm', ['install', '--no-audit', '--no-fund', `node@${LTS_VERSION}`], home, process.env);
  if (status !== 0) throw new Error(`Cannot install node@${LTS_VERSION}`);
  const inner = join(home, 'node_modules/node/node_modules', `node-${process.platform}-${process.arch}`);
  const outer = join(home, 'node_modules', `node-${process.platform}-${process.arch}`);
  return { bin: join(home, 'node_modules/node/bin'), headers: existsSync(inner) ? inner : outer };
}

function copyTree(): string {
  const copy = join(place, 'pointsman');
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: project });
  for (const file of listed.toString().split('\n').filter(Boolean)) {
    if (!existsSync(join(project, file))) continue;
    mkdirSync(join(copy, dirname(file)), { recursive: true });
    cpSync(join(project, file), join(copy, file));
  }
  // Tests that look at the material beside the repository find it beside the copy too.
  const beside = join(project, '../shared');
  if (existsSync(beside)) symlinkSync(beside, join(place, 'shared'));
  return copy;
}

try {
  const { bin, headers } = installNode();
  const copy = copyTree();
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, npm_config_nodedir: headers };
  run('node', ['--version'], copy, env);
  process.exitCode = run('npm', ['ci', '--no-audit', '--no-fund'], copy, env) || run('npm', ['test'], copy, env);
} finally {
  rmSync(place, { recursive: true, force: true });
}
