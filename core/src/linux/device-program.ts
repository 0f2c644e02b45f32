import type {DeviceRule} from '../contract/devices.ts';

/** linux/bpf.h: what a program of a cgroup is told about a device, and with what it answers. */
const TYPE = {block: 1, char: 2} as const;
const ACCESS = {m: 1, r: 2, w: 4} as const;
const ALL = ACCESS.m | ACCESS.r | ACCESS.w;
const CONTEXT = {access: 0, major: 4, minor: 8} as const;
const REFUSE = 0;
const ALLOW = 1;

/** Instructions: code of linux/bpf_common.h and linux/bpf.h, registers, offset, constant. */
const load = (to: number, offset: number) => instruction(0x61, to, 1, offset, 0);
const copy = (to: number, from: number) => instruction(0xbc, to, from, 0, 0);
const set = (register: number, value: number) => instruction(0xb7, register, 0, 0, value);
const mask = (register: number, value: number) => instruction(0x54, register, 0, 0, value);
const shiftRight = (register: number, bits: number) => instruction(0x74, register, 0, 0, bits);
const unlessEqual = (register: number, value: number, skip: number) => instruction(0x55, register, 0, skip, value);
const exit = () => instruction(0x95, 0, 0, 0, 0);

const instruction = (code: number, to: number, from: number, offset: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(to | (from << 4), 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(value, 4);
  return bytes;
};

const R = {answer: 0, scratch: 1, type: 2, access: 3, major: 4, minor: 5} as const;

/** The program of a cgroup (BPF_PROG_TYPE_CGROUP_DEVICE) that allows what one of the rules allows, and nothing else. */
export const deviceProgram = (rules: readonly DeviceRule[]): Buffer =>
  Buffer.concat([
    // The upper half is the access that is asked for, the lower one the type of device.
    load(R.type, CONTEXT.access),
    copy(R.access, R.type),
    mask(R.type, 0xffff),
    shiftRight(R.access, 16),
    load(R.major, CONTEXT.major),
    load(R.minor, CONTEXT.minor),
    ...rules.flatMap(encodeRule),
    set(R.answer, REFUSE),
    exit(),
  ]);

/** Answers if the rule allows it, else goes on behind it. */
const encodeRule = ({type, major, minor, access}: DeviceRule): Buffer[] => {
  const granted = [...access].reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0); // by the schema
  const beyond = ALL & ~granted;
  const tests: ((skip: number) => Buffer)[] = [
    (skip) => unlessEqual(R.type, TYPE[type], skip),
    (skip) => unlessEqual(R.major, major, skip),
    ...(minor === null ? [] : [(skip: number) => unlessEqual(R.minor, minor, skip)]),
  ];
  const last =
    beyond === 0
      ? []
      : [
          () => copy(R.scratch, R.access),
          () => mask(R.scratch, beyond),
          (skip: number) => unlessEqual(R.scratch, 0, skip),
        ];
  const answer = [() => set(R.answer, ALLOW), () => exit()];
  const all = [...tests, ...last, ...answer];
  return all.map((make, index) => make(all.length - index - 1));
};
