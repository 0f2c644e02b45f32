import {existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync} from 'node:fs';

/** A memory cgroup of the bench's own, and what is charged to it: memory of the kernel, too. */
export interface MemoryCgroup extends Disposable {
  /** The command, started in it. */
  readonly within: (command: readonly string[]) => string[];
  /** MiB, after the kernel has taken back what nobody needs. */
  readonly usage: () => number;
  readonly isEmpty: () => boolean;
}

const ROOT = '/sys/fs/cgroup/memory';
let made = 0;

/** `undefined` where cgroup v1 has no memory controller: in v2 a pod leaves the cgroup of whoever starts it. */
export const memoryCgroup = (): MemoryCgroup | undefined => {
  if (!existsSync(`${ROOT}/memory.usage_in_bytes`)) return undefined;
  const directory = `${ROOT}/rkt-bench-${process.pid}-${++made}`;
  mkdirSync(directory);
  return {
    within: (command) => ['/bin/sh', '-c', `echo 0 >${directory}/cgroup.procs; exec "$@"`, 'sh', ...command],
    usage() {
      writeFileSync(`${directory}/memory.force_empty`, '0');
      return Number(readFileSync(`${directory}/memory.usage_in_bytes`, 'utf8')) / 2 ** 20;
    },
    isEmpty: () => readFileSync(`${directory}/cgroup.procs`, 'utf8') === '',
    [Symbol.dispose]: () => rmdirSync(directory),
  };
};
