import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/*
 * A terminal takes what TIOCSTI gives it as typed: an app that has the operator's would type into the shell that is there after it (S30). TIOCLINUX pastes a
 * selection of a console in the same way. No image and no flag lifts this filter.
 */

/** asm-generic/ioctls.h, linux/tiocl.h */
const REQUESTS = [0x5412, 0x541c] as const;
/** linux/audit.h, and the number of ioctl(2) there. All that a process of this machine may call by. */
const ABIS: Readonly<Record<string, readonly (readonly [architecture: number, ioctl: readonly number[]])[]>> = {
  // The others are those of x32, which is the same architecture.
  x64: [
    [0xc000_003e, [16, 0x4000_0010, 0x4000_0202]],
    [0x4000_0003, [54]],
  ],
  arm64: [
    [0xc000_00b7, [29]],
    [0x4000_0028, [54]],
  ],
};

/** linux/bpf_common.h, linux/seccomp.h */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const ERRNO = 0x0005_0000;
const EPERM = 0x0005_0001;
const SECCOMP_GET_ACTION_AVAIL = 2;
/** Offsets in `struct seccomp_data`; of the request the lower half, which is what the kernel looks at. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const REQUEST = 24;

/** `struct sock_filter`; jumps count the instructions to leave out. */
const instruction = (code: number, k: number, [then, otherwise]: readonly [number, number] = [0, 0]): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(then, 2);
  bytes.writeUInt8(otherwise, 3);
  bytes.writeUInt32LE(k, 4);
  return bytes;
};

/** {@link terminalFilter} of this machine; none where the kernel has no filters. */
export const terminalFilters = (): Buffer[] => {
  const action = Buffer.alloc(4);
  action.writeUInt32LE(ERRNO);
  try {
    syscall('seccomp', [SECCOMP_GET_ACTION_AVAIL, 0, action]);
    return [terminalFilter()];
  } catch (error) {
    if (isErrno(error, 'ENOSYS', 'EINVAL', 'EOPNOTSUPP')) return [];
    throw error;
  }
};

/** The filter, as the kernel takes it: both requests are EPERM, everything else is for other filters to judge. */
export const terminalFilter = (architecture: string = process.arch): Buffer => {
  const requests = [
    instruction(LOAD, REQUEST),
    ...REQUESTS.map((request, index) => instruction(JUMP_IF_EQUAL, request, [REQUESTS.length - index, 0])),
    instruction(RETURN, ALLOW),
    instruction(RETURN, EPERM),
  ];
  const abis = (ABIS[architecture] ?? []).map(([abi, numbers]) => ({
    abi,
    // Whichever number it is, on to the requests; else past them.
    calls: [
      instruction(LOAD, NUMBER),
      ...numbers.map((number, index) => instruction(JUMP_IF_EQUAL, number, [numbers.length - index, 0])),
      instruction(RETURN, ALLOW),
      ...requests,
    ],
  }));
  return Buffer.concat([
    instruction(LOAD, ARCHITECTURE),
    ...abis.flatMap(({abi, calls}) => [instruction(JUMP_IF_EQUAL, abi, [0, calls.length]), ...calls]),
    instruction(RETURN, ALLOW),
  ]);
};
