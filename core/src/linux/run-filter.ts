/** What a filter sees of a system call (`struct seccomp_data`). */
export interface Call {
  /** AUDIT_ARCH_… */
  readonly arch: number;
  readonly number: number;
  /** Absent: they can be anything. */
  readonly args?: readonly bigint[];
}

type Word = number | undefined;

/** linux/bpf_common.h: class, size and mode of what loads; operations of the others. */
const CLASS = {load: 0, loadIndex: 1, store: 2, storeIndex: 3, alu: 4, jump: 5, return: 6, transfer: 7} as const;
const LOAD_DATA = 0x20;
const LOAD_CONSTANT = 0x00;
const LOAD_LENGTH = 0x80;
const TO_ACCUMULATOR = 0x80;
const FROM_INDEX = 0x08;
const FROM_ACCUMULATOR = 0x10;
const SIZE_OF_DATA = 64;

const ALU: Readonly<Record<number, (a: number, b: number) => number>> = {
  0: (a, b) => a + b,
  16: (a, b) => a - b,
  32: (a, b) => Math.imul(a, b),
  48: (a, b) => (b === 0 ? 0 : a / b),
  64: (a, b) => a | b,
  80: (a, b) => a & b,
  96: (a, b) => (b > 31 ? 0 : a << b),
  112: (a, b) => (b > 31 ? 0 : a >>> b),
  128: (a) => -a,
  160: (a, b) => a ^ b,
};
const ALWAYS = 0;
const CONDITIONS: Readonly<Record<number, (a: number, b: number) => boolean>> = {
  16: (a, b) => a === b,
  32: (a, b) => a > b,
  48: (a, b) => a >= b,
  64: (a, b) => (a & b) !== 0,
};

const dataAt = ({arch, number, args}: Call, offset: number): Word => {
  if (offset === 0) return number >>> 0;
  if (offset === 4) return arch;
  // The address of the instruction, and arguments that can be anything.
  if (offset < 16 || args === undefined) return undefined;
  const value = args[(offset - 16) >> 3] ?? 0n;
  return Number(BigInt.asUintN(32, offset % 8 === 0 ? value : value >> 32n));
};

/** Whoever writes a filter can have the ways through it double with each of its conditions (S10). */
const MAX_STEPS = 100_000;
const ALLOW = 0x7fff_0000;

/**
 * Every answer (SECCOMP_RET_…) that a filter can give to a call: one where the arguments are known, unless it is about the address of the instruction; else
 * those of all ways through it, which may be more than there are; with more of them than can be followed, the weakest answer is among them.
 * @throws on what is no program that the kernel takes
 */
export const runFilter = (program: Buffer, call: Call): Set<number> => {
  const answers = new Set<number>();
  const seen = new Set<string>();
  const ways: [at: number, a: Word, x: Word][] = [[0, 0, 0]];
  let steps = 0;
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    let [at, a, x] = way;
    for (; ; at++) {
      if ((at + 1) * 8 > program.length) throw new Error('the filter has no end');
      if (++steps > MAX_STEPS) return answers.add(ALLOW);
      const code = program.readUInt16LE(at * 8);
      const k = program.readUInt32LE(at * 8 + 4);
      const operand = (code & FROM_INDEX) === 0 ? k : x;
      const operation = code & 0xf0;
      const kind = code & 0x07;
      if (kind === CLASS.return) {
        const answer = (code & FROM_ACCUMULATOR) === 0 ? k : a;
        // Whoever answers with an argument can answer anything.
        answers.add(answer ?? ALLOW);
        break;
      }
      if (kind === CLASS.load || kind === CLASS.loadIndex) {
        const mode = code & 0xe0;
        // What has been stored is not followed: it can be anything.
        const value =
          mode === LOAD_DATA
            ? dataAt(call, k)
            : mode === LOAD_CONSTANT
              ? k
              : mode === LOAD_LENGTH
                ? SIZE_OF_DATA
                : undefined;
        if (kind === CLASS.load) a = value;
        else x = value;
      } else if (kind === CLASS.alu) {
        const compute = ALU[operation];
        if (compute === undefined) throw new Error(`instruction ${code} at ${at}`);
        a = a === undefined || operand === undefined ? undefined : compute(a, operand) >>> 0;
      } else if (kind === CLASS.transfer) {
        if ((code & TO_ACCUMULATOR) === 0) x = a;
        else a = x;
      } else if (kind === CLASS.jump && operation === ALWAYS) at += k;
      else if (kind === CLASS.jump) {
        const condition = CONDITIONS[operation];
        if (condition === undefined) throw new Error(`instruction ${code} at ${at}`);
        const [yes, no] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
        if (a === undefined || operand === undefined) {
          const key = `${at} ${a} ${x}`;
          if (seen.has(key)) break;
          seen.add(key);
          ways.push([at + 1 + no, a, x]);
          at += yes;
        } else at += condition(a, operand) ? yes : no;
      }
    }
  }
  return answers;
};
