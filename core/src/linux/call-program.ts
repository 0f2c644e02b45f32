import {chmodSync} from 'node:fs';
import {filterProgram} from './exec.ts';
import type {Fd} from './fd.ts';
import {SYS, type SyscallName} from './libc.ts';
import {memoryFile} from './memory-file.ts';

/*
 * JavaScript cannot go on in a forked child, and a program of the host would be loaded by the loader of whatever root directory it is in. So what has to happen around
 * the birth of a process in a pod's pid namespace is a program made of nothing but a list of system calls: no library, no loader, no memory but the list.
 */

/** Bytes are placed in the program's memory, several as `char *[]` with its null pointer at the end, a filter as `struct sock_fprog`. */
export type ProgramArgument =
  | number
  | bigint
  | Uint8Array
  | {readonly strings: readonly Uint8Array[]}
  | {readonly filter: Uint8Array};

export interface ProgramCall {
  readonly name: SyscallName;
  readonly args: readonly ProgramArgument[];
  /**
   * Of `clone`, whose child goes on with the next call. `wait`: the parent waits for the child, which must end, and then for the one that `leave` has left to it; it hands signals on to
   * that, stops with it if they are in one session, and ends as it does. `leave`: the parent ends.
   */
  readonly parent?: 'wait' | 'leave';
  /** When the kernel answers with an error: what is written on standard error, and the exit status. */
  readonly otherwise: {readonly say: string; readonly status: number};
}

/** Addresses of the three parts of its memory: instructions, list, and what the list refers to. */
const CODE_AT = 0x400000n;
const LIST_AT = 0x420000n;
const DATA_AT = 0x1000000n;
/** Pages of arm64 have up to this size. */
const PAGE = 0x10000;
/** Before the list: pid of the child, set of all signals, status, whether the child is in another session, what is known of a signal. */
const HEAD = 256;
const ALL_SIGNALS_AT = 8;
const OWN_SESSION_AT = 24;
const RECORD_WORDS = 10;
const MAX_ARGUMENTS = 5;

/** Both do the same: calls of the list one after the other, and what {@link ProgramCall} says about `clone` and errors. Numbers of calls and signals are those of the architecture. */
const CODE: Readonly<Record<string, string>> = {
  x64: [
    '41bd00004200', // mov r13d,0x420000
    '4d8da500010000', // lea r12,[r13+0x100]
    '498b0424', // mov rax,[r12]   ; next:
    '498b7c2408', // mov rdi,[r12+0x8]
    '498b742410', // mov rsi,[r12+0x10]
    '498b542418', // mov rdx,[r12+0x18]
    '4d8b542420', // mov r10,[r12+0x20]
    '4d8b442428', // mov r8,[r12+0x28]
    '0f05', // syscall
    '4885c0', // test rax,rax
    '7821', // js failed
    '7419', // je advance
    '418b4c2430', // mov ecx,[r12+0x30]
    '83f901', // cmp ecx,0x1
    '720f', // jb advance
    '7430', // je wait
    '49894500', // mov [r13+0x0],rax
    '31ff', // xor edi,edi
    'b8e7000000', // mov eax,0xe7   ; exit:
    '0f05', // syscall
    '4983c450', // add r12,0x50   ; advance:
    'ebbb', // jmp next
    'bf02000000', // mov edi,0x2   ; failed:
    '498b742438', // mov rsi,[r12+0x38]
    '498b542440', // mov rdx,[r12+0x40]
    'b801000000', // mov eax,0x1
    '0f05', // syscall
    '418b7c2448', // mov edi,[r12+0x48]
    'ebd6', // jmp exit
    '89c7', // mov edi,eax   ; wait:
    '498d7510', // lea rsi,[r13+0x10]
    'ba00000040', // mov edx,0x40000000
    '4531d2', // xor r10d,r10d
    'b83d000000', // mov eax,0x3d
    '0f05', // syscall
    '458b7500', // mov r14d,[r13+0x0]
    '4585f6', // test r14d,r14d
    '0f8497000000', // je ended
    '498d7d08', // lea rdi,[r13+0x8]   ; loop:
    '498d7520', // lea rsi,[r13+0x20]
    '31d2', // xor edx,edx
    '41ba08000000', // mov r10d,0x8
    'b880000000', // mov eax,0x80
    '0f05', // syscall
    '89c3', // mov ebx,eax
    '83fb11', // cmp ebx,0x11
    '7428', // je reap
    '85db', // test ebx,ebx
    '78de', // js loop
    '41817d2880000000', // cmp [r13+0x28],0x80
    '750c', // jne forward
    '83fb01', // cmp ebx,0x1
    '7407', // je forward
    '41837d1800', // cmp [r13+0x18],0x0
    '74c8', // je loop
    '4489f7', // mov edi,r14d   ; forward:
    '89de', // mov esi,ebx
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'ebba', // jmp loop
    '4489f7', // mov edi,r14d   ; reap:
    '498d7510', // lea rsi,[r13+0x10]
    'ba03000040', // mov edx,0x40000003
    '4531d2', // xor r10d,r10d
    'b83d000000', // mov eax,0x3d
    '0f05', // syscall
    '85c0', // test eax,eax
    '7ea0', // jle loop
    '41807d107f', // cmp [r13+0x10],0x7f
    '7530', // jne ended
    '41837d1800', // cmp [r13+0x18],0x0
    '7592', // jne loop
    'b827000000', // mov eax,0x27
    '0f05', // syscall
    '89c7', // mov edi,eax
    'be13000000', // mov esi,0x13
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    '4489f7', // mov edi,r14d
    'be12000000', // mov esi,0x12
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    'e969ffffff', // jmp loop
    '410fb67d11', // movzx edi,[r13+0x11]   ; ended:
    '418b5d10', // mov ebx,[r13+0x10]
    '83e37f', // and ebx,0x7f
    '0f840bffffff', // je exit
    'b827000000', // mov eax,0x27
    '0f05', // syscall
    '89c7', // mov edi,eax
    '89de', // mov esi,ebx
    'b83e000000', // mov eax,0x3e
    '0f05', // syscall
    '8d4bff', // lea ecx,[rbx-0x1]
    'b801000000', // mov eax,0x1
    '48d3e0', // shl rax,cl
    '49894508', // mov [r13+0x8],rax
    'bf01000000', // mov edi,0x1
    '498d7508', // lea rsi,[r13+0x8]
    '31d2', // xor edx,edx
    '41ba08000000', // mov r10d,0x8
    'b80e000000', // mov eax,0xe
    '0f05', // syscall
    '8dbb80000000', // lea edi,[rbx+0x80]
    'e9c7feffff', // jmp exit
  ].join(''),
  arm64: [
    '5308a0d2', // mov x19, #0x420000
    '74020491', // add x20, x19, #0x100
    '880240a9', // ldp x8, x0, [x20]   ; next:
    '810a41a9', // ldp x1, x2, [x20, #16]
    '831242a9', // ldp x3, x4, [x20, #32]
    '010000d4', // svc #0x0
    '400100b4', // cbz x0, advance
    '6001f8b7', // tbnz x0, #63, failed
    '893240b9', // ldr w9, [x20, #48]
    'e9000034', // cbz w9, advance
    '3f050071', // cmp w9, #0x1
    'a0010054', // b.eq wait
    '600200f9', // str x0, [x19]
    '00008052', // mov w0, #0x0
    'c80b80d2', // mov x8, #0x5e   ; exit:
    '010000d4', // svc #0x0
    '94420191', // add x20, x20, #0x50   ; advance:
    'f1ffff17', // b next
    '400080d2', // mov x0, #0x2   ; failed:
    '818a43a9', // ldp x1, x2, [x20, #56]
    '080880d2', // mov x8, #0x40
    '010000d4', // svc #0x0
    '804a40b9', // ldr w0, [x20, #72]
    'f7ffff17', // b exit
    '61420091', // add x1, x19, #0x10   ; wait:
    '0200a852', // mov w2, #0x40000000
    '030080d2', // mov x3, #0x0
    '882080d2', // mov x8, #0x104
    '010000d4', // svc #0x0
    '750240b9', // ldr w21, [x19]
    'f5050034', // cbz w21, ended
    '60220091', // add x0, x19, #0x8   ; loop:
    '61820091', // add x1, x19, #0x20
    '020080d2', // mov x2, #0x0
    '030180d2', // mov x3, #0x8
    '281180d2', // mov x8, #0x89
    '010000d4', // svc #0x0
    'f603002a', // mov w22, w0
    'df460071', // cmp w22, #0x11
    'c0010054', // b.eq reap
    'f6feff37', // tbnz w22, #31, loop
    '692a40b9', // ldr w9, [x19, #40]
    '3f010271', // cmp w9, #0x80
    'a1000054', // b.ne forward
    'df060071', // cmp w22, #0x1
    '60000054', // b.eq forward
    '691a40b9', // ldr w9, [x19, #24]
    '09feff34', // cbz w9, loop
    'e003152a', // mov w0, w21   ; forward:
    'e103162a', // mov w1, w22
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'ebffff17', // b loop
    'e003152a', // mov w0, w21   ; reap:
    '61420091', // add x1, x19, #0x10
    '62008052', // mov w2, #0x3
    '0200a872', // movk w2, #0x4000, lsl #16
    '030080d2', // mov x3, #0x0
    '882080d2', // mov x8, #0x104
    '010000d4', // svc #0x0
    '1f000071', // cmp w0, #0x0
    '4dfcff54', // b.le loop
    '69424039', // ldrb w9, [x19, #16]
    '3ffd0171', // cmp w9, #0x7f
    'a1010054', // b.ne ended
    '691a40b9', // ldr w9, [x19, #24]
    'a9fbff35', // cbnz w9, loop
    '881580d2', // mov x8, #0xac
    '010000d4', // svc #0x0
    '61028052', // mov w1, #0x13
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'e003152a', // mov w0, w21
    '41028052', // mov w1, #0x12
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'd3ffff17', // b loop
    '60464039', // ldrb w0, [x19, #17]   ; ended:
    '761240b9', // ldr w22, [x19, #16]
    'd61a0072', // ands w22, w22, #0x7f
    'c0f7ff54', // b.eq exit
    '881580d2', // mov x8, #0xac
    '010000d4', // svc #0x0
    'e103162a', // mov w1, w22
    '281080d2', // mov x8, #0x81
    '010000d4', // svc #0x0
    'c9060051', // sub w9, w22, #0x1
    '2a0080d2', // mov x10, #0x1
    '4a21c99a', // lsl x10, x10, x9
    '6a0600f9', // str x10, [x19, #8]
    '200080d2', // mov x0, #0x1
    '61220091', // add x1, x19, #0x8
    '020080d2', // mov x2, #0x0
    '030180d2', // mov x3, #0x8
    'e81080d2', // mov x8, #0x87
    '010000d4', // svc #0x0
    'c0020211', // add w0, w22, #0x80
    'adffff17', // b exit
  ].join(''),
};

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const EM = {x64: 62, arm64: 183} as const;
const READ_EXECUTE = 5;
const READ_WRITE = 6;

interface Segment {
  readonly address: bigint;
  readonly flags: number;
  readonly content: Buffer;
}

/** Collects what has an address in the program. */
class Data {
  readonly #parts: Buffer[] = [];
  #length = 0;

  place(bytes: Uint8Array): bigint {
    const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    const address = DATA_AT + BigInt(this.#length);
    this.#parts.push(padded);
    this.#length += padded.length;
    return address;
  }

  get content(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/**
 * A program, in a file that only its descriptor leads to, that makes these system calls and no others of its own but for waiting and ending. The last one must not return. It may be
 * read by nobody but root.
 * @param ownSession the child that is waited for is in another session: it gets what the terminal sends from its parent, who does not stop with it. There is no shell that would
 * continue both, and who continues the child alone, from within the pod, would leave its parent stopped for ever
 */
export const callProgram = (calls: readonly ProgramCall[], {ownSession = false} = {}): Fd => {
  const code = Buffer.from(CODE[process.arch] ?? '', 'hex');
  if (code.length === 0) throw new Error(`no instructions for ${process.arch}`);
  const data = new Data();
  const list = encode(calls, data);
  list.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, ALL_SIGNALS_AT);
  list.writeUInt32LE(ownSession ? 1 : 0, OWN_SESSION_AT);
  const file = memoryFile(
    'rkt-enter',
    elf([
      {address: CODE_AT, flags: READ_EXECUTE, content: code},
      {address: LIST_AT, flags: READ_WRITE, content: list},
      {address: DATA_AT, flags: READ_WRITE, content: data.content},
    ]),
    {executable: true},
  );
  chmodSync(file.path, 0o500);
  return file;
};

const encode = (calls: readonly ProgramCall[], data: Data): Buffer => {
  const list = Buffer.alloc(HEAD + calls.length * RECORD_WORDS * 8);
  const word = (argument: ProgramArgument): bigint => {
    if (typeof argument === 'number' || typeof argument === 'bigint') return BigInt(argument);
    if (argument instanceof Uint8Array) return data.place(argument);
    if ('filter' in argument) return data.place(filterProgram(argument.filter.length, data.place(argument.filter)));
    const pointers = Buffer.alloc((argument.strings.length + 1) * 8);
    argument.strings.forEach((bytes, index) => {
      pointers.writeBigUInt64LE(data.place(bytes), index * 8);
    });
    return data.place(pointers);
  };
  calls.forEach(({name, args, parent, otherwise}, index) => {
    if (args.length > MAX_ARGUMENTS) throw new Error(`${name}: too many arguments`);
    const say = Buffer.from(otherwise.say);
    const words = [BigInt(SYS[name]), ...args.map(word)];
    while (words.length <= MAX_ARGUMENTS) words.push(0n);
    words.push(parent === undefined ? 0n : parent === 'wait' ? 1n : 2n);
    words.push(data.place(say), BigInt(say.length), BigInt(otherwise.status));
    words.forEach((value, position) => {
      list.writeBigInt64LE(BigInt.asIntN(64, value), HEAD + (index * RECORD_WORDS + position) * 8);
    });
  });
  return list;
};

/** A static ELF file; its parts begin at multiples of a page. */
const elf = (segments: readonly Segment[]): Buffer => {
  const header = Buffer.alloc(ELF_HEADER + segments.length * PROGRAM_HEADER);
  header.write('7f454c46020101', 'hex');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(EM[process.arch === 'arm64' ? 'arm64' : 'x64'], 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(CODE_AT, 24);
  header.writeBigUInt64LE(BigInt(ELF_HEADER), 32);
  header.writeUInt16LE(ELF_HEADER, 52);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(segments.length, 56);
  const parts: Buffer[] = [header];
  let end = header.length;
  segments.forEach(({address, flags, content}, index) => {
    const offset = Math.ceil(end / PAGE) * PAGE;
    const at = ELF_HEADER + index * PROGRAM_HEADER;
    header.writeUInt32LE(1, at);
    header.writeUInt32LE(flags, at + 4);
    const [place, size] = [BigInt(offset), BigInt(content.length)];
    [place, address, address, size, size, BigInt(PAGE)].forEach((value, word) => {
      header.writeBigUInt64LE(value, at + 8 + word * 8);
    });
    parts.push(Buffer.alloc(offset - end), content);
    end = offset + content.length;
  });
  return Buffer.concat(parts);
};
