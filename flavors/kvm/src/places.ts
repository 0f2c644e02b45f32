import type {Pod, PodPath} from '@rkt/plugin-sdk';
import {REVISION} from './revision.ts';

/*
 * Where things are: on the host below the pod's directory, in QEMU's root directory, and in the guest.
 */

/** QEMU's root directory: the image of this flavor, with QEMU and all that it needs. */
export const ROOT = 'stage1/tree';
/** What the pod writes and rkt reads, and what the machine is given. */
export const SHARED = 'stage1/rootfs/rkt';

/** Where {@link SHARED} is in QEMU's root directory. */
export const SEEN = '/pod';

/** A machine that waits: its directory in QEMU's root directory (guest/own-memory.so.c has it, too), and the files there. */
export const TEMPLATE = {seen: `${SEEN}/template`, memory: 'memory', state: 'state'} as const;

/** An image of another version has no such place. */
const OWN = `/usr/lib/rkt/${REVISION}`;

/** In the image of this flavor. */
export const IMAGE = {
  qemu: '/usr/bin/qemu-system-x86_64',
  monitor: `${OWN}/monitor`,
  enter: `${OWN}/enter`,
  save: `${OWN}/save`,
  /** Makes nobody of what saves. */
  setpriv: '/usr/bin/setpriv',
  ownMemory: `${OWN}/own-memory.so`,
  giveBack: `${OWN}/give-back.so`,
  kernel: '/boot/vmlinux',
  initramfs: '/boot/initramfs',
} as const;

export const podPath = (path: string): PodPath => path as PodPath;

/** QEMU's user, of this pod alone: a number that no user of the host has, made of the first digits of the UUID. */
export const userOf = ({uuid}: Pod): number => 0x7000_0000 + Number.parseInt(uuid.slice(0, 6), 16);
