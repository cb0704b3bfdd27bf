// When may it be tried again? Reads what a provider says of a wait or of a reset, near the words that decided.
// A span is a wait. A point in time is a reset, and only where it can be placed: a clock time needs a zone (or an agent
// known to print local time) and the time of the end. The client's own pauses ("Retrying in 4 s") ask for nothing.

export interface WaitHint {
  readonly retryAfterMs?: number;
  /** ISO time, UTC. */
  readonly resetsAt?: string;
  /** A reset was named, whether it could be placed or not. */
  readonly resetStated: boolean;
}

interface Clock {
  /** When the run ended, ISO with offset. */
  readonly at: string | undefined;
  /** A clock time without a zone is one of the place where `at` was taken. */
  readonly local: boolean;
}

const NOTHING: WaitHint = { resetStated: false };
const MAY_SAY = /retry|reset|again|until|wait|regain|limit reached\|/i;

export function readWait(text: string, clock: Clock): WaitHint {
  if (!MAY_SAY.test(text)) return NOTHING;
  const atMs = clock.at === undefined ? Number.NaN : Date.parse(clock.at);
  const resetMs = absoluteReset(text) ?? clockReset(text, clock, atMs);
  const retryAfterMs = span(text) ?? untilDate(text, atMs);
  const resetStated = resetMs !== undefined || /\bresets?\b[^\n\d]{0,40}\d|\b(?:try again at|regain access on) \d/i.test(text);
  return {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(resetMs === undefined || Number.isNaN(resetMs) ? {} : { resetsAt: new Date(resetMs).toISOString() }),
    resetStated,
  };
}

const HEADER_MS = /retry[-_ ]?after[-_ ]?ms["']{0,2}\s{0,4}[:=]\s{0,4}["']?(\d{1,12})/i;
const HEADER_S = /retry[-_ ]?after["']{0,2}\s{0,4}[:=]\s{0,4}["']?(\d{1,9}(?:\.\d{1,9})?)(?![\d:T-])/i;
const RESETS_IN_S = /resets?[-_ ]in[-_ ]seconds["']{0,2}\s{0,4}[:=]\s{0,4}(\d{1,9})/i;
const SPAN_LEAD =
  /(?:\btry again (?:in|after)|\bretry (?:in|after)|retry_?delay["']{0,2}\s?:|\bwait\b|\bresets? (?:in|after))[^\n\d]{0,20}/gi;
const SPAN_PART =
  /(\d{1,9}(?:\.\d{1,9})?)\s?(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z]),?\s?(?:and\s)?/iy;

function span(text: string): number | undefined {
  const ms = HEADER_MS.exec(text);
  if (ms) return Number(ms[1]);
  const seconds = HEADER_S.exec(text) ?? RESETS_IN_S.exec(text);
  if (seconds) return Number(seconds[1]) * 1000;
  for (const lead of text.matchAll(SPAN_LEAD)) {
    const found = spanAt(text, lead.index + lead[0].length);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `1h2m3.5s`, `20s`, `5 days, 3 hours`: milliseconds, from that place on. */
function spanAt(text: string, place: number): number | undefined {
  let total: number | undefined;
  SPAN_PART.lastIndex = place;
  for (let part = SPAN_PART.exec(text); part; part = SPAN_PART.exec(text)) total = (total ?? 0) + Number(part[1]) * unitMs(part[2] ?? 's');
  return total === undefined ? undefined : Math.ceil(total);
}

function unitMs(unit: string): number {
  const name = unit.toLowerCase();
  if (name === 'ms' || name.startsWith('milli')) return 1;
  return { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[name[0] as 's' | 'm' | 'h' | 'd'];
}

const HTTP_DATE = /retry-after["']{0,2}\s{0,4}[:=]\s{0,4}["']?([A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT)/i;

function untilDate(text: string, atMs: number): number | undefined {
  const date = HTTP_DATE.exec(text)?.[1];
  const wait = date === undefined ? Number.NaN : Date.parse(date) - atMs;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

const LEAD = '(?:resets?|resets?[-_ ]?at|try again (?:at|after)|retry after|regain access on|available (?:again )?at|until)';
const ISO = new RegExp(
  String.raw`${LEAD}[^\n\d]{0,24}(\d{4}-\d{2}-\d{2})(?:T| | at )(\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2})`,
  'i',
);
const EPOCH = /(?:reset[a-z_-]{0,12}|limit reached\|)["']{0,2}[^\n\d]{0,6}(1\d{9}|1\d{12})(?!\d)/i;

function absoluteReset(text: string): number | undefined {
  const iso = ISO.exec(text);
  if (iso) {
    const zone = /^[+-]/.test(iso[3] ?? '') ? iso[3] : 'Z';
    const ms = Date.parse(`${iso[1]}T${iso[2]}${zone}`);
    return Number.isNaN(ms) ? undefined : ms;
  }
  const epoch = EPOCH.exec(text)?.[1];
  return epoch === undefined ? undefined : Number(epoch) * (epoch.length === 10 ? 1000 : 1);
}

const DAY_MS = 86_400_000;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = new RegExp(
  String.raw`${LEAD}:?\s(?:at\s)?(?:([A-Z][a-z]{2})[a-z]{0,6} (\d{1,2})(?:st|nd|rd|th)?,?\s(?:(\d{4}),?\s)?(?:at\s)?)?(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s?([ap]m)?(?![\w:])(?:\s?\(?(UTC|GMT|[A-Z][A-Za-z]{1,15}/[A-Za-z_]{2,25}(?:/[A-Za-z_]{2,25})?)\)?)?`,
  'i',
);

function clockReset(text: string, clock: Clock, atMs: number): number | undefined {
  const found = CLOCK.exec(text);
  if (!found || Number.isNaN(atMs)) return undefined;
  const [, monthName, dayText, yearText, hourText, minuteText, half, zone] = found;
  if (half === undefined && minuteText === undefined) return undefined;
  if (zone === undefined && !clock.local) return undefined;
  const offsetOf = zone === undefined ? () => ownOffsetMs(clock.at ?? '') : (instant: number) => zoneOffsetMs(zone, instant);
  const hour = half === undefined ? Number(hourText) : (Number(hourText) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  const month = monthName === undefined ? undefined : MONTHS.indexOf(monthName.toLowerCase());
  if (hour > 23 || month === -1) return undefined;
  const today = new Date(atMs + (offsetOf(atMs) ?? Number.NaN));
  if (Number.isNaN(today.getTime())) return undefined;
  const place = (year: number, shiftDays: number) =>
    toInstant(
      Date.UTC(year, month ?? today.getUTCMonth(), Number(dayText ?? today.getUTCDate()) + shiftDays, hour, Number(minuteText ?? 0)),
      offsetOf,
    );
  const first = place(Number(yearText ?? today.getUTCFullYear()), 0);
  // A date that is just over is no date of the next year.
  if (first > (month === undefined ? atMs : atMs - DAY_MS) || yearText !== undefined) return first;
  return month === undefined ? place(today.getUTCFullYear(), 1) : place(today.getUTCFullYear() + 1, 0);
}

/** The instant at which the clocks of a zone show `wallMs`. Asked twice, for the days on which clocks change. */
function toInstant(wallMs: number, offsetOf: (instant: number) => number | undefined): number {
  const guess = wallMs - (offsetOf(wallMs) ?? Number.NaN);
  return wallMs - (offsetOf(guess) ?? Number.NaN);
}

function ownOffsetMs(at: string): number | undefined {
  const offset = /([+-])(\d{2}):?(\d{2})$/.exec(at);
  if (!offset) return at.endsWith('Z') ? 0 : undefined;
  return (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
}

/** How far a zone's clocks are ahead of UTC at that instant; undefined for a zone that nobody knows. */
function zoneOffsetMs(zone: string, instant: number): number | undefined {
  if (/^(?:utc|gmt)$/i.test(zone)) return 0;
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    }).formatToParts(instant);
    const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) - Math.floor(instant / 60_000) * 60_000;
  } catch {
    return undefined; // no such zone: the reset cannot be placed
  }
}
