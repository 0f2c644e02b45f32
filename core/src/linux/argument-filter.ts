/** linux/audit.h, and the numbers of each call there. All that a process of this machine may call by. */
const ABIS = {
  x64: [
    // The further ones are those of x32, which is the same architecture.
    {
      architecture: 0xc000_003e,
      ioctl: [16, 0x4000_0010, 0x4000_0202],
      fcntl: [72, 0x4000_0048],
      keys: [248, 249, 250, 0x4000_00f8, 0x4000_00f9, 0x4000_00fa],
      setpriority: [141, 0x4000_008d],
      ioprio_set: [251, 0x4000_00fb],
    },
    {
      architecture: 0x4000_0003,
      ioctl: [54],
      fcntl: [55, 221],
      keys: [286, 287, 288],
      setpriority: [97],
      ioprio_set: [289],
    },
  ],
  arm64: [
    {
      architecture: 0xc000_00b7,
      ioctl: [29],
      fcntl: [25],
      keys: [217, 218, 219],
      setpriority: [140],
      ioprio_set: [30],
    },
    {
      architecture: 0x4000_0028,
      ioctl: [54],
      fcntl: [55, 221],
      keys: [309, 310, 311],
      setpriority: [97],
      ioprio_set: [314],
    },
  ],
} as const satisfies Readonly<Record<string, readonly Abi[]>>;

interface Abi {
  readonly architecture: number;
  readonly ioctl: readonly number[];
  readonly fcntl: readonly number[];
  /** add_key, request_key and keyctl. */
  readonly keys: readonly number[];
  readonly setpriority: readonly number[];
  readonly ioprio_set: readonly number[];
}

/** linux/bpf_common.h, linux/seccomp.h */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const ERRNO = 0x0005_0000;
/** Offsets in `struct seccomp_data`; of an argument the lower half, which is what the kernel looks at. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENT = {first: 16, second: 24} as const;

export interface Refused {
  readonly call: Exclude<keyof Abi, 'architecture'>;
  /** What its argument must not be. Absent: the call is refused whatever it is. */
  readonly values?: readonly number[];
  /** Default: second. */
  readonly argument?: keyof typeof ARGUMENT;
  /** What the caller gets then. */
  readonly errno: number;
}

/** `struct sock_filter`; jumps count the instructions to leave out. */
const instruction = (code: number, k: number, [then, otherwise]: readonly [number, number] = [0, 0]): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(then, 2);
  bytes.writeUInt8(otherwise, 3);
  bytes.writeUInt32LE(k, 4);
  return bytes;
};

/** A filter, as the kernel takes it, that refuses a call, or one with some values of an argument; everything else is for other filters to judge. */
export const argumentFilter = ({call, values, argument = 'second', errno}: Refused, machine: string): Buffer => {
  const judged = [
    ...(values === undefined
      ? []
      : [
          instruction(LOAD, ARGUMENT[argument]),
          ...values.map((value, index) => instruction(JUMP_IF_EQUAL, value, [values.length - index, 0])),
          instruction(RETURN, ALLOW),
        ]),
    instruction(RETURN, ERRNO | errno),
  ];
  const abis: readonly Abi[] = machine === 'x64' || machine === 'arm64' ? ABIS[machine] : [];
  return Buffer.concat([
    instruction(LOAD, ARCHITECTURE),
    ...abis.flatMap(({architecture, [call]: numbers}) => {
      const calls = [
        instruction(LOAD, NUMBER),
        // Whichever number it is, on to the values; else past them.
        ...numbers.map((number, index) => instruction(JUMP_IF_EQUAL, number, [numbers.length - index, 0])),
        instruction(RETURN, ALLOW),
        ...judged,
      ];
      return [instruction(JUMP_IF_EQUAL, architecture, [0, calls.length]), ...calls];
    }),
    instruction(RETURN, ALLOW),
  ]);
};
