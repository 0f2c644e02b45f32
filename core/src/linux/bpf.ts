import {Fd} from './fd.ts';
import {addressOf, cString, syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

/*
 * bpf(2), as far as programs take it that decide about the devices of a cgroup (linux/bpf.h).
 */

const COMMAND = {load: 5, attach: 8, open: 13, inspect: 15, query: 16} as const;
const CGROUP_DEVICE_PROGRAM = 15;
const CGROUP_DEVICE = 6;
/** Cgroups below may have further programs; all of them have to allow an access. */
const ALLOW_MULTI = 2;
const INSTRUCTION = 8;
/** Programs that one cgroup can have at most. */
const MAX_PROGRAMS = 64;

/** The check of a program gives up when a signal comes; as often is it tried again. */
const ATTEMPTS = 20;

/** @param pointed what the attributes have the addresses of */
const call = (command: number, attributes: Buffer, pointed: Buffer[] = []): number => {
  const result = syscall('bpf', [command, attributes, attributes.length]);
  // Still referenced here: not collected during the call.
  pointed.length = 0;
  return result;
};

/** Loads a program. EPERM without CAP_BPF or CAP_SYS_ADMIN, EINVAL on a kernel without such programs. */
export const loadDeviceProgram = (program: Buffer): Fd => {
  const license = cString('Apache-2.0');
  const attributes = Buffer.alloc(72);
  attributes.writeUInt32LE(CGROUP_DEVICE_PROGRAM, 0);
  attributes.writeUInt32LE(program.length / INSTRUCTION, 4);
  attributes.writeBigUInt64LE(addressOf(program), 8);
  attributes.writeBigUInt64LE(addressOf(license), 16);
  attributes.write('rkt_devices', 48, 'latin1');
  attributes.writeUInt32LE(CGROUP_DEVICE, 68);
  for (let attempt = 1; ; attempt++) {
    try {
      return new Fd(call(COMMAND.load, attributes, [program, license]));
    } catch (error) {
      if (attempt === ATTEMPTS || !isErrno(error, 'EAGAIN')) throw error;
    }
  }
};

/** Has a program decide about the devices of a cgroup and of those below it, for as long as the cgroup is there. */
export const attachDeviceProgram = (cgroup: Fd, program: Fd): void => {
  const attributes = Buffer.alloc(20);
  attributes.writeUInt32LE(cgroup.number, 0);
  attributes.writeUInt32LE(program.number, 4);
  attributes.writeUInt32LE(CGROUP_DEVICE, 8);
  attributes.writeUInt32LE(ALLOW_MULTI, 12);
  call(COMMAND.attach, attributes);
};

/** Tags of the programs that decide about the devices of a cgroup, its own, not of those above: a hash of their instructions. */
export const deviceProgramTags = (cgroup: Fd): string[] => {
  const ids = Buffer.alloc(MAX_PROGRAMS * 4);
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(cgroup.number, 0);
  attributes.writeUInt32LE(CGROUP_DEVICE, 4);
  attributes.writeBigUInt64LE(addressOf(ids), 16);
  attributes.writeUInt32LE(MAX_PROGRAMS, 24);
  call(COMMAND.query, attributes, [ids]);
  return Array.from({length: attributes.readUInt32LE(24)}, (_, index) => {
    using program = openProgram(ids.readUInt32LE(index * 4));
    return programTag(program);
  });
};

const openProgram = (id: number): Fd => {
  const attributes = Buffer.alloc(12);
  attributes.writeUInt32LE(id, 0);
  return new Fd(call(COMMAND.open, attributes));
};

/** `struct bpf_prog_info`: type, number, tag of eight bytes. */
export const programTag = (program: Fd): string => {
  const info = Buffer.alloc(16);
  const attributes = Buffer.alloc(16);
  attributes.writeUInt32LE(program.number, 0);
  attributes.writeUInt32LE(info.length, 4);
  attributes.writeBigUInt64LE(addressOf(info), 8);
  call(COMMAND.inspect, attributes, [info]);
  return info.toString('hex', 8);
};
