// No Docker here: what can be held of docker-compose.yml without an engine is what its text says.

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { placeFindings } from '../src/cli/doctor-place.ts';
import { SEARCH_ATTRIBUTES } from '../src/domain/names.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

const read = (path: string): string => readFileSync(path, 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, null> };
const services = Object.entries(compose.services);
const isOneShot = ({ restart }: Service): boolean => restart.startsWith('on-failure');

describe('docker-compose.yml', () => {
  it('pins every image to a whole version, and takes none that is no longer made', () => {
    const images = services.map(([, { image }]) => image);
    const base = [...read('deploy/worker.Dockerfile').matchAll(/^FROM (\S+)/gm)].map((match) => match[1]);
    for (const image of [...images, ...base]) expect(image).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?$/);
    expect(images.filter((image) => /auto-setup|temporalio\/web/.test(image))).toEqual([]);
  });

  it('has one version of the server and of the tool that makes its schema', () => {
    const versions = services.map(([, { image }]) => /^temporalio\/(?:server|admin-tools):(.+)$/.exec(image)?.[1]).filter(Boolean);
    expect(new Set(versions)).toEqual(new Set(['1.31.2']));
  });

  it('looks after the health of everything that somebody waits for', () => {
    const waitedFor = services.flatMap(([, { depends_on }]) => Object.entries(depends_on ?? {}));
    for (const [name, { condition }] of waitedFor) {
      const service = compose.services[name] as Service;
      expect(condition, name).toBe(isOneShot(service) ? 'service_completed_successfully' : 'service_healthy');
      expect(isOneShot(service) || service.healthcheck !== undefined, name).toBe(true);
    }
    expect(waitedFor.map(([name]) => name)).toEqual(['postgres', 'schema', 'temporal', 'namespace', 'namespace']);
  });

  it('publishes its ports on this machine alone', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports).toEqual(['127.0.0.1:7233:7233', '127.0.0.1:8233:8080']);
  });

  it('mounts only files that are there and volumes that it declares', () => {
    const sources = services.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    for (const source of sources) expect(source.startsWith('./') ? existsSync(source) : source in compose.volumes, source).toBe(true);
    for (const [, { build }] of services) if (build) expect(existsSync(build.dockerfile)).toBe(true);
  });
});

describe('outlive-worker.service', () => {
  const settings = Object.fromEntries(
    read('deploy/outlive-worker.service')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split(/=(.*)/, 2)),
  );

  it('leaves the runs of a worker alive when it is stopped, restarted, or an agent runs out of memory', () => {
    expect(settings).toMatchObject({ KillMode: 'process', OOMPolicy: 'continue', Restart: 'always' });
  });

  it('is called as the doctor looks for it', () => {
    const systemUnits = `Id=outlive-worker.service\nKillMode=${settings['KillMode']}\nMainPID=7\n`;
    const facts = { uid: 1000, cgroup: '', mounts: '', init: 'systemd', containerMarks: [], userUnits: '', login: '' };
    const findings = placeFindings({ ...facts, systemUnits, oomCounter: '', oomScoreError: '' });
    expect(findings.find(({ name }) => name === 'outlive-worker.service')?.state).toBe('ok');
  });
});

describe('the configuration of the server', () => {
  it('takes every value that differs between machines from its environment', () => {
    const text = read('deploy/temporal/server.yaml');
    const wanted = [...text.matchAll(/env "([A-Z_]+)"/g)].map((match) => match[1] as string);
    const { environment } = compose.services['temporal'] as unknown as { environment: Record<string, string> };
    const byEntryPoint = ['TEMPORAL_BROADCAST_ADDRESS'];
    const withDefault = ['POSTGRES_PORT'];
    expect(wanted.filter((name) => !(name in environment) && ![...byEntryPoint, ...withDefault].includes(name))).toEqual([]);
  });
});

describe('the job that makes the namespace', () => {
  it('makes every search attribute, with its type', () => {
    const made = [...read('deploy/temporal/namespace.sh').matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [
      name,
      type?.toUpperCase(),
    ]);
    expect(made).toEqual(Object.values(SEARCH_ATTRIBUTES).map(({ name, type }) => [name, type]));
  });
});
