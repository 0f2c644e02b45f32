import {statSync} from 'node:fs';
import type {Accelerator} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import {decodeDevice} from '../../linux/device.ts';
import {rootless} from '../../linux/rootless.ts';
import type {Settings} from '../../settings.ts';
import {guestKernelIn} from './guest-kernel-in.ts';
import type {Device, Emulator} from './prove-kvm.ts';
import {lastProof, provedOnce} from './proved-once.ts';
import {rememberedIn} from './remembered-in.ts';

type Fact = NonNullable<HostFacts['accelerator']>;

const DEVICE = '/dev/kvm' as HostPath;
/** Linux, Documentation/admin-guide/devices.txt: the group of devices that kvm is of. */
const MISC = 10;

interface Options {
  /** The tree of the pod's stage1 image. */
  readonly tree: HostPath | undefined;
  /** Where the verdict is to be remembered; what is known already is taken from the data directory by those, too, who remember nothing. */
  readonly cacheDir: string | undefined;
  /** Proves it anew, whatever is remembered. Default false. */
  readonly again?: boolean;
  /** Machines have come up without it, which is remembered with the proof. Default false. */
  readonly doubted?: boolean;
}

/**
 * The facts with what runs the code of a pod's machine, its kernel, and whether it may go on from a template, for a flavor whose image has a machine: as the configuration says, or by proof.
 * @throws RKT_CONFIG_…, RKT_ISOLATION_FAILED, RKT_SCRATCH_UNUSABLE, RKT_STAGE1_IMAGE_INVALID
 */
export const withAccelerator = async (
  settings: Settings,
  {stage1Image}: Pick<Declaration, 'stage1Image'>,
  facts: HostFacts,
  options: Options,
): Promise<HostFacts> => {
  const {emulator, about} = stage1Image?.machine ?? {};
  const program = emulator === undefined ? undefined : facts.programs[emulator];
  if (program == null || options.tree === undefined) return facts;
  const {accelerator: wanted = 'auto', templates = true} = (await loadConfig(settings, ['stage1'])).stage1;
  const guestKernel = about === undefined ? undefined : guestKernelIn(options.tree, about);
  return {
    ...facts,
    ...(guestKernel === undefined ? {} : {guestKernel}),
    ...(templates ? {} : {noTemplates: true}),
    accelerator: await choose(wanted, program, options.tree, {...options, known: rememberedIn(settings)}),
  };
};

/**
 * The facts of a pod, given when pods were started whose machines have come up by another accelerator than this one. One of them may have been slow: the accelerator is proved again. With one more
 * it is left alone for as long as there are such pods, though the verdict stays that of the proof, or until somebody else has it proved.
 * @param again the facts with a new proof
 */
export const unlessRefuted = async (
  settings: Pick<Settings, 'dataDir'>,
  facts: HostFacts,
  {refuted, again}: {readonly refuted: () => readonly number[]; readonly again: () => Promise<HostFacts>},
): Promise<HostFacts> => {
  const directory = rememberedIn(settings);
  if (facts.accelerator?.name !== 'kvm' || facts.accelerator.forced || directory === undefined) return facts;
  const proof = lastProof(directory);
  if (proof === undefined || refuted().every((time) => time < proof.at)) return facts;
  return proof.doubted ? {...facts, accelerator: {name: 'tcg', because: NOT_STARTED}} : again();
};

const NOT_STARTED = `${DEVICE} is of no use: a tiny guest has run with it, and machines have not started`;

const choose = async (
  wanted: Accelerator,
  program: Emulator,
  tree: HostPath,
  {known, cacheDir, again = false, doubted = false}: Options & {readonly known: string | undefined},
): Promise<Fact> => {
  if (wanted === 'tcg') return {name: 'tcg', because: CONFIGURED, forced: true};
  const device = findDevice();
  if (wanted === 'kvm') return {name: 'kvm', because: CONFIGURED, forced: true, ...(device && numbers(device))};
  if (device === undefined) return {name: 'tcg', because: `there is no device ${DEVICE}`};
  if (process.geteuid?.() !== 0 || rootless() !== undefined)
    return {name: 'tcg', because: `only root can try ${DEVICE}`};
  const from = again ? undefined : known;
  const {works, because} = await provedOnce(program, tree, device, {from, to: cacheDir, doubted});
  return works
    ? {name: 'kvm', because, ...numbers(device)}
    : {name: 'tcg', because: `${DEVICE} does not work: ${because}`};
};

const CONFIGURED = 'the configuration says so (stage1, "accelerator")';

const numbers = ({major, minor}: Device): Pick<Fact, 'device'> => ({device: {major, minor}});

const findDevice = (): Device | undefined => {
  const stats = statSync(DEVICE, {throwIfNoEntry: false});
  if (stats?.isCharacterDevice() !== true) return undefined;
  const device = decodeDevice(stats.rdev);
  return device.major === MISC ? {path: DEVICE, ...device} : undefined;
};
