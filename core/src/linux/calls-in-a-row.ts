import {addressOf, SYS, type SyscallName, syscall} from './libc.ts';
import {SyscallError} from './syscall-error.ts';

/** A system call with up to four arguments: numbers, addresses, or buffers, which are kept alive. */
export interface CallInRow {
  readonly name: SyscallName;
  readonly args: readonly (bigint | Uint8Array)[];
}

/** Number, four arguments, result. */
const RECORD_WORDS = 6;
const RESULT = 5;
const PAGE = 65_536;
const PROT_READ_WRITE = 3;
const PROT_READ_EXEC = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/*
 * A seccomp filter is in force for everything that this thread does after it is loaded, and it may allow nothing but execve. Whatever runs between
 * the two calls must not make a call of its own: V8 may start a compilation, wake a thread, or collect garbage at any allocation, and
 * node:ffi allocates. So the calls are made by these few instructions, which take the address of the first record and go
 * on to the next one as long as the kernel answers 0.
 */
const CODE: Readonly<Record<string, string>> = {
  x64: [
    '4989f8', //   mov  r8, rdi
    '498b00', //   mov  rax, [r8]        ; next:
    '498b7808', // mov  rdi, [r8+8]
    '498b7010', // mov  rsi, [r8+16]
    '498b5018', // mov  rdx, [r8+24]
    '4d8b5020', // mov  r10, [r8+32]
    '0f05', //     syscall
    '49894028', // mov  [r8+40], rax
    '4885c0', //   test rax, rax
    '7506', //     jnz  end
    '4983c030', // add  r8, 48
    'ebdc', //     jmp  next
    '31c0', //     xor  eax, eax         ; end:
    'c3', //       ret
  ].join(''),
  arm64: [
    'e90300aa', // mov  x9, x0
    '280140f9', // ldr  x8, [x9]         ; next:
    '208540a9', // ldp  x0, x1, [x9, 8]
    '228d41a9', // ldp  x2, x3, [x9, 24]
    '010000d4', // svc  0
    '201500f9', // str  x0, [x9, 40]
    '600000b5', // cbnz x0, end
    '29c10091', // add  x9, x9, 48
    'f9ffff17', // b    next
    '00008052', // mov  w0, 0            ; end:
    'c0035fd6', // ret
  ].join(''),
};

/** The instructions in memory of their own, executable and no longer writable; the kernel makes them visible to the processor with that change. */
const loadCode = (): bigint => {
  const {exportBuffer} = process.getBuiltinModule('node:ffi');
  const code = Buffer.from(CODE[process.arch] ?? '', 'hex');
  if (code.length === 0) throw new Error(`no instructions for ${process.arch}`);
  const address = BigInt(syscall('mmap', [0, PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0], 'code'));
  exportBuffer(code, address, PAGE);
  syscall('mprotect', [address, PAGE, PROT_READ_EXEC], 'code');
  return address;
};

const encode = (calls: readonly CallInRow[]): Buffer => {
  const records = Buffer.alloc(calls.length * RECORD_WORDS * 8);
  calls.forEach(({name, args}, call) => {
    const words = [BigInt(SYS[name]), ...args.map((word) => (typeof word === 'bigint' ? word : addressOf(word)))];
    words.forEach((word, index) => {
      records.writeBigInt64LE(BigInt.asIntN(64, word), (call * RECORD_WORDS + index) * 8);
    });
  });
  return records;
};

/**
 * Prepares system calls of which the last one is not to return, like execve. The function returned makes them, one straight after the other, and
 * throws the error of the first that the kernel does not answer with 0. It opens no file and needs no memory.
 */
export const callsInARow = (calls: readonly CallInRow[]): (() => never) => {
  const {DynamicLibrary} = process.getBuiltinModule('node:ffi');
  // A function of the C library that calls the function it is given: once, for an array of one element.
  const search = new DynamicLibrary('libc.so.6').getFunction('bsearch', {
    return: 'u64',
    arguments: ['u64', 'u64', 'u64', 'u64', 'u64'],
  });
  const code = loadCode();
  const records = encode(calls);
  const address = addressOf(records);
  return () => {
    search(address, address, 1n, 1n, code);
    const failed = calls.findIndex((_, call) => result(records, call) !== 0);
    throw new SyscallError(calls[failed]?.name ?? 'none', -result(records, failed));
  };
};

const result = (records: Buffer, call: number): number =>
  Number(records.readBigInt64LE((call * RECORD_WORDS + RESULT) * 8));
