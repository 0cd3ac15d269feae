import { expect, it } from 'vitest';
import { IdSeries, seriesPlaceOf } from '../../../src/kernel/id-series.ts';

it('ids of one series follow each other in order, and no other series has them', () => {
  const one = new IdSeries();
  const other = new IdSeries();
  const ids = Array.from({ length: 300 }, () => one.next());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set([...ids, ...Array.from({ length: 300 }, () => other.next())]).size).toBe(600);
});

it('the place of an id is known, also behind something else', () => {
  const ids = new IdSeries();
  const places = Array.from({ length: 300 }, () => seriesPlaceOf(`notify/${ids.next()}`));
  expect(places.map((place) => place?.number)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  expect(new Set(places.map((place) => place?.series)).size).toBe(1);
  expect(places[0]?.series).not.toBe(seriesPlaceOf(`renew/${ids.next()}`)?.series);
  expect(places[0]?.series).not.toBe(seriesPlaceOf(`notify/${new IdSeries().next()}`)?.series);
});

it.each([
  '',
  '-',
  'a',
  '0123456789ab',
  'a0123456789ab',
  'a-123456789ab',
  'a-0123456789AB',
  'a-0123456789a ',
  'a-0x3456789abc',
])('no place: "%s"', (text) => expect(seriesPlaceOf(text)).toBe(undefined));
