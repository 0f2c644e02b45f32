import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {HostPath, Uuid} from '../../src/contract/names.ts';
import {type AppRequest, PLAIN_RUN, type PodRequest, type RunRequest} from '../../src/pod/request.ts';
import {makePodsDirectories, podDirectory} from '../../src/pod/state/layout.ts';
import type {PodDirectory} from '../../src/pod/state/states.ts';

/** A directory that goes with the test. */
export const scratch = (t: ExecutionContext): HostPath => {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-pod-test-'))) as HostPath;
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return directory;
};

/** A data directory in which these pods are. */
export const dataDirectory = (t: ExecutionContext, pods: Readonly<Record<string, PodDirectory>> = {}): HostPath => {
  const dataDir = scratch(t);
  makePodsDirectories(dataDir);
  for (const [uuid, directory] of Object.entries(pods)) mkdirSync(podDirectory(dataDir, directory, uuid as Uuid));
  return dataDir;
};

/** Writes files below a directory; a value of `null` is a directory. */
export const tree = (directory: string, files: Readonly<Record<string, string | null>>): void => {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    mkdirSync(content === null ? file : path.dirname(file), {recursive: true});
    if (content !== null) writeFileSync(file, content);
  }
};

export const uuidOf = (digit: string): Uuid =>
  `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}` as Uuid;

export const appRequest = (more: Partial<AppRequest> = {}): AppRequest => ({
  image: 'example.com/app',
  args: [],
  readOnlyRootfs: false,
  mounts: [],
  annotations: {},
  userAnnotations: {},
  userLabels: {},
  environment: {},
  isolators: [],
  ...more,
});

export const podRequest = (
  apps: readonly AppRequest[] = [appRequest()],
  more: Partial<PodRequest> = {},
): PodRequest => ({
  apps,
  volumes: [],
  ports: [],
  inheritEnv: false,
  environment: {},
  pullPolicy: 'new',
  noOverlay: false,
  privateUsers: false,
  isolators: [],
  acceptImage: [],
  allowDegraded: [],
  allowSymlinks: false,
  ...more,
});

export const runRequest = (more: Partial<RunRequest> = {}): RunRequest => ({...PLAIN_RUN, ...more});
