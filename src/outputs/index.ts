// The registry of outputs: one file a kind.
import { type OutputSeen, REACH } from '../domain/output.ts';
import { sayError } from '../domain/say-error.ts';
import type { Output, OutputKind } from '../domain/task.ts';
import { probeCommand } from './command.ts';
import { probeCommit } from './commit.ts';
import { probeFile } from './file.ts';
import { probeHttp } from './http.ts';
import type { Place, Probe, ProbeAnswer } from './probe.ts';
import { probePush } from './push.ts';

const PROBES: { readonly [K in OutputKind]: Probe<K> } = {
  commit: probeCommit,
  push: probePush,
  file: probeFile,
  command: probeCommand,
  http: probeHttp,
};

/** Looks at one output. Never throws: a probe that breaks has seen nothing. */
export async function probe(output: Output, place: Place): Promise<OutputSeen> {
  return asSeen(output, await look(output, place));
}

export function asSeen(output: Output, { state, evidence }: ProbeAnswer): OutputSeen {
  return { kind: output.kind, by: output.by, reach: REACH[output.kind], state, evidence: evidence.slice(0, 200) };
}

async function look(output: Output, place: Place): Promise<ProbeAnswer> {
  try {
    return await (PROBES[output.kind] as Probe<OutputKind>)(output, place);
  } catch (error) {
    return { state: 'unknown', evidence: `the look itself failed: ${sayError(error)}` };
  }
}
