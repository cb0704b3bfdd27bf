// Looking into JSON that somebody else wrote, without ever throwing: what is not there, or not of the kind that was asked
// for, is undefined or empty.

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
export const json = (value: unknown): Json => (isJson(value) ? value : NOTHING);
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
export const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/** The ISO time of seconds since 1970; undefined for what is no time. */
export function instant(seconds: unknown): string | undefined {
  const date = new Date((count(seconds) ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** The object that a text holds; undefined for a text that is none, or is cut. */
export function parsed(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
