/** What a filter sees of a system call (`struct seccomp_data`). */
export interface Call {
  /** AUDIT_ARCH_… */
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly bigint[];
}

/** linux/bpf_common.h, as far as libseccomp uses it. */
const LOAD = 0x20;
const RETURN = 0x06;
const AND = 0x54;
const JUMP = 0x05;
const CONDITIONS: Readonly<Record<number, (a: number, k: number) => boolean>> = {
  21: (a, k) => a === k,
  37: (a, k) => a > k,
  53: (a, k) => a >= k,
  69: (a, k) => (a & k) !== 0,
};

const dataOf = ({arch, number, args = []}: Call): Buffer => {
  const data = Buffer.alloc(64);
  data.writeInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  args.forEach((value, index) => {
    data.writeBigUInt64LE(value, 16 + index * 8);
  });
  return data;
};

/** Runs a filter as the kernel would and returns its verdict: SECCOMP_RET_… */
export const runBpf = (program: Buffer, call: Call): number => {
  const data = dataOf(call);
  let accumulator = 0;
  for (let at = 0; at * 8 < program.length; at++) {
    const code = program.readUInt16LE(at * 8);
    const k = program.readUInt32LE(at * 8 + 4);
    const condition = CONDITIONS[code];
    if (code === RETURN) return k;
    if (code === LOAD) accumulator = data.readUInt32LE(k);
    else if (code === AND) accumulator = (accumulator & k) >>> 0;
    else if (code === JUMP) at += k;
    else if (condition !== undefined) at += program.readUInt8(at * 8 + (condition(accumulator, k) ? 2 : 3));
    else throw new Error(`instruction ${code} at ${at}`);
  }
  throw new Error('the program has no end');
};
