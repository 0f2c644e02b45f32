import {readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {isSystemError} from '../../linux/syscall-error.ts';
import {writeCache} from '../../linux/write-cache.ts';
import {type Device, type Emulator, type Proof, prove} from './prove-kvm.ts';

interface Remembered {
  /** The directory of what is known; `undefined`: it is proved anew. */
  readonly from: string | undefined;
  /** The directory in which a new proof is kept; `undefined`: nowhere. */
  readonly to: string | undefined;
}

const NAME = 'accelerator';

/** The proof of a device, by this program, since the host was started: the one that is known, else a new one. @throws what proving throws */
export const provedOnce = async (
  program: Emulator,
  tree: HostPath,
  device: Device,
  {from, to}: Remembered,
): Promise<Proof> => {
  const key = [readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), program.path, device.minor].join('\n');
  const known = from === undefined ? undefined : read(join(from, NAME), key);
  if (known !== undefined) return known;
  const proof = await prove(program, tree, device);
  if (to !== undefined) writeCache(join(to, NAME), `${key}\n\n${JSON.stringify(proof)}`);
  return proof;
};

/** When what is remembered in a directory was proved, in milliseconds since 1970. */
export const provedAt = (directory: string): number | undefined =>
  statSync(join(directory, NAME), {throwIfNoEntry: false})?.mtimeMs;

/** Overwrites what is remembered: the same device by the same program is of no use. */
export const refute = (directory: string, because: string): void => {
  const file = join(directory, NAME);
  const [key] = readFileSync(file, 'utf8').split('\n\n');
  writeCache(file, `${key}\n\n${JSON.stringify({works: false, because} satisfies Proof)}`);
};

/** Nobody but root has written it, all at once. */
const read = (file: string, key: string): Proof | undefined => {
  try {
    const [of, proof] = readFileSync(file, 'utf8').split('\n\n');
    return of === key && proof !== undefined ? (JSON.parse(proof) as Proof) : undefined;
  } catch (error) {
    if (isSystemError(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
};
