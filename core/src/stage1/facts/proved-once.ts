import {readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import {bootId} from '../../linux/boot-id.ts';
import {isSystemError} from '../../linux/syscall-error.ts';
import {writeCache} from '../../linux/write-cache.ts';
import type {Device, Emulator, Proof} from './prove-kvm.ts';

interface Remembered {
  /** The directory of what is known; `undefined`: it is proved anew. */
  readonly from: string | undefined;
  /** The directory in which a new proof is kept; `undefined`: nowhere. */
  readonly to: string | undefined;
  /** It is proved because machines have come up without it. Default false. */
  readonly doubted?: boolean;
}

const NAME = 'accelerator';

/** The proof of a device, by this program, since the host was started: the one that is known, else a new one. @throws what proving throws */
export const provedOnce = async (
  program: Emulator,
  tree: HostPath,
  device: Device,
  {from, to, doubted = false}: Remembered,
): Promise<Proof> => {
  const key = [bootId(), program.path, device.minor].join('\n');
  const known = from === undefined ? undefined : read(join(from, NAME), key);
  if (known !== undefined) return known;
  const {prove} = await import('./prove-kvm.ts');
  const proof = await prove(program, tree, device);
  if (to !== undefined)
    writeCache(join(to, NAME), `${key}\n\n${JSON.stringify(doubted ? {...proof, doubted} : proof)}`);
  return proof;
};

/** When what is remembered in a directory was proved, in milliseconds since 1970, and whether it was doubted then. */
export const lastProof = (directory: string): {readonly at: number; readonly doubted: boolean} | undefined => {
  const file = join(directory, NAME);
  const {mtimeMs} = statSync(file, {throwIfNoEntry: false}) ?? {};
  if (mtimeMs === undefined) return undefined;
  // The host's clock may have been set back since.
  const at = mtimeMs > Date.now() ? 0 : mtimeMs;
  return {at, doubted: readFileSync(file, 'utf8').includes('"doubted":true')};
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
