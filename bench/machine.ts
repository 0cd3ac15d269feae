import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

/** What was measured, and where. */
export function circumstances(): Readonly<Record<string, unknown>> & { readonly date: string } {
  const [cpu] = cpus();
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    date: new Date().toISOString(),
    pointsman: version,
    node: process.versions.node,
    v8: process.versions.v8,
    system: `${type()} ${release()} ${process.arch}`,
    cores: cpus().length,
    cpu: cpu?.model.trim() ?? 'unknown',
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    loadAverage: loadavg().map((value) => Number(value.toFixed(2))),
  };
}
