// What one field of a task spec says of another. Each part is looked at alone, so that a mistake in one field hides none
// in the others; a part that is itself malformed has been told already and is left out here.

import { posix } from 'node:path';
import { parseDuration, sayDuration } from '../domain/duration.ts';
import { type BuiltInOutputSpec, DEFAULT_LIMITS } from '../domain/task.ts';
import { ofAgent } from './agent-schema.ts';
import type { Finding, Path } from './complaints.ts';
import { sayWord } from './expected.ts';
import { problemOf, type Registered, type RegisteredOutputs } from './registered.ts';
import { BUILT_IN_KINDS, builtInOutput, ownOutput, taskSpec } from './task-schema.ts';

/** Linux refuses to start a program with a longer single argument. */
const LONGEST_ARGUMENT = 128 * 1024 - 1;

export function brokenRules(spec: unknown, others: Registered): Finding[] {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return [];
  const parts = spec as Readonly<Record<string, unknown>>;
  const listed = Array.isArray(parts['outputs']) ? parts['outputs'] : [];
  const outputs = listed.map((candidate) => builtInOutput.safeParse(candidate).data);
  const hasWorkspace = parts['workspace'] !== undefined;
  return [
    ...outputs.flatMap((candidate, index) => (candidate ? ofOutput(candidate, index, outputs, hasWorkspace) : [])),
    ...listed.flatMap((candidate, index) => ofOwnOutput(candidate, index, listed, others.outputs ?? {})),
    ...ofAgent(parts['agent'], others.agents ?? {}),
    ...ofLimits(parts['limits']),
    ...ofPrompt(parts['agent'], parts['prompt']),
    ...(parts['bank'] !== undefined && !hasWorkspace
      ? [{ path: ['bank'], says: 'needs workspace.repo beside it: without a repository there is nothing to keep' }]
      : []),
    ...(parts['continues'] !== undefined && parts['continues'] === parts['id']
      ? [{ path: ['continues'], says: 'names this very task; expected the id of an earlier, closed task' }]
      : []),
  ];
}

function ofOutput(
  one: BuiltInOutputSpec,
  index: number,
  all: readonly (BuiltInOutputSpec | undefined)[],
  hasWorkspace: boolean,
): Finding[] {
  const path: Path = ['outputs', index];
  const twin = all.findIndex((other) => other !== undefined && identityOf(other) === identityOf(one));
  if (twin < index) return [{ path, says: `the same output as outputs[${twin}]; expected each output once` }];
  if (one.kind === 'http') return ofStatuses(one, path);
  if (one.kind === 'file' || one.kind === 'command') return [];
  if (!hasWorkspace)
    return [
      {
        path,
        says: `a ${one.kind} needs workspace.repo: without a repository ${NOTHING_TO[one.kind]}`,
      },
    ];
  const unreadable = all.some((other) => other === undefined);
  if (one.kind === 'push' && one.by !== 'agent' && !unreadable && !all.some((other) => other?.kind === 'commit'))
    return [
      { path, says: 'a push by Outlive needs {kind: commit} among the outputs: without it nothing says when there is something to push' },
    ];
  if (one.kind === 'pull_request' && one.by !== 'agent' && !unreadable && !all.some((other) => other?.kind === 'push'))
    return [{ path, says: 'a pull request by Outlive needs {kind: push} among the outputs: it is opened from the pushed branch' }];
  return [];
}

const NOTHING_TO: Readonly<Record<'commit' | 'push' | 'pull_request' | 'comment', string>> = {
  commit: 'there is nothing to commit to',
  push: 'there is nothing to push',
  pull_request: 'there is nothing to open it in',
  comment: 'nobody knows where the issue is',
};

/** An output of the user's own: the rest of its form is the business of whoever registered it. */
function ofOwnOutput(given: unknown, index: number, all: readonly unknown[], others: RegisteredOutputs): Finding[] {
  const kind = (given as { readonly kind?: unknown } | null | undefined)?.kind;
  if (typeof kind !== 'string' || BUILT_IN_KINDS.some((one) => one === kind)) return [];
  const path: Path = ['outputs', index];
  const known = Object.hasOwn(others, kind) ? others[kind] : undefined;
  if (!known) return [{ path: [...path, 'kind'], says: sayWord(kind, 'kind of output', [...BUILT_IN_KINDS, ...Object.keys(others)]) }];
  const one = ownOutput.safeParse(given).data;
  if (!one) return [];
  const twin = all.findIndex((other) => JSON.stringify(other) === JSON.stringify(given));
  if (twin < index) return [{ path, says: `the same output as outputs[${twin}]; expected each output once` }];
  if (one.by === 'outlive' && !known.make)
    return [{ path: [...path, 'by'], says: `Outlive does not know how to make ${kind}: it was registered without make; expected agent` }];
  const problem = problemOf(known, one.options, 'output');
  return problem === undefined ? [] : [{ path: [...path, 'options'], says: problem }];
}

function ofStatuses({ present = [200], absent = [404] }: BuiltInOutputSpec & { kind: 'http' }, path: Path): Finding[] {
  const both = present.filter((status) => absent.includes(status));
  return both.length > 0 ? [{ path, says: `the status ${both[0]} is among present and absent; expected it in one of them` }] : [];
}

function identityOf(one: BuiltInOutputSpec): string {
  if (one.kind === 'comment') return `comment ${one.issue}`;
  if (one.kind === 'file') return `file ${posix.normalize(one.path)}`;
  if (one.kind === 'http') return `http ${one.url}`;
  return one.kind === 'command' ? `command ${JSON.stringify(one.argv)}` : one.kind;
}

function ofLimits(given: unknown): Finding[] {
  if (typeof given !== 'object' || given === null) return [];
  const { run, ...whole } = given as Readonly<Record<string, unknown>>;
  const ofRun = (typeof run === 'object' && run !== null ? run : {}) as Readonly<Record<string, unknown>>;
  const findings: Finding[] = [];
  const stall = milliseconds(ofRun['stall']);
  const wall = ofRun['wall'] === undefined ? DEFAULT_LIMITS.run.wallMs : milliseconds(ofRun['wall']);
  if (stall !== undefined && wall !== undefined && stall > wall)
    findings.push({ path: ['limits', 'run', 'stall'], says: `longer than limits.run.wall (${sayDuration(wall)}); expected at most that` });
  if (whole['costUsd'] !== undefined && ofRun['costUsd'] === undefined)
    findings.push({
      path: ['limits', 'costUsd'],
      says: 'needs limits.run.costUsd beside it: a run whose cost is not known counts as that much',
    });
  if (ofRun['costUsd'] !== undefined && whole['costUsd'] === undefined)
    findings.push({ path: ['limits', 'run', 'costUsd'], says: 'needs limits.costUsd beside it: the cost of all runs together' });
  return findings;
}

const milliseconds = (given: unknown): number | undefined => (typeof given === 'string' ? parseDuration(given) : undefined);

function ofPrompt(agent: unknown, prompt: unknown): Finding[] {
  const given = taskSpec.shape.agent.safeParse(agent).data;
  if (typeof given !== 'object' || !('argv' in given) || given.use !== 'command' || typeof prompt !== 'string') return [];
  return given.argv.flatMap((part, index) =>
    part.includes('{prompt}') && Buffer.byteLength(part.replaceAll('{prompt}', () => prompt)) > LONGEST_ARGUMENT
      ? [
          {
            path: ['agent', 'argv', index],
            says: 'the prompt is too long for an argument (128 KiB); expected a program that reads the file named by OUTLIVE_PROMPT_FILE',
          },
        ]
      : [],
  );
}
