import type {Capability, SeccompArgument} from '../../../contract/process.ts';

/** CLONE_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID and _NEWNET (linux/sched.h). */
const NEW_NAMESPACES = 0x7e02_0000;
const AF_VSOCK = 40;
/** PER_LINUX, PER_LINUX32, UNAME26, both, and the question what it is (linux/personality.h). */
const PERSONALITIES = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

interface Condition {
  /** The call is allowed when one of these holds. */
  readonly alternatives: readonly SeccompArgument[];
  /** With this capability it is allowed whatever its arguments. */
  readonly unless?: Capability;
}

/** Calls of rkt's default set that are harmless only with some arguments. */
export const CONDITIONS: Readonly<Record<string, Condition>> = {
  clone: {alternatives: [{index: 0, op: 'masked-eq', mask: NEW_NAMESPACES, value: 0}], unless: 'CAP_SYS_ADMIN'},
  personality: {alternatives: PERSONALITIES.map((value) => ({index: 0, op: 'eq', value}))},
  socket: {alternatives: [{index: 0, op: 'ne', value: AF_VSOCK}]},
};
