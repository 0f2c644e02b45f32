import {execFileSync} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {open} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {execa, type ResultPromise} from 'execa';
import {cleanUp} from '../runner/clean-up.ts';
import {program} from '../runner/packages.ts';
import {asNobody} from './as-nobody.ts';
import {rktCommand, rktEnvironment} from './command.ts';
import {buildImage, type ImageSpec} from './image.ts';
import {childrenOf, parseStatus} from './proc.ts';
import {errorOf, type Result} from './result.ts';
import {slowly} from './slowly.ts';
import {until} from './until.ts';

export const USER = 65_534;

/** With the text of /etc/subuid and /etc/subgid that is to be there. */
const WITH_IDS = 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"';

interface UserOptions {
  /** Of the host, from the first on, as many as there are in 16 bits. Default: none. */
  readonly subordinate?: number;
  /** Programs with rights of their own have none. Default false. */
  readonly powerless?: boolean;
}

/** An ordinary user, who has one id, unless asked for, and nothing on this host but a home. */
export interface User {
  /** All of it is below. */
  readonly home: string;
  /** The data directory of rkt, which is not there before it is used. */
  readonly data: string;
  /** A whole command line, for what starts it elsewhere. */
  readonly command: (...args: readonly string[]) => string[];
  readonly start: (args: readonly string[]) => ResultPromise;
  /** Calls rkt. Errors come as JSON. */
  readonly rkt: (...args: string[]) => Promise<Result>;
  /** Takes an image into the store of the user. Returns its ID. */
  readonly fetch: (image?: ImageSpec) => Promise<string>;
  /** UUIDs on disk. */
  readonly pods: () => string[];
  readonly close: () => Promise<void>;
}

/** A directory of a user, who is let through to it, and is the only one. @param prefix of its name */
export const makeHome = (prefix: string, user: number): string => {
  const parent = env.RKT_TEST_DIRECTORY ?? tmpdir();
  // It may be for root alone.
  if ((statSync(parent).mode & 0o001) === 0) chmodSync(parent, (statSync(parent).mode & 0o7777) | 0o011);
  const home = mkdtempSync(path.join(parent, prefix));
  chownSync(home, user, user);
  return home;
};

/** Makes one: `const user = openUser(); test.after.always(() => user.close());`. */
export const openUser = ({subordinate, powerless = false}: UserOptions = {}): User => {
  const home = makeHome('rkt-user-', USER);
  const share = path.join(home, 'share');
  const data = path.join(share, 'rkt');
  let copied = 0;
  const ids = path.join(home, 'ids');
  if (subordinate !== undefined) writeFileSync(ids, `nobody:${subordinate}:65536\n`);
  const through =
    subordinate === undefined
      ? asNobody()
      : [
          ...[program('unshare') ?? 'unshare', '--mount', '--propagation=private'],
          ...['/bin/sh', '-c', WITH_IDS, 'sh', ids],
          // What gives the ids has to become root.
          ...asNobody().flatMap((word) =>
            word !== '--no-new-privs' ? [word] : powerless ? ['--bounding-set=-all'] : [],
          ),
        ];
  const command: User['command'] = (...args) => [...through, ...rktCommand, `--dir=${data}`, ...args];
  const start: User['start'] = (args) => {
    const [first = '', ...rest] = [...through, ...rktCommand, '--format=json', ...args];
    return execa(first, rest, {
      reject: false,
      extendEnv: false,
      env: {...rktEnvironment, HOME: home, XDG_DATA_HOME: share},
      cwd: home,
      stripFinalNewline: false,
      timeout: slowly(180_000),
      killSignal: 'SIGKILL',
    }) as ResultPromise;
  };
  const rkt: User['rkt'] = async (...args) => {
    const child = start(args);
    child.stdin?.end();
    const {exitCode = -1, signal, stdout, stderr} = await child;
    return {exitCode, signal, stdout: String(stdout), stderr: String(stderr), error: errorOf(String(stderr))};
  };
  return {
    home,
    data,
    command,
    start,
    rkt,
    async fetch(image = {}) {
      const file = path.join(home, `image-${++copied}.aci`);
      copyFileSync(buildImage(image), file);
      chmodSync(file, 0o644);
      const {stdout, stderr} = await rkt('--insecure-options=image', 'fetch', file);
      const id = /sha512-[0-9a-f]{128}/.exec(stdout)?.[0];
      if (id === undefined) throw new Error(`rkt fetch printed no image ID: ${stdout}${stderr}`);
      return id;
    },
    pods: () => {
      const pods = path.join(data, 'pods');
      return readdirSync(pods).flatMap((directory) => readdirSync(path.join(pods, directory)));
    },
    async close() {
      const problem = cleanUp(home);
      if (problem !== undefined) throw new Error(problem);
    },
  };
};

/** Of rkt, by the number of its process: the processes of a program that it has started. */
const helpersOf = (pid: number, name: string): number[] =>
  childrenOf(pid).flatMap((child) => {
    const isIt = readFileSync(`/proc/${child}/comm`, 'utf8').trim() === name;
    return [...(isIt ? [child] : []), ...helpersOf(child, name)];
  });

/** What the host sees of a program that reads what a stranger made. */
export interface Helper {
  readonly pid: number;
  /** Fields of /proc/PID/status, blanks for tabs. */
  readonly status: (field: string) => string | undefined;
  /** Namespaces that it has in common with this process. */
  readonly shared: readonly string[];
}

/**
 * Has a user fetch an image through a fifo, and stops in the middle of it.
 * @returns what unpacks it then, and how it goes on: to its end, or to that of rkt
 */
export const fetchHalf = async (user: User) => {
  const archive = readFileSync(buildImage());
  const fifo = path.join(user.home, 'image.fifo');
  execFileSync('mkfifo', ['--mode=666', fifo]);
  const child = user.start(['--insecure-options=image', 'fetch', fifo]);
  child.stdin?.end();
  const writer = await open(fifo, 'w');
  const end = async () => {
    await writer.close();
    return await child;
  };
  const half = Math.floor(archive.length / 2);
  await writer.write(archive.subarray(0, half));
  let pids: number[] = [];
  await until(() => {
    pids = helpersOf(child.pid ?? 0, 'bsdtar');
    return pids.length > 0;
  });
  return {
    helpers: pids.map(see),
    finish: async () => {
      await writer.write(archive.subarray(half));
      return await end();
    },
    kill: async () => {
      child.kill('SIGKILL');
      return await end();
    },
  };
};

const see = (pid: number): Helper => {
  const fields = parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const isShared = (name: string) => readlinkSync(`/proc/${pid}/ns/${name}`) === readlinkSync(`/proc/self/ns/${name}`);
  return {
    pid,
    status: (field) => fields[field]?.replaceAll('\t', ' '),
    shared: readdirSync(`/proc/${pid}/ns`).filter(isShared),
  };
};
