import {readFileSync} from 'node:fs';
import path from 'node:path';
import type {World} from './world.ts';

/** A machine that somebody starts without rkt. */
export interface ByHand {
  /** Boots, runs a program that does nothing, and ends. */
  readonly ends: readonly string[];
  /** Boots, and waits for what it is told; the file has something once it does. */
  readonly stays: (file: string) => readonly string[];
}

/** The host's QEMU with the kernel and the initial file system of an image of the flavor, as large and as fast as the machine of a pod. */
export const byHand = (world: World, imageId: string): ByHand => {
  const boot = path.join(world.directory, 'data/cas/images', imageId, 'rootfs/boot');
  const {kind} = JSON.parse(readFileSync(path.join(boot, 'about.json'), 'utf8')) as {readonly kind: string};
  // The small one knows no ACPI, and QEMU tells it where its devices are.
  const machine = kind === 'small' ? 'microvm,acpi=off' : 'microvm';
  const start = (...further: string[]): string[] => [
    ...['/usr/bin/qemu-system-x86_64', '-M', machine, '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-no-reboot', '-accel', 'tcg', '-cpu', 'max,erms=off', '-m', '384', '-serial', 'null'],
    ...['-kernel', path.join(boot, 'vmlinux'), '-initrd', path.join(boot, 'initramfs'), '-append'],
    ['console=ttyS0', 'quiet', 'panic=-1', 'reboot=t', 'audit=0', 'cryptomgr.notests', 'noreplace-smp']
      .concat('no_timer_check', 'nowatchdog', 'lsm=landlock', 'tsc=reliable', `tsc_early_khz=${kilohertz()}`, further)
      .join(' '),
  ];
  return {
    // The kernel ends the machine when its first program has ended, which without arguments does nothing.
    ends: start('rdinit=/usr/bin/crun'),
    stays: (file) => [
      ...start(),
      ...['-device', 'virtio-serial-device', '-chardev', `file,id=agent,path=${file}`],
      ...['-device', 'virtserialport,chardev=agent'],
    ],
  };
};

/** On a busy host the guest does not find it out itself. */
const kilohertz = (): number => {
  const [, megahertz] = /^cpu MHz\s*: ([\d.]+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
  return Math.round(Number(megahertz) * 1000);
};
