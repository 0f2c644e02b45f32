import {type ChildProcessByStdio, spawn} from 'node:child_process';
import type {Readable} from 'node:stream';
import {program} from '../runner/packages.ts';

export interface Machine {
  readonly kernel: string;
  readonly initramfs: string;
  /** Disk images, which stay as they are: what the guest writes is gone with it. */
  readonly disks: readonly string[];
  /** Where the kernel and systemd tell how they start. */
  readonly console: string;
  /** The security module of its kernel, which has one at a time. */
  readonly securityModule: 'apparmor' | 'selinux';
  /** The guest reads what this process reads, in place of nothing. */
  readonly interactive: boolean;
}

const KERNEL_WORDS = [
  ...['console=ttyS0', 'panic=-1', 'systemd.unit=rkt-test.target', 'systemd.show_status=0'],
  // The unified hierarchy, and no other even if somebody asked for it.
  ...['systemd.unified_cgroup_hierarchy=1', 'cgroup_no_v1=all'],
  // What takes long where every instruction is translated.
  ...['cryptomgr.notests', 'noreplace-smp', 'no_timer_check', 'mitigations=off', 'audit=0', 'quiet'],
];

const escaped = (file: string) => file.replaceAll(',', ',,');

/** Without AVX, which Node.js uses where it can: emulated, it makes everything take four times as long. */
const CPU = 'Nehalem';

const qemuArguments = ({kernel, initramfs, disks, console, securityModule, interactive}: Machine): string[] => [
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-machine', 'q35', '-accel', 'tcg,thread=multi,tb-size=512', '-cpu', CPU, '-smp', '2', '-m', '4096'],
  ...['-kernel', kernel, '-initrd', initramfs, '-append', [...KERNEL_WORDS, `security=${securityModule}`].join(' ')],
  ...disks.flatMap((file) => ['-drive', `if=virtio,format=raw,snapshot=on,cache=unsafe,file=${escaped(file)}`]),
  ...['-serial', `file:${console}`, '-chardev', `stdio,id=out,signal=${interactive ? 'off' : 'on'}`],
  ...['-serial', 'chardev:out'],
];

/** Starts the machine behind whatever else this host has to do. Its output is what the guest writes to its second serial port. */
export const startMachine = (machine: Machine, directory: string): ChildProcessByStdio<null, Readable, null> => {
  const qemu = program('qemu-system-x86_64') ?? 'qemu-system-x86_64';
  // Killed with this process, however that ends.
  const command = ['--pdeathsig=KILL', program('nice') ?? 'nice', '-n', '10', qemu, ...qemuArguments(machine)];
  return spawn(program('setpriv') ?? 'setpriv', command, {
    env: {PATH: '/usr/bin:/bin', TMPDIR: directory},
    stdio: [machine.interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
  }) as ChildProcessByStdio<null, Readable, null>; // by `stdio`
};
