// One notice through one channel. Thrown errors are tried again by the server for an hour; then the task goes on without it.

import { ApplicationFailure } from '@temporalio/activity';
import type { NotifyInput } from '../domain/contract.ts';
import { aboutNotice } from '../domain/notice.ts';
import { sayError } from '../domain/say-error.ts';
import type { Deps } from './deps.ts';

export async function notify({ channels, meters, redact, log }: Deps, { notice, channel: place }: NotifyInput): Promise<void> {
  const channel = channels[place];
  const about = { ...aboutNotice(notice), kind: notice.kind };
  if (!channel) {
    log.warn({ ...about, channel: place + 1 }, 'a notice is dropped: the configuration has fewer channels than when it was to go out');
    return;
  }
  try {
    await channel.send(redact.json(notice));
    meters.notified(notice.kind, channel.name, 'out');
    log.info({ ...about, channel: channel.name }, 'notice sent');
  } catch (error) {
    meters.notified(notice.kind, channel.name, 'nowhere');
    const message = redact.text(`${channel.name}: ${sayError(error)}`);
    log.warn({ ...about, channel: channel.name, message }, 'a notice did not go out');
    throw ApplicationFailure.create({ type: 'notice.failed', message });
  }
}
