import {chmodSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import {prover} from '../../image/sandbox.ts';
import {startTool} from '../../image/tool.ts';
import {makeDevice} from '../../linux/device.ts';
import type {Fd} from '../../linux/fd.ts';
import {newFileSystem, setMountAttributes} from '../../linux/mount.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {SyscallError} from '../../linux/syscall-error.ts';
import {PROVED, proofRom} from './proof-rom.ts';

/** Milliseconds. It takes a tenth of a second; a host that is busy is no reason to call its processor useless. */
const TIMEOUT = 10_000;
const MAX_MESSAGE = 200;

export interface Proof {
  readonly works: boolean;
  /** What was seen. */
  readonly because: string;
}

/** A program as the host's facts have it. */
export type Emulator = Pick<NonNullable<HostFacts['programs'][string]>, 'path' | 'through'>;

export interface Device {
  readonly path: HostPath;
  readonly major: number;
  readonly minor: number;
}

/**
 * Has QEMU run a tiny guest with an accelerator: that there is a device, and even that a machine can be made with it, does not mean that it runs a kernel. The QEMU of an image that nobody has run a
 * pod with yet has a node of the device of its own, so that it needs to be nobody, whoever may open the host's; its image and the host's programs, read-only; and no network.
 * @param tree of the image that it comes from
 * @param as how QEMU is told: the accelerator and the processor
 */
export const prove = async (
  {path, through}: Emulator,
  tree: HostPath,
  device: Device | undefined,
  {
    as: [accelerator, processor] = ['kvm', 'host'],
    timeout = TIMEOUT,
  }: {readonly as?: readonly [string, string]; readonly timeout?: number} = {},
): Promise<Proof> => {
  using scratch = scratchDirectory('rkt-proof-');
  chmodSync(scratch.path, 0o755);
  writeFileSync(join(scratch.path, 'rom'), proofRom(), {mode: 0o644});
  using root = openStored(tree, O_PATH);
  using given = openHost(scratch.path, O_PATH);
  const made = device && ownNode(device);
  if (made instanceof SyscallError) return {works: false, because: `there can be no other node of it: ${made.message}`};
  using node = made;
  const tool = startTool(
    prover(
      [
        ...(through === undefined ? [path] : [through.loader, ...through.arguments, path]),
        ...['-M', 'microvm', '-accel', accelerator, '-cpu', processor, '-m', '16'],
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-bios', '/proof/rom'],
        ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
      ],
      [
        {at: tree, file: root},
        {at: '/proof', file: given},
        ...(device === undefined || node === undefined ? [] : [{at: dirname(device.path), file: node, detached: true}]),
      ],
    ),
    'ignore',
    'ignore',
    {offline: true},
  );
  let late = false;
  const watchdog = setTimeout(() => {
    late = true;
    tool.kill();
  }, timeout);
  const failure = await tool.ended.finally(() => clearTimeout(watchdog));
  if (failure?.status === `exit status ${PROVED}`) return {works: true, because: 'a tiny guest has run with it'};
  const said = firstLine(failure?.output ?? '');
  const how = late
    ? `a tiny guest has not ended within ${timeout / 1000} s`
    : `QEMU ended with ${failure?.status ?? 'exit status 0'} before a tiny guest had`;
  return {works: false, because: said === '' ? how : `${how}: ${said}`};
};

/** A mount that has no place yet, with a node that everybody may open. A container may not let rkt make one. */
const ownNode = ({path, major, minor}: Device): Fd | SyscallError => {
  const mount = newFileSystem('tmpfs', [['mode', '0755']], ['nosuid', 'noexec']);
  try {
    const name = basename(path);
    makeDevice(mount, name, {type: 'char', major, minor}, 0o666);
    // Whatever the umask is.
    chmodSync(join(mount.path, name), 0o666);
    setMountAttributes(mount, {flags: ['ro']});
    return mount;
  } catch (error) {
    mount.close();
    if (error instanceof SyscallError) return error;
    throw error;
  }
};

/** Of a stranger's program: nothing but text. */
const firstLine = (output: string): string =>
  (output.split('\n').find((line) => line.trim() !== '') ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, MAX_MESSAGE);
