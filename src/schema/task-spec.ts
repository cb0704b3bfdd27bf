// The border of tasks: text or a raw value becomes a `TaskSpec` and the `Task` that it means, or every complaint at once.

import { timesOf } from '../domain/names.ts';
import type { Task, TaskSpec } from '../domain/task.ts';
import { type Complaint, complaintsOf, type Finding, findingsOf } from './complaints.ts';
import { readDocument } from './document.ts';
import { sayFound } from './expected.ts';
import { plainJson } from './plain-json.ts';
import type { Registered } from './registered.ts';
import { taskOf } from './task-of.ts';
import { brokenRules } from './task-rules.ts';
import { taskSpec } from './task-schema.ts';

/** `spec` is as it was written (what starts the workflow), `task` the same with every default filled in. */
export type CheckedSpec =
  | { readonly ok: true; readonly spec: TaskSpec; readonly task: Task }
  | { readonly ok: false; readonly complaints: readonly Complaint[] };

/** YAML or JSON text; `source` is the name of the file in the complaints, `others` are agents and outputs beside Outlive's own. Never throws. */
export function parseTaskSpec(text: string, source: string, others: Registered = {}): CheckedSpec {
  const document = readDocument(text, source);
  if (!document.ok) return document;
  if (document.value === null || document.value === undefined) {
    return {
      ok: false,
      complaints: [
        { at: '', source, line: 1, column: 1, says: 'holds nothing; expected a task with at least id, agent, prompt and outputs' },
      ],
    };
  }
  return check(document.value, document.complaintsOf, others);
}

/** The same for a task that is done once more, which has its `id` and `continues` from there. What the text says of them must fit. */
export function parseSpecAgain(
  text: string,
  source: string,
  again: Pick<TaskSpec, 'id'> & { readonly continues: string },
  others: Registered = {},
): CheckedSpec {
  const document = readDocument(text, source);
  if (!document.ok) return document;
  const written = document.value ?? {};
  if (typeof written !== 'object' || Array.isArray(written)) return check(written, document.complaintsOf, others);
  const strange = strangers(written, again);
  return check({ ...written, ...again }, (findings) => document.complaintsOf([...strange, ...findings]), others);
}

function strangers(
  written: { readonly id?: unknown; readonly continues?: unknown },
  { continues }: { readonly continues: string },
): Finding[] {
  const { name } = timesOf(continues);
  const { id, continues: other } = written;
  const isSame = id === undefined || (typeof id === 'string' && timesOf(id).name === name);
  return [
    ...(isSame ? [] : [{ path: ['id'], says: `found ${sayFound(id)}, which is another task; expected no id, or ${JSON.stringify(name)}` }]),
    ...(other === undefined || other === continues
      ? []
      : [
          {
            path: ['continues'],
            says: `found ${sayFound(other)}; expected nothing, or ${JSON.stringify(continues)}, which is done once more`,
          },
        ]),
  ];
}

/** A raw value, as a Temporal client may send it past the CLI. Never throws. */
export const checkTaskSpec = (value: unknown, others: Registered = {}): CheckedSpec => check(value, complaintsOf, others);

/** The fields that name an agent and a kind of output. */
const NAMES: readonly PropertyKey[] = ['use', 'kind'];

function check(raw: unknown, complain: (findings: readonly Finding[]) => readonly Complaint[], others: Registered): CheckedSpec {
  const plain = plainJson(raw);
  if (!plain.ok) return { ok: false, complaints: complain([plain.finding]) };
  const parsed = taskSpec.safeParse(plain.value);
  const broken = brokenRules(plain.value, others);
  // Of an agent or an output that nobody knows its fields say nothing.
  const strangers = broken.flatMap(({ path }) => (NAMES.includes(path.at(-1) ?? '') ? [path.slice(0, -1)] : []));
  const isOfStranger = ({ path }: Finding) => strangers.some((stranger) => stranger.every((part, index) => path[index] === part));
  const malformed = parsed.success ? [] : findingsOf(parsed.error).filter((finding) => !isOfStranger(finding));
  const findings = [...malformed, ...broken];
  const complaints = complain(findings);
  if (!parsed.success || complaints.length > 0) return { ok: false, complaints };
  return { ok: true, spec: parsed.data, task: taskOf(parsed.data, others.outputs) };
}
