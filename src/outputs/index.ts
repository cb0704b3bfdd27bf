// The registry of outputs: one file a kind.
import { nameOf, type OutputSeen, reachOf } from '../domain/output.ts';
import { sayError } from '../domain/say-error.ts';
import type { Output, OutputKind } from '../domain/task.ts';
import { probeCommand } from './command.ts';
import { comment } from './comment.ts';
import { probeCommit } from './commit.ts';
import { probeFile } from './file.ts';
import { probeHttp } from './http.ts';
import type { MadeAnswer, Making, OutputType, Place, ProbeAnswer } from './output-type.ts';
import { own } from './own.ts';
import { pullRequest } from './pull-request.ts';
import { push } from './push.ts';

const TYPES: { readonly [K in OutputKind]: OutputType<K> } = {
  commit: { probe: probeCommit },
  push,
  pull_request: pullRequest,
  comment,
  file: { probe: probeFile },
  command: { probe: probeCommand },
  http: { probe: probeHttp },
  own,
};

const typeOf = ({ kind }: Output): OutputType<OutputKind> => TYPES[kind] as OutputType<OutputKind>;

/** Looks at one output. Never throws: a probe that breaks has seen nothing. */
export async function probe(output: Output, place: Place): Promise<OutputSeen> {
  return asSeen(output, await look(output, place));
}

/** Finds one output or makes it; throws as its kind says. */
export async function make(output: Output, making: Making): Promise<MadeAnswer> {
  const { make } = typeOf(output);
  if (!make) throw new Error(`${nameOf(output)} is nothing that Outlive makes`);
  return make(output, making);
}

export function asSeen(output: Output, { state, evidence }: ProbeAnswer): OutputSeen {
  return { kind: nameOf(output), by: output.by, reach: reachOf(output), state, evidence: evidence.slice(0, 200) };
}

async function look(output: Output, place: Place): Promise<ProbeAnswer> {
  try {
    return await typeOf(output).probe(output, place);
  } catch (error) {
    return { state: 'unknown', evidence: `the look itself failed: ${sayError(error)}` };
  }
}
