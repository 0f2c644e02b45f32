/*
 * What a machine runs instead of firmware to prove an accelerator: the steps of a kernel from real mode to long mode with paging, then what accelerators that emulate the
 * processor's privileged mode lack or are slow at. It ends the machine by QEMU's device `isa-debug-exit` (port 0xf4), with {@link PROVED}.
 */

/** Exit status of QEMU: the byte that is written, twice and one. */
export const PROVED = 43;

const SIZE = 65_536;
/** Where the processor starts, as an offset. */
const RESET = 0xff_f0;

/** At 0xffff0000, the last of the first four gibibytes. Intel SDM volume 2 has the encodings. */
const CODE = `
fa                              cli
2e 66 0f 01 16 10 01            lgdtl  cs:[gdtr]
0f 20 c0 0c 01 0f 22 c0         cr0 |= PE
66 ea 18 00 ff ff 08 00         ljmp   0x08:protected

b8 10 00 00 00 8e d8 8e d0      ds, ss = 0x10
c7 05 00 10 00 00 03 20 00 00   [0x1000] = 0x2003          page map, level 4
c7 05 00 20 00 00 03 30 00 00   [0x2000] = 0x3003          level 3: the first gibibyte
c7 05 18 20 00 00 03 40 00 00   [0x2018] = 0x4003          and the fourth
c7 05 00 30 00 00 83 00 00 00   [0x3000] = 0x83            level 2: memory
c7 05 f8 4f 00 00 83 00 e0 ff   [0x4ff8] = 0xffe00083      and this code
0f 20 e0 83 c8 20 0f 22 e0      cr4 |= PAE
b8 00 10 00 00 0f 22 d8         cr3 = 0x1000
b9 80 00 00 c0                  ecx = EFER
0f 32 0d 00 01 00 00 0f 30      rdmsr, |= LME, wrmsr
0f 20 c0 0d 00 00 00 80 0f 22 c0  cr0 |= PG
ea 84 00 ff ff 18 00            ljmp   0x18:long

b8 01 00 00 00 0f a2 89 ce      cpuid 1, esi = features
f7 c6 00 20 00 00 74 0e         if it has cmpxchg16b:
31 c0 31 d2                       rdx:rax = 0
f0 48 0f c7 0c 25 00 90 00 00     lock cmpxchg16b [0x9000]
f7 c6 00 00 00 04 74 20         if it has xsave:
0f 20 e0 0d 00 06 04 00 0f 22 e0  cr4 |= OSFXSR, OSXMMEXCPT, OSXSAVE
b8 03 00 00 00 31 d2 31 c9 0f 01 d1  xsetbv 0, 3
48 0f ae 2c 25 00 a0 00 00        xrstor64 [0xa000]
b9 c8 00 00 00                  200 times:
0f 20 d8 0f 22 d8                 cr3 = cr3
0f 01 f8                          swapgs
ff c9 75 f3
b9 00 2d 31 01                  20,000,000 times nothing: nearly a minute where each instruction is emulated
ff c9 75 fc
b0 15 e6 f4                     out 0xf4, 21
f4 eb fd                        halt
0f 1f 00                        to a multiple of eight

00 00 00 00 00 00 00 00         gdt: nothing
ff ff 00 00 00 9a cf 00         0x08, code of 32 bits
ff ff 00 00 00 92 cf 00         0x10, data
ff ff 00 00 00 9a af 00         0x18, code of 64 bits
1f 00 f0 00 ff ff               gdtr: its length and address
`;

/** The bytes of a line are those before two spaces. */
const assembled = Buffer.from(CODE.replaceAll(/ {2,}\S.*$/gm, '').replaceAll(/\s/g, ''), 'hex');

/** Back to the first byte. */
const JUMP = Buffer.from([0xe9, ...[-(RESET + 3) & 0xff, (-(RESET + 3) >> 8) & 0xff]]);

/** For QEMU's `-bios`. */
export const proofRom = (): Buffer => {
  const rom = Buffer.alloc(SIZE);
  assembled.copy(rom);
  JUMP.copy(rom, RESET);
  return rom;
};
