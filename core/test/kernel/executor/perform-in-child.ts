import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {HostFacts, HostPath, Pod, PodPath, Rootfs, RootfsPath, Step} from '../../../src/contract/index.ts';
import type {MountEntry} from '../../../src/linux/mountinfo.ts';
import {app, hostFacts, pod} from '../../support/fixtures.ts';
import {builtFixture} from './built-fixture.ts';

/** Something to look at in the rootfs of the app `main`, with its symlinks resolved inside. */
export interface Look {
  readonly path: string;
  readonly what: 'read' | 'list' | 'stat' | 'write';
}

export interface Seen {
  readonly error?: string;
  readonly text?: string;
  readonly names?: readonly string[];
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly rdev?: number;
  readonly to?: string;
}

export interface Request {
  readonly pod: Pod;
  readonly facts: HostFacts;
  readonly steps: Step[];
  readonly looks: readonly Look[];
}

export interface Outcome {
  readonly notes: readonly string[];
  readonly error?: {readonly code: string; readonly fields: Readonly<Record<string, unknown>>};
  readonly seen: readonly Seen[];
  /** Below the pod's directory, relative to it. */
  readonly mounts: readonly MountEntry[];
  readonly mountsAfterUndo: readonly MountEntry[];
}

/** Paths of a pod under test: its directory, the one layer of its image, and a directory of the host that nothing may touch. */
export interface Sandbox {
  readonly directory: string;
  readonly image: string;
  readonly outside: string;
  /** Where the app's rootfs is mounted. */
  readonly rootfs: string;
  readonly perform: (steps: readonly unknown[], looks?: readonly Look[], environment?: object) => Outcome;
  /** What this test's own process sees mounted anywhere in the sandbox. */
  readonly hostMounts: () => readonly string[];
}

const FIXTURE = new URL('fixtures/perform.ts', import.meta.url);

const MOUNT_POINT = 'stage1/main' as PodPath;

/** The frozen pod of a sandbox. */
export const podOf = ({directory, image}: Pick<Sandbox, 'directory' | 'image'>): Pod => {
  const rootfs: Rootfs = {
    kind: 'overlay',
    lower: [image as HostPath],
    upper: 'overlay/upper' as PodPath,
    work: 'overlay/work' as PodPath,
  };
  return pod({directory: directory as HostPath, apps: [app({mountPoint: MOUNT_POINT, rootfs})]});
};

/** Makes a pod that is gone at the end of the test. */
export const sandbox = (t: {teardown: (action: () => void) => void}): Sandbox => {
  const base = mkdtempSync(join(tmpdir(), 'rkt-executor-'));
  t.teardown(() => rmSync(base, {recursive: true, force: true}));
  const [directory, image, outside] = ['pod', 'image', 'outside'].map((name) => {
    mkdirSync(join(base, name));
    return join(base, name);
  }) as [string, string, string];
  const request = {pod: podOf({directory, image}), facts: hostFacts()};
  return {
    directory,
    image,
    outside,
    rootfs: join(directory, MOUNT_POINT),
    perform: (steps, looks = [], environment = {}) =>
      JSON.parse(
        execFileSync(process.execPath, builtFixture(FIXTURE), {
          input: JSON.stringify({...request, steps, looks}),
          env: {...process.env, ...environment},
          encoding: 'utf8',
        }),
      ) as Outcome,
    hostMounts: () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(base)),
  };
};

/** The steps by which every pod of these tests begins. */
export const begin = (sandbox: Sandbox): unknown[] => [
  {id: 'namespace', do: 'namespace', unshare: ['mount']},
  {
    id: 'rootfs.main',
    do: 'overlay',
    app: 'main',
    lower: [sandbox.image],
    upper: 'overlay/upper',
    work: 'overlay/work',
    target: 'stage1/main',
  },
];

/** A location in the rootfs. */
export const inRootfs = (path: string) => ({in: 'rootfs', app: 'main', path: path as RootfsPath});

/** A bind of a path of the host. */
export const bind = (source: string, path: string, more: object = {}) => ({
  id: `volume.main.v:${path}`,
  do: 'bind',
  source: {in: 'host', path: source},
  target: inRootfs(path),
  recursive: false,
  followSymlinks: false,
  flags: [],
  ...more,
});

/** A fresh kernel file system. */
export const mount = (type: string, path: string, more: object = {}) => ({
  id: `mount.main.${path}`,
  do: 'mount',
  type,
  target: inRootfs(path),
  flags: [],
  options: {},
  ...more,
});
