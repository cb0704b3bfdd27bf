// The form of `notify` and `owners` in outlive.yaml: where questions go out, and who is asked what nobody answers.

import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import type { Attention, ChannelSettings } from '../domain/notice.ts';
import { expected, expectedSilently } from './expected.ts';
import { argv, DAY_MS, duration, line, mapping } from './fields.ts';

export type Owners = Omit<Attention, 'channels'>;

const CHANNEL_FORM = 'a channel such as {webhook: https://…}, {slack: {env: SLACK_WEBHOOK}} or {command: [./page.sh]}';
const SETTING_FORM = 'an address of http or https, or {env: NAME}: the variable that holds it';
/** What is wrong with an address or a header may be a secret. */
const silently = { channel: { error: expectedSilently(CHANNEL_FORM) }, setting: { error: expectedSilently(SETTING_FORM) } };
const variable = z.strictObject({ env: z.string(silently.setting).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, silently.setting) }, silently.setting);
const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
const address = z.union([z.string(silently.setting).refine(isHttp, silently.setting), variable], silently.setting);
const header = z.union([z.string(silently.setting), variable], silently.setting);
const channel = z.union(
  [
    z.strictObject({ webhook: address, headers: z.record(z.string(), header, silently.channel).exactOptional() }, silently.channel),
    z.strictObject({ slack: address }, silently.channel),
    z.strictObject({ command: argv('[./page.sh]') }, silently.channel),
  ],
  silently.channel,
);

const waitsForAnswer = (atLeast: number, words: string) => duration({ atLeast, atMost: 30 * DAY_MS, words });
export const owners = mapping(
  {
    fallback: line(100).exactOptional(),
    remind: waitsForAnswer(1000, 'from 1s to 30d').exactOptional(),
    escalate: waitsForAnswer(1000, 'from 1s to 30d').exactOptional(),
  },
  'a mapping such as {fallback: on-call, remind: 4h, escalate: 12h}',
);

export const notify = z.array(channel, { error: expected(`a list with ${CHANNEL_FORM}`) });

export function channelOf(given: z.output<typeof channel>): ChannelSettings {
  if ('webhook' in given) return { kind: 'webhook', url: given.webhook, headers: given.headers ?? {} };
  return 'slack' in given ? { kind: 'slack', url: given.slack } : { kind: 'command', argv: given.command };
}

export function ownersOf({ fallback, remind, escalate }: z.output<typeof owners>, byDefault: Owners): Owners {
  return {
    remindMs: parsed(remind) ?? byDefault.remindMs,
    escalateMs: parsed(escalate) ?? byDefault.escalateMs,
    ...(fallback !== undefined && { fallback }),
  };
}

const parsed = (given: string | undefined): number | undefined => (given === undefined ? undefined : parseDuration(given));
