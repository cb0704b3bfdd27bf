import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ConnectionSettingsError,
  connectClient,
  connectionOptions,
  isLoopback,
  NoServerReachable,
  splitAddress,
} from '../src/connection.ts';
import { freePort } from '../src/dev-server/ports.ts';

let folder: string;
let profile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlive-connection-'));
  profile = join(folder, 'temporal.toml');
  await writeFile(profile, '[profile.default]\naddress = "one:7233"\n[profile.staging]\naddress = "two:7233"\nnamespace = "agents"\n');
});
afterAll(() => rm(folder, { recursive: true }));

const noProfile = () => ({ TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') });

describe('where the server is', () => {
  it('is the address of a dev server where nobody says anything', () => {
    const { address, namespace, from, byDefault } = connectionOptions(noProfile());
    expect({ address, namespace, from, byDefault }).toEqual({
      address: '127.0.0.1:7233',
      namespace: 'default',
      from: 'the default address',
      byDefault: true,
    });
  });

  it.each([
    ['a profile file', {}, 'one:7233', 'default', 'from the Temporal profile "default"'],
    ['a named profile', { TEMPORAL_PROFILE: 'staging' }, 'two:7233', 'agents', 'from the Temporal profile "staging"'],
    ['the environment before a profile', { TEMPORAL_ADDRESS: 'three:1', TEMPORAL_NAMESPACE: 'n' }, 'three:1', 'n', 'from TEMPORAL_ADDRESS'],
  ])('is read from %s', (_, env, address, namespace, from) => {
    const target = connectionOptions({ TEMPORAL_CONFIG_FILE: profile, ...env });
    expect({ ...target, options: target.options.address }).toEqual({ address, namespace, from, byDefault: false, options: address });
  });

  it('is refused with a word about the settings where they cannot be read', () => {
    expect(() => connectionOptions({ TEMPORAL_CONFIG_FILE: profile, TEMPORAL_PROFILE: 'none' })).toThrow(ConnectionSettingsError);
  });

  it.each([
    ['127.0.0.1:7233', '127.0.0.1', 7233, true],
    ['localhost', 'localhost', 7233, true],
    ['[::1]:8000', '::1', 8000, true],
    ['temporal.example.com:443', 'temporal.example.com', 443, false],
  ])('%s comes apart', (address, host, port, loopback) => {
    expect(splitAddress(address)).toEqual({ host, port });
    expect(isLoopback(address)).toBe(loopback);
  });
});

describe('connecting', () => {
  const at = (port: number) => connectionOptions({ ...noProfile(), TEMPORAL_ADDRESS: `127.0.0.1:${port}` });

  it('fails at once where nothing listens', async () => {
    const port = await freePort();
    const error = await connectClient(at(port)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoServerReachable);
    expect(error).toMatchObject({
      code: 'no_server',
      isThere: false,
      message: expect.stringContaining(`127.0.0.1:${port} (from TEMPORAL_ADDRESS)`),
    });
  });

  it('gives up after some seconds where something listens that does not speak', async () => {
    const taken: Socket[] = [];
    const silent = createServer((socket) => void taken.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    await expect(connectClient(at(port))).rejects.toThrow(NoServerReachable);
    for (const socket of taken) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});
