// Durations as people write them: `500ms`, `30s`, `10m`, `8h`, `5d`. Milliseconds everywhere else.

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** What the border says of a duration that it cannot read. */
export const DURATION_FORM = 'a duration such as 500ms, 30s, 10m, 8h or 5d';

/** Milliseconds, or undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * UNIT_MS[match[2] as Unit] : undefined;
}

/** The shortest honest form: `1 h 5 min`, `30 s`, `500 ms`. */
export function sayDuration(ms: number): string {
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(hours, 'h', minutes % 60, 'min');
  const wholeHours = Math.round(minutes / 60);
  return both(Math.floor(wholeHours / 24), 'd', wholeHours % 24, 'h');
}

const both = (large: number, its: string, small: number, unit: string): string =>
  small === 0 ? `${large} ${its}` : `${large} ${its} ${small} ${unit}`;
