import {lacksPods} from './lacks.ts';

/** Why this host cannot run pods in machines. */
export const lacksMachines = (): string | undefined =>
  process.arch === 'x64'
    ? lacksPods('overlay', 'program/qemu-system-x86_64', 'program/mkfs.erofs', 'program/crun', 'program/dpkg-deb')
    : `this machine is ${process.arch}`;
