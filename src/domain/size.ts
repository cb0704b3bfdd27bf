// Sizes as people write them: `512MiB`, `20GiB`. Bytes everywhere else.

const UNITS = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const;
type Unit = keyof typeof UNITS;

export const SIZE_FORM = 'a size such as 512MiB or 20GiB';

/** Bytes, or undefined where the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9})(KiB|MiB|GiB|TiB)$/.exec(text);
  return match ? Number(match[1]) * UNITS[match[2] as Unit] : undefined;
}

/** One decimal, in the unit that people would take: `1.5 GiB`. */
export function saySize(bytes: number): string {
  const fitting = (Object.entries(UNITS) as [Unit, number][]).findLast(([, size]) => bytes >= size);
  if (!fitting) return `${Math.round(bytes)} bytes`;
  const [unit, size] = fitting;
  return `${(bytes / size).toFixed(1).replace(/\.0$/, '')} ${unit}`;
}
