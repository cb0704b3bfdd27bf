// The form of outlive.yaml, and the settings that it means.

import { z } from 'zod';
import type { Timing } from '../domain/contract.ts';
import type { CredentialSettings } from '../domain/credential.ts';
import { parseDuration, sayDuration } from '../domain/duration.ts';
import type { Attention, ChannelSettings } from '../domain/notice.ts';
import { parseSize } from '../domain/size.ts';
import { type Complaint, type Finding, findingsOf } from './complaints.ts';
import { credentials, credentialsOf } from './credential-schema.ts';
import { readDocument } from './document.ts';
import { expected, expectedSilently } from './expected.ts';
import { argv, DAY_MS, duration, isAddress, mapping, size, text } from './fields.ts';
import { channelOf, notify as channels, owners, ownersOf } from './notify-schema.ts';
import { plainJson } from './plain-json.ts';
import { DEFAULT_THRESHOLDS, type Thresholds, thresholds, thresholdsOf } from './thresholds-schema.ts';

/** What a worker needs to know beside its flags. `identity` is the author of the commits that Outlive itself makes. */
export interface Settings {
  readonly timing: Timing;
  readonly identity: { readonly name: string; readonly email: string };
  readonly forge: ForgeSettings;
  readonly credentials: Readonly<Record<string, CredentialSettings>>;
  /** The variable with the key of the keyed hashes of credentials; left out: the namespace is the key. */
  readonly hashKeyFrom?: string;
  /** Where notices go out, in the order of the file. */
  readonly notify: readonly ChannelSettings[];
  readonly owners: Omit<Attention, 'channels'>;
  /** When what many tasks share is held to be ill. */
  readonly thresholds: Thresholds;
  /** Where the worker's metrics can be scraped, as `host:port`; left out: nowhere. */
  readonly metrics?: string;
  readonly host: HostSettings;
  readonly retention: Retention;
  /** The module with agents of the user's own; missing: there are none. */
  readonly agents?: string;
  /** The module with kinds of outputs of the user's own; missing: there are none. */
  readonly outputs?: string;
  /** The module that says how payloads are encoded; missing: as plain JSON. */
  readonly dataConverter?: string;
}

/** Where pull requests and comments are made. `api` is left out where it follows from the host; the first of `tokenFrom` that is set holds the token. */
export interface ForgeSettings {
  readonly host: string;
  readonly api?: string;
  readonly tokenFrom: readonly string[];
}

/** How agents live on this host. */
export interface HostSettings {
  /** What an agent's program is started inside, before its own argv: a container, a sandbox. `{workspace}` and `{run}` are replaced by the run's folders. */
  readonly wrap: readonly string[];
  /** An agent that writes more than that to both its streams together is ended. */
  readonly outputBytes: number;
}

/** How long a host keeps what runs of closed tasks left. Nothing unbanked is ever dropped. */
export interface Retention {
  readonly doneMs: number;
  readonly otherMs: number;
  /** Above it the oldest go earlier. */
  readonly diskBytes: number;
  /** Below it the host takes no new run. */
  readonly freeBytes: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const HOUR_MS = 3_600_000;

export const DEFAULT_SETTINGS: Settings = {
  timing: {
    heartbeatMs: 60_000,
    leaseMs: 300_000,
    finishPatienceMs: 1_800_000,
    backoffMs: 30_000,
    declineMs: 5_000,
    holdMs: 60_000,
    secondLookMs: 60_000,
  },
  identity: { name: 'Outlive', email: 'outlive@localhost' },
  forge: { host: 'github.com', tokenFrom: ['GITHUB_TOKEN', 'GH_TOKEN'] },
  credentials: {},
  notify: [],
  owners: { remindMs: 4 * HOUR_MS, escalateMs: 12 * HOUR_MS },
  thresholds: DEFAULT_THRESHOLDS,
  host: { wrap: [], outputBytes: GIB },
  retention: { doneMs: 7 * DAY_MS, otherMs: 30 * DAY_MS, diskBytes: 50 * GIB, freeBytes: 2 * GIB },
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
    /** The first wait for the end of an incident; doubled each time, up to an hour. */
    hold: duration({ atLeast: 10, atMost: 60 * MINUTE_MS, words: 'from 10ms to 1h' }).exactOptional(),
    /** How long after a first look a second one is made for a comment that may have been made before. */
    secondLook: duration({ atLeast: 10, atMost: 3 * MINUTE_MS, words: 'from 10ms to 3m' }).exactOptional(),
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

const ADDRESS_FORM = 'an address of http or https without credentials, such as https://github.example.com/api/v3';
const forge = mapping(
  {
    kind: z.literal('github', { error: expected('github: no other kind of forge is known') }).exactOptional(),
    host: text('the name of a host, such as github.com', { pattern: /^[A-Za-z0-9][A-Za-z0-9.-]*$/ }).exactOptional(),
    api: z
      .string({ error: expectedSilently(ADDRESS_FORM) })
      .refine(isAddress, { error: expectedSilently(ADDRESS_FORM) })
      .exactOptional(),
    token: z
      .strictObject(
        { env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) },
        { error: expectedSilently('{env: GITHUB_TOKEN}: the name of the variable that holds it') },
      )
      .exactOptional(),
    identity: mapping(identity, 'a mapping {name: …, email: …}').exactOptional(),
  },
  'a mapping such as {kind: github, host: github.com, token: {env: GITHUB_TOKEN}}',
);

const host = mapping(
  {
    wrap: argv('[bwrap, --dev-bind, /, /, --]').exactOptional(),
    maxOutput: size(MIB, 'at least 1MiB').exactOptional(),
  },
  'a mapping such as {maxOutput: 1GiB}',
);

const keep = duration({ atLeast: 60_000, atMost: 3650 * DAY_MS, words: 'from 1m to 3650d' });
const retention = mapping(
  {
    done: keep.exactOptional(),
    other: keep.exactOptional(),
    disk: size(MIB, 'at least 1MiB').exactOptional(),
    free: size(0, 'or 0KiB for none').exactOptional(),
  },
  'a mapping such as {done: 7d, other: 30d, disk: 50GiB, free: 2GiB}',
);

const configFile = mapping(
  {
    timing: timing.exactOptional(),
    host: host.exactOptional(),
    retention: retention.exactOptional(),
    forge: forge.exactOptional(),
    credentials: credentials.exactOptional(),
    hashKey: z.strictObject({ env: z.string() }, { error: expectedSilently('{env: NAME}: the variable that holds it') }).exactOptional(),
    notify: channels.exactOptional(),
    owners: owners.exactOptional(),
    thresholds: thresholds.exactOptional(),
    metrics: mapping(
      { prometheus: text('an address to listen on, such as 127.0.0.1:9464', { pattern: /^[A-Za-z0-9.[\]:-]+:\d{1,5}$/ }) },
      'a mapping such as {prometheus: "127.0.0.1:9464"}',
    ).exactOptional(),
    agents: text('the path of a JavaScript module, such as ./agents.mjs', { pattern: /\.[cm]?js$/ }).exactOptional(),
    outputs: text('the path of a JavaScript module, such as ./outputs.mjs', { pattern: /\.[cm]?js$/ }).exactOptional(),
    dataConverter: text('the path of a JavaScript module, such as ./codec.mjs', { pattern: /\.[cm]?js$/ }).exactOptional(),
  },
  'a mapping with any of timing, host, retention, forge, credentials, hashKey, notify, owners, thresholds, metrics, agents, outputs, dataConverter',
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

function settingsOf({
  timing: given = {},
  host = {},
  retention = {},
  forge: ofForge = {},
  credentials: named = {},
  hashKey,
  notify = [],
  owners: ofOwners = {},
  thresholds: ofThresholds = {},
  metrics,
  agents,
  outputs,
  dataConverter,
}: z.output<typeof configFile>): Settings {
  return {
    timing: timingOf(given),
    identity: { ...DEFAULT_SETTINGS.identity, ...ofForge.identity },
    forge: forgeOf(ofForge),
    credentials: credentialsOf(named),
    ...(hashKey !== undefined && { hashKeyFrom: hashKey.env }),
    notify: notify.map(channelOf),
    owners: ownersOf(ofOwners, DEFAULT_SETTINGS.owners),
    thresholds: thresholdsOf(ofThresholds),
    host: hostOf(host),
    retention: retentionOf(retention),
    ...(metrics !== undefined && { metrics: metrics.prometheus }),
    ...(agents !== undefined && { agents }),
    ...(outputs !== undefined && { outputs }),
    ...(dataConverter !== undefined && { dataConverter }),
  };
}

function forgeOf({ host, api, token }: z.output<typeof forge>): ForgeSettings {
  const byDefault = DEFAULT_SETTINGS.forge;
  return {
    host: host ?? byDefault.host,
    ...(api !== undefined && { api: api.replace(/\/+$/, '') }),
    tokenFrom: token ? [token.env] : byDefault.tokenFrom,
  };
}

function hostOf({ wrap, maxOutput }: z.output<typeof host>): HostSettings {
  const byDefault = DEFAULT_SETTINGS.host;
  return { wrap: wrap ?? byDefault.wrap, outputBytes: bytes(maxOutput, byDefault.outputBytes) };
}

function retentionOf({ done, other, disk, free }: z.output<typeof retention>): Retention {
  const byDefault = DEFAULT_SETTINGS.retention;
  return {
    doneMs: ms(done, byDefault.doneMs),
    otherMs: ms(other, byDefault.otherMs),
    diskBytes: bytes(disk, byDefault.diskBytes),
    freeBytes: bytes(free, byDefault.freeBytes),
  };
}

/** What the form has let through can be read. */
const ms = (value: string | undefined, otherwise: number): number => (value === undefined ? undefined : parseDuration(value)) ?? otherwise;
const bytes = (value: string | undefined, otherwise: number): number => (value === undefined ? undefined : parseSize(value)) ?? otherwise;

function timingOf(given: z.output<typeof timing>): Timing {
  const byDefault = DEFAULT_SETTINGS.timing;
  return {
    heartbeatMs: ms(given.heartbeat, byDefault.heartbeatMs),
    leaseMs: ms(given.lease, byDefault.leaseMs),
    finishPatienceMs: ms(given.finishPatience, byDefault.finishPatienceMs),
    backoffMs: ms(given.backoff, byDefault.backoffMs),
    declineMs: ms(given.decline, byDefault.declineMs),
    holdMs: ms(given.hold, byDefault.holdMs ?? MINUTE_MS),
    secondLookMs: ms(given.secondLook, byDefault.secondLookMs),
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
