import type {GuestKernel} from '../../contract/host.ts';

/** A kernel for machines, as it is put into an image. */
export interface TakenKernel {
  /** The kernel, an ELF file. */
  readonly vmlinux: Buffer;
  /** The directory of its modules, below which a machine's are looked for. Absent: it needs none of them. */
  readonly modules?: string;
  /** An archive that is unpacked before rkt's own. Absent: there is none. */
  readonly initramfs?: Buffer;
  readonly about: GuestKernel;
}

/** What a kernel is taken by: it may put what is needed meanwhile into an empty directory. */
export type TakeKernel = (work: string) => Promise<TakenKernel>;
