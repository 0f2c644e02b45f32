import {readSync} from 'node:fs';
import {getSystemErrorName} from 'node:util';
import type {SeccompAction, SeccompArgument, SeccompFilter} from '../contract/process.ts';
import {seccompFilterFailed, seccompLibraryMissing} from './errors.ts';
import {pipe} from './pipe.ts';
import {syscallNumber} from './syscall-numbers.ts';

/** Instructions of a filter, 8 bytes each (linux/bpf_common.h). */
export const BPF_INSTRUCTION = 8;
export const BPF_MAX_INSTRUCTIONS = 4096;

/** seccomp.h of libseccomp */
const ACTION = {kill: 0x8000_0000, errno: 0x0005_0000, allow: 0x7fff_0000} as const;
const COMPARISON = {ne: 1, eq: 4, 'masked-eq': 7} as const;
const ATTRIBUTE = {badArchitecture: 2, noNewPrivileges: 3, optimize: 8} as const;
const BINARY_TREE = 2;

const bind = () => {
  const {DynamicLibrary, getUint32} = process.getBuiltinModule('node:ffi');
  let library: InstanceType<typeof DynamicLibrary>;
  try {
    library = new DynamicLibrary('libseccomp.so.2');
  } catch (cause) {
    throw seccompLibraryMissing(cause);
  }
  const version = library.getFunction('seccomp_version', {return: 'pointer', arguments: []});
  return {
    init: library.getFunction('seccomp_init', {return: 'pointer', arguments: ['u32']}),
    release: library.getFunction('seccomp_release', {return: 'void', arguments: ['pointer']}),
    setAttribute: library.getFunction('seccomp_attr_set', {return: 'i32', arguments: ['pointer', 'i32', 'u32']}),
    // The C library's rule_add is variadic; this one is not.
    addRule: library.getFunction('seccomp_rule_add_array', {
      return: 'i32',
      arguments: ['pointer', 'u32', 'i32', 'u32', 'pointer'],
    }),
    exportBpf: library.getFunction('seccomp_export_bpf', {return: 'i32', arguments: ['pointer', 'i32']}),
    version: (): string => {
      const address = version();
      return [0, 4, 8].map((offset) => getUint32(address, offset)).join('.');
    },
  };
};
let bound: ReturnType<typeof bind> | undefined;
const library = () => {
  bound ??= bind();
  return bound;
};

/** Version of the installed libseccomp: `2.5.4`. @throws RKT_SECCOMP_LIBRARY_MISSING */
export const seccompVersion = (): string => library().version();

const actionCode = (action: SeccompAction): number =>
  action.action === 'errno' ? ACTION.errno | action.errno : ACTION[action.action];

/**
 * Compiles a filter for this machine's own architecture: calls by any other ABI (i386, x32) kill the process. Names of calls of other architectures only mean
 * nothing here.
 * @returns `struct sock_filter[]` for seccomp(2)
 * @throws RKT_SECCOMP_LIBRARY_MISSING, RKT_SECCOMP_FILTER_FAILED
 */
export const compileFilter = ({default: otherwise, rules}: SeccompFilter): Buffer => {
  const {init, release, setAttribute, addRule, exportBpf} = library();
  const check = (what: string, result: number): void => {
    if (result < 0) throw seccompFilterFailed(what, getSystemErrorName(result));
  };
  const context = init(actionCode(otherwise));
  if (context === 0n) throw seccompFilterFailed('seccomp_init', 'EINVAL');
  try {
    check('bad architecture action', setAttribute(context, ATTRIBUTE.badArchitecture, ACTION.kill));
    check('no-new-privileges attribute', setAttribute(context, ATTRIBUTE.noNewPrivileges, 0));
    // Since libseccomp 2.5; without it the filter is a list, longer to walk but the same.
    setAttribute(context, ATTRIBUTE.optimize, BINARY_TREE);
    const done = new Set<number>();
    const conditional = new Map<number, number>();
    for (const {syscalls, outcome, args = []} of rules) {
      // libseccomp refuses a rule that says what the default does; the call must still not fall to a later rule.
      const redundant = actionCode(outcome) === actionCode(otherwise);
      for (const name of syscalls) {
        const number = syscallNumber(name);
        if (number === undefined || done.has(number)) continue;
        // libseccomp lets a rule without conditions replace those with conditions before it: only harmless when they say the same.
        const before = conditional.get(number);
        if (before !== undefined && before !== actionCode(outcome)) {
          throw seccompFilterFailed(`${name}: rules with conditions and other outcomes before this one`, 'ENOTSUP');
        }
        if (args.length === 0) done.add(number);
        else conditional.set(number, actionCode(outcome));
        const conditions = args.length === 0 ? null : encodeArguments(args);
        if (!redundant) check(name, addRule(context, actionCode(outcome), number, args.length, conditions));
      }
    }
    return exportProgram((fd) => check('export', exportBpf(context, fd)));
  } finally {
    release(context);
  }
};

/** `struct scmp_arg_cmp[]` of seccomp.h: argument, comparison, two values of 64 bits. */
const encodeArguments = (args: readonly SeccompArgument[]): Buffer => {
  const encoded = Buffer.alloc(args.length * 24);
  args.forEach(({index, op, value, mask}, position) => {
    const values = op === 'masked-eq' ? [mask ?? 0xffff_ffff, value] : [value, 0];
    encoded.writeUInt32LE(index, position * 24);
    encoded.writeUInt32LE(COMPARISON[op], position * 24 + 4);
    values.forEach((word, offset) => {
      encoded.writeBigUInt64LE(BigInt(word), position * 24 + 8 + offset * 8);
    });
  });
  return encoded;
};

// A pipe takes 64 KiB, twice what a filter can have.
const exportProgram = (write: (fd: number) => void): Buffer => {
  const {read, write: end} = pipe();
  try {
    write(end.number);
    end.close();
    const buffer = Buffer.alloc(BPF_MAX_INSTRUCTIONS * BPF_INSTRUCTION + 1);
    let length = 0;
    for (let count = -1; count !== 0; length += count) count = readSync(read.number, buffer, {offset: length});
    if (length > BPF_MAX_INSTRUCTIONS * BPF_INSTRUCTION)
      throw seccompFilterFailed('more than 4096 instructions', 'E2BIG');
    return buffer.subarray(0, length);
  } finally {
    end.close();
    read.close();
  }
};
