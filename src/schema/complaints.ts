// What the border says of bad input: one line each, with its place and the form that is expected there.
// A `Finding` knows its place as a path into the value; a `Complaint` is the same made ready for a person.

import type { z } from 'zod';

export interface Complaint {
  /** The place in words, as in `outputs[0].kind`; empty for the whole. */
  readonly at: string;
  /** The file, where there is one. */
  readonly source?: string;
  /** Counted from 1. */
  readonly line?: number;
  readonly column?: number;
  readonly says: string;
}

export type Path = readonly PropertyKey[];

/** `on: key` where the key itself is the mistake, not what it holds; `offset` where the path alone does not tell the place in the text. */
export interface Finding {
  readonly path: Path;
  readonly says: string;
  readonly on?: 'key';
  readonly offset?: number;
}

/** More lines than that help nobody, and a history has to carry them. */
const MOST_COMPLAINTS = 50;

/** `task.yaml:7:3 outputs[0].kind: "comit" is no kind of output; expected …`, always one line. */
export function sayComplaint(complaint: Complaint, source: string | undefined = complaint.source): string {
  const position = complaint.line === undefined ? '' : `:${complaint.line}:${complaint.column ?? 1}`;
  const where = source === undefined ? '' : `${source}${position} `;
  return complaint.at === '' ? `${where}${complaint.says}` : `${where}${complaint.at}: ${complaint.says}`;
}

/** `limits.run.wall`, `outputs[0].kind`, `env["a b"]`. */
export function sayPath(path: Path): string {
  let said = '';
  for (const step of path) {
    if (typeof step === 'number') said += `[${step}]`;
    else if (/^[\w-]+$/.test(String(step))) said += said === '' ? String(step) : `.${String(step)}`;
    else said += `[${JSON.stringify(abbreviate(String(step)))}]`;
  }
  return said;
}

export const abbreviate = (text: string, longest = 60): string => {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
};

/** The findings of a schema whose messages were made by `expected.ts`. */
export const findingsOf = (error: z.ZodError): Finding[] => findingsIn(error.issues, []);

function findingsIn(issues: readonly z.core.$ZodIssue[], within: Path): Finding[] {
  return issues.flatMap((issue): Finding[] => {
    const path = [...within, ...issue.path];
    // The first form that fits from outside says what is wrong inside.
    const form = issue.code === 'invalid_union' ? issue.errors.find((errors) => errors.some((inner) => isInside(inner))) : undefined;
    if (form) return findingsIn(form, path);
    if (issue.code === 'unrecognized_keys') {
      const lines = issue.message.split('\n');
      return issue.keys.map((key, index) => ({ path: [...path, key], says: lines[index] ?? issue.message, on: 'key' }));
    }
    if (issue.code === 'invalid_key') return [{ path, says: issue.message, on: 'key' }];
    return [{ path, says: issue.message }];
  });
}

const isInside = (issue: z.core.$ZodIssue): boolean => issue.path.length > 0 || issue.code === 'unrecognized_keys';

/** One complaint a place (the first says enough), in the order of the text, and not without end. */
export function complaintsOf(findings: readonly Finding[], place: (finding: Finding) => Partial<Complaint> = () => ({})): Complaint[] {
  const firsts = new Map<string, Finding>();
  for (const finding of findings) {
    const at = sayPath(finding.path);
    if (!firsts.has(at)) firsts.set(at, finding);
  }
  const complaints = [...firsts]
    .slice(0, MOST_COMPLAINTS)
    .map(([at, finding]): Complaint => ({ at, ...place(finding), says: finding.says }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (firsts.size > MOST_COMPLAINTS) complaints.push({ at: '', says: `and ${firsts.size - MOST_COMPLAINTS} more` });
  return complaints;
}
