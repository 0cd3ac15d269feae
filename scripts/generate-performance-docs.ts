/**
 * Writes docs/performance.md and its pictures from the newest result of each bench in bench/results/.
 * Run it after a bench whose result is to be shown: `npm run docs:performance`.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMet, type Outcome, type Target } from '../bench/outcome.ts';
import { barChart } from './bar-chart.ts';

const ROOT = resolve(import.meta.dirname, '..');
const RESULTS = join(ROOT, 'bench/results');
const PICTURES = 'docs/performance';

/** A file as it should be; the path is relative to the root of the repository. */
interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** What a bench has written. */
interface Result extends Outcome {
  readonly suite: string;
  readonly date: string;
  readonly node: string;
  readonly system: string;
  readonly cores: number;
  readonly cpu: string;
  readonly loadAverage: readonly number[];
}

/** The page and its pictures. Pure but for the results that it reads. */
export function generatePerformanceDocs(): readonly GeneratedFile[] {
  const results = newestResults();
  const pages = results.map(sectionOf);
  const text = [
    '<!-- Written by npm run docs:performance from bench/results/. -->',
    '# Performance',
    'What was measured, with `npm run bench -- NAME`: contestants in turn within one run, medians over the rounds, with the ' +
      'lowest and the highest. Absolute figures are those of the machine; what counts is how they compare within one run.',
    ...pages.map(({ section }) => section),
  ].join('\n\n');
  return [{ path: 'docs/performance.md', text: `${text}\n` }, ...pages.flatMap(({ pictures }) => pictures)];
}

function newestResults(): readonly Result[] {
  const newest = new Map<string, Result>();
  for (const name of readdirSync(RESULTS).sort()) {
    const result = JSON.parse(readFileSync(join(RESULTS, name), 'utf8')) as Partial<Result>;
    if (result.measured !== undefined && result.suite !== undefined) newest.set(result.suite, result as Result);
  }
  return [...newest.values()].sort((a, b) => a.suite.localeCompare(b.suite));
}

function sectionOf(result: Result): { readonly section: string; readonly pictures: readonly GeneratedFile[] } {
  const { suite, date, node, system, cores, cpu, loadAverage, measured, targets } = result;
  const units = [...new Set(Object.values(measured).map(({ unit }) => unit))];
  const pictures = units.map((unit, index) => {
    const bars = Object.entries(measured)
      .filter(([, one]) => one.unit === unit)
      .map(([name, { median, least, most }]) => ({ label: name.replace(`: ${unit}`, ''), median, least, most }));
    return { path: `${PICTURES}/${suite}-${index + 1}.svg`, text: barChart({ title: unit, bars }) };
  });
  const where = `${date.slice(0, 10)}, Node.js ${node}, ${system}, ${cores} cores of ${cpu}, load at the start ${loadAverage[0] ?? '?'}.`;
  const images = pictures.map(({ path }, index) => `![${suite}: ${units[index] ?? ''}](${path.replace('docs/', '')})`);
  return { section: [`## ${suite}`, where, tableOf(targets), ...images].join('\n\n'), pictures };
}

function tableOf(targets: readonly Target[]): string {
  const rows = targets.map((target) => {
    const { name, found, atMost, atLeast } = target;
    const wanted = atLeast === undefined ? `at most ${atMost ?? '?'}` : `at least ${atLeast}`;
    return `| ${name} | ${found} | ${wanted} | ${isMet(target) ? 'met' : '**missed**'} |`;
  });
  return ['| what | found | target | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(join(ROOT, PICTURES), { recursive: true, force: true });
  mkdirSync(join(ROOT, PICTURES), { recursive: true });
  for (const { path, text } of generatePerformanceDocs()) writeFileSync(join(ROOT, path), text);
}
