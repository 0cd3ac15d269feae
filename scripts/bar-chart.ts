/** What one bar shows, with the spread as a thin line over it. */
export interface Bar {
  readonly label: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

const WIDTH = 760;
const LABEL = 340;
const ROW = 24;
const TOP = 34;
/** What is left for the bars, with room for the figure behind the longest. */
const SPAN = WIDTH - LABEL - 90;

/** Horizontal bars as an SVG picture, legible on light and on dark pages. */
export function barChart({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }): string {
  const most = Math.max(...bars.map((bar) => bar.most), Number.MIN_VALUE);
  const height = TOP + bars.length * ROW + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${LABEL}" y="20" font-weight="bold" fill="#1b2733">${escaped(title)}</text>`,
    ...bars.map((bar, index) => barOf(bar, TOP + index * ROW, (value) => (value / most) * SPAN)),
    '</svg>\n',
  ].join('\n');
}

function barOf({ label, median, least, most }: Bar, y: number, scale: (value: number) => number): string {
  const [from, to] = [LABEL + scale(least), LABEL + scale(most)].map((x) => x.toFixed(1));
  const middle = y + ROW / 2;
  return [
    `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end" fill="#1b2733">${escaped(label)}</text>`,
    `<rect x="${LABEL}" y="${y + 4}" width="${scale(median).toFixed(1)}" height="${ROW - 8}" fill="#3b7dd8"/>`,
    `<path d="M${from} ${middle}H${to}" stroke="#1b2733" stroke-width="1.5"/>`,
    `<text x="${LABEL + scale(most) + 6}" y="${middle + 4}" fill="#1b2733">${shown(median)}</text>`,
  ].join('');
}

function shown(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
