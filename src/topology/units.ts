/** The forms in which people write durations and sizes in a topology file. */

/** A whole number and a unit: `500ms`, `30s`, `5m`, `24h`. */
export const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h)$/;
/** A whole number of bytes, KiB or MiB: `65536`, `512KiB`, `4MiB`. */
export const SIZE_PATTERN = /^(\d{1,12})(B|KiB|MiB|GiB)?$/;

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** The milliseconds of a text like `30s`; undefined when it is not in the form of DURATION_PATTERN. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = ''] = DURATION_PATTERN.exec(text) ?? [];
  const factor = MS_PER_UNIT.get(unit);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** The bytes of a text like `4MiB`; a bare number is bytes. Undefined when it is not in the form of SIZE_PATTERN. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit = 'B'] = SIZE_PATTERN.exec(text) ?? [];
  const factor = BYTES_PER_UNIT.get(unit);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** The shortest text that parseDuration() reads back as `ms`. */
export function formatDuration(ms: number): string {
  return formatIn(ms, MS_PER_UNIT) || '0s';
}

/** The shortest text that parseSize() reads back as `bytes`. */
export function formatSize(bytes: number): string {
  return formatIn(bytes, BYTES_PER_UNIT) || '0B';
}

function formatIn(amount: number, factors: ReadonlyMap<string, number>): string {
  const fitting = [...factors].filter(([, factor]) => amount !== 0 && amount % factor === 0).at(-1);
  return fitting === undefined ? '' : `${amount / fitting[1]}${fitting[0]}`;
}
