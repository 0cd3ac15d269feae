import { clipped } from '../soap/text.ts';
import type { Duration } from './messages.ts';

/** The last millisecond of the year 9999: later than that no four-digit dateTime can say. */
export const LATEST_TIME = 253_402_300_799_999;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DATE_TIME =
  /^(?<year>-?\d{4,})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.(?<fraction>\d+))?(?<zone>Z|[+-]\d\d:\d\d)?$/;

const DURATION =
  /^(?<sign>-)?P(?=.)(?:(?<years>\d+)Y)?(?:(?<months>\d+)M)?(?:(?<days>\d+)D)?(?:T(?=.)(?:(?<hours>\d+)H)?(?:(?<minutes>\d+)M)?(?:(?<seconds>\d+)(?:\.(?<fraction>\d+))?S)?)?$/;

/**
 * Reads an xsd:dateTime; milliseconds since 1970. Without a time zone it is UTC (WS-BaseNotification §4.1). Fractions
 * finer than a millisecond are rounded up, since a termination time may be granted later but not earlier than asked for.
 * Throws RangeError that says what is wrong; years before 1 and after 9999 are refused.
 */
export function parseDateTime(text: string): number {
  const groups = DATE_TIME.exec(text)?.groups;
  if (groups === undefined) throw new RangeError(`Found '${clipped(text, 60)}', expected an xsd:dateTime`);
  const part = (name: string): number => Number(groups[name] ?? 0);
  const year = part('year');
  if (!(year >= 1 && year <= 9999)) {
    throw new RangeError(`Found the year ${clipped(groups['year'] ?? '', 60)}, expected 0001 to 9999`);
  }
  const [month, day, hour, minute, second] = [part('month'), part('day'), part('hour'), part('minute'), part('second')];
  const fraction = millisecondsOf(groups['fraction']);
  const time = hour * HOUR + minute * MINUTE + second * SECOND + fraction;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw new RangeError(`Found '${clipped(text, 60)}', which is no day of the calendar`);
  }
  // 24:00:00 is the end of the day, and no time comes after it.
  if (time > DAY || minute > 59 || second > 59) {
    throw new RangeError(`Found '${clipped(text, 60)}', which is no time of day`);
  }
  return daysFromCivil(year, month, day) * DAY + time - zoneOffset(groups['zone']);
}

/**
 * Reads an xsd:duration. Throws RangeError that says what is wrong. Parts beyond what a number can hold become the
 * largest number, which is past every time that can be granted.
 */
export function parseDuration(text: string): Duration {
  const groups = DURATION.exec(text)?.groups;
  if (groups === undefined) throw new RangeError(`Found '${clipped(text, 60)}', expected an xsd:duration`);
  const part = (name: string): number => Number(groups[name] ?? 0);
  const sign = groups['sign'] === undefined ? 1 : -1;
  const months = part('years') * 12 + part('months');
  const ms =
    part('days') * DAY +
    part('hours') * HOUR +
    part('minutes') * MINUTE +
    part('seconds') * SECOND +
    millisecondsOf(groups['fraction']);
  return { months: bounded(sign * months), ms: bounded(sign * ms) };
}

/** The time a duration after another, by the calendar: a day that the month does not have becomes its last (XSD 1.0 part 2, appendix E). */
export function addDuration(ms: number, duration: Duration): number {
  if (duration.months === 0) return ms + duration.ms;
  const days = Math.floor(ms / DAY);
  const { year, month, day } = civilFromDays(days);
  const months = year * 12 + (month - 1) + duration.months;
  const newYear = Math.floor(months / 12);
  const newMonth = months - newYear * 12 + 1;
  const newDay = Math.min(day, daysInMonth(newYear, newMonth));
  return daysFromCivil(newYear, newMonth, newDay) * DAY + (ms - days * DAY) + duration.ms;
}

/** An xsd:dateTime in UTC with milliseconds. Throws RangeError outside of the years 1 to 9999. */
export function formatDateTime(ms: number): string {
  const days = Math.floor(ms / DAY);
  const { year, month, day } = civilFromDays(days);
  if (!(year >= 1 && year <= 9999)) throw new RangeError(`Found the time ${ms}, expected one in the years 1 to 9999`);
  const rest = Math.floor(ms - days * DAY);
  const digits = (value: number, count = 2): string => String(value).padStart(count, '0');
  const time = [Math.floor(rest / HOUR), Math.floor(rest / MINUTE) % 60, Math.floor(rest / SECOND) % 60];
  const date = `${digits(year, 4)}-${digits(month)}-${digits(day)}`;
  return `${date}T${time.map((value) => digits(value)).join(':')}.${digits(rest % SECOND, 3)}Z`;
}

function millisecondsOf(fraction = ''): number {
  const thousandths = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return /[1-9]/.test(fraction.slice(3)) ? thousandths + 1 : thousandths;
}

function zoneOffset(zone = 'Z'): number {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) {
    throw new RangeError(`Found the time zone '${zone}', expected -14:00 to +14:00`);
  }
  return (zone.startsWith('-') ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
}

function bounded(value: number): number {
  const limit = Number.MAX_SAFE_INTEGER;
  return value === 0 ? 0 : Math.max(-limit, Math.min(limit, value));
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const DAYS_IN_400_YEARS = 146_097;
/** From 1 March of the year 0 to 1 January 1970. */
const EPOCH_SHIFT = 719_468;

/** Days since 1970 of a day of the Gregorian calendar. Years are counted from March, so that the leap day comes last. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_IN_400_YEARS + dayOfEra - EPOCH_SHIFT;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + EPOCH_SHIFT;
  const era = Math.floor(shifted / DAYS_IN_400_YEARS);
  const dayOfEra = shifted - era * DAYS_IN_400_YEARS;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}
