import fc from 'fast-check';

// The same cases in every run, so that a red run is red again; `npm run test:fuzz` looks for new ones and names the seed it found.
const wanted = process.env['PROPERTY_SEED'] ?? '20261122';
const seed = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted);
if (!Number.isInteger(seed)) throw new Error(`PROPERTY_SEED: expected an integer or "random", found "${wanted}"`);
fc.configureGlobal({ seed });
