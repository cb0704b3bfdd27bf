// What outputs need of this worker.

import type { ForgeAccess } from '../outputs/forge-access.ts';
import type { OutputWorker } from '../outputs/output-type.ts';
import type { Deps } from './deps.ts';

export const outputWorker = ({ state, config, env, outputs }: Deps): OutputWorker => ({
  state,
  forge: forgeAccess(config.forge, env),
  outputBytes: config.host.outputBytes,
  own: outputs,
});

function forgeAccess({ host, api, tokenFrom }: Deps['config']['forge'], env: Deps['env']): ForgeAccess {
  const byDefault = host === 'github.com' ? 'https://api.github.com' : `https://${host}/api/v3`;
  const token = tokenFrom.map((name) => env[name]).find(Boolean);
  return { host, api: api ?? byDefault, isApiSet: api !== undefined, token, tokenFrom };
}
