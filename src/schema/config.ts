// The form of outlive.yaml, and the settings that it means.

import type { z } from 'zod';
import type { Timing } from '../domain/contract.ts';
import { parseDuration, sayDuration } from '../domain/duration.ts';
import { type Complaint, type Finding, findingsOf } from './complaints.ts';
import { readDocument } from './document.ts';
import { DAY_MS, duration, mapping, text } from './fields.ts';
import { plainJson } from './plain-json.ts';

/** What a worker needs to know beside its flags. `identity` is the author of the commits that Outlive itself makes. */
export interface Settings {
  readonly timing: Timing;
  readonly identity: { readonly name: string; readonly email: string };
}

export const DEFAULT_SETTINGS: Settings = {
  timing: { heartbeatMs: 60_000, leaseMs: 300_000, finishPatienceMs: 1_800_000, backoffMs: 30_000, declineMs: 5_000 },
  identity: { name: 'Outlive', email: 'outlive@localhost' },
};

type ReadSettings = { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly complaints: readonly Complaint[] };

const MINUTE_MS = 60_000;

const timing = mapping(
  {
    /** Silence after which the server takes a run's host for lost. */
    heartbeat: duration({ atLeast: 1000, atMost: 10 * MINUTE_MS, words: 'from 1s to 10m' }).exactOptional(),
    /** How long an agent may live without an answered heartbeat. */
    lease: duration({ atLeast: 1000, atMost: DAY_MS, words: 'from 1s to 1d' }).exactOptional(),
    finishPatience: duration({ atLeast: 1000, atMost: 7 * DAY_MS, words: 'from 1s to 7d' }).exactOptional(),
    backoff: duration({ atLeast: 10, atMost: 60 * MINUTE_MS, words: 'from 10ms to 1h' }).exactOptional(),
    decline: duration({ atLeast: 10, atMost: 10 * MINUTE_MS, words: 'from 10ms to 10m' }).exactOptional(),
  },
  'a mapping such as {heartbeat: 60s}',
);

// git drops these characters from a name and an address without a word.
const isIdentity = (value: string): boolean => value.trim() === value && !/[<>\p{Cc}]/u.test(value);
const identity = {
  name: text('a name on one line, without < and >', { is: isIdentity }).exactOptional(),
  email: text('an address such as outlive@example.org', {
    is: (value) => isIdentity(value) && /^[^\s@]+@[^\s@]+$/.test(value),
  }).exactOptional(),
};

const configFile = mapping(
  {
    timing: timing.exactOptional(),
    forge: mapping(
      { identity: mapping(identity, 'a mapping {name: …, email: …}').exactOptional() },
      'a mapping such as {identity: {name: …, email: …}}',
      ['kind', 'host', 'token'],
    ).exactOptional(),
  },
  'a mapping with any of timing, forge',
  ['credentials', 'notify', 'owners', 'thresholds', 'retention'],
);

/** An empty file means the defaults. Never throws. */
export function readSettings(text: string, source: string): ReadSettings {
  const document = readDocument(text, source);
  if (!document.ok) return document;
  const plain = plainJson(document.value ?? {});
  if (!plain.ok) return { ok: false, complaints: document.complaintsOf([plain.finding]) };
  const parsed = configFile.safeParse(plain.value);
  const findings = [...(parsed.success ? [] : findingsOf(parsed.error)), ...brokenRules(plain.value)];
  const complaints = document.complaintsOf(findings);
  if (!parsed.success || complaints.length > 0) return { ok: false, complaints };
  return { ok: true, settings: settingsOf(parsed.data) };
}

function settingsOf({ timing: given = {}, forge = {} }: z.output<typeof configFile>): Settings {
  return { timing: timingOf(given), identity: { ...DEFAULT_SETTINGS.identity, ...forge.identity } };
}

function timingOf(given: z.output<typeof timing>): Timing {
  const byDefault = DEFAULT_SETTINGS.timing;
  const ms = (value: string | undefined, otherwise: number): number =>
    (value === undefined ? undefined : parseDuration(value)) ?? otherwise;
  return {
    heartbeatMs: ms(given.heartbeat, byDefault.heartbeatMs),
    leaseMs: ms(given.lease, byDefault.leaseMs),
    finishPatienceMs: ms(given.finishPatience, byDefault.finishPatienceMs),
    backoffMs: ms(given.backoff, byDefault.backoffMs),
    declineMs: ms(given.decline, byDefault.declineMs),
  };
}

/** A lease is renewed by answered heartbeats: a shorter one would end every agent between two of them. */
function brokenRules(file: unknown): Finding[] {
  const given = timing.safeParse((file as { timing?: unknown } | null)?.timing);
  if (!given.success) return [];
  const { heartbeatMs, leaseMs } = timingOf(given.data);
  if (leaseMs >= heartbeatMs) return [];
  const says = `${sayDuration(leaseMs)} is shorter than timing.heartbeat (${sayDuration(heartbeatMs)}); expected at least that`;
  return [{ path: ['timing', 'lease'], says }];
}
