import ffi from 'node:ffi';

/** What one run of a program cost, all its descendants that were waited for included. Milliseconds. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly exitCode: number;
}

const library = new ffi.DynamicLibrary('libc.so.6');
const call = (name: string, count: number) => {
  const native = library.getFunction(name, {
    return: 'i32',
    arguments: Array.from({length: count}, () => 'i64' as const),
  }) as unknown as (...words: bigint[]) => number;
  return (...words: readonly (bigint | number)[]) => native(...words.map(BigInt));
};
const posixSpawn = call('posix_spawn', 6);
const wait4 = call('wait4', 4);
const actionsInit = call('posix_spawn_file_actions_init', 1);
const actionsOpen = call('posix_spawn_file_actions_addopen', 5);

const O_RDONLY = 0;
const O_WRONLY = 1;
const address = (buffer: Uint8Array) => ffi.getRawPointer(buffer as Buffer);
const cString = (text: string) => Buffer.from(`${text}\0`);
const array = (strings: readonly Buffer[]) => {
  const pointers = Buffer.alloc(8 * (strings.length + 1));
  for (const [index, text] of strings.entries()) pointers.writeBigUInt64LE(address(text), 8 * index);
  return pointers;
};

const nullDevice = cString('/dev/null');
// Larger than the structure of any C library.
const actions = Buffer.alloc(256);
actionsInit(address(actions));
for (const [fd, flags] of [
  [0, O_RDONLY],
  [1, O_WRONLY],
  [2, O_WRONLY],
] as const) {
  actionsOpen(address(actions), fd, address(nullDevice), flags, 0);
}

/**
 * Runs a program with nothing on its standard input, output and error, and waits for it. Calls posix_spawn and wait4 directly: Node's own
 * child processes cost milliseconds of wall time here, and tell nothing about what the child used.
 */
export const spawnMeasured = (
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Cost => {
  const path = cString(program);
  const argv = [path, ...args.map(cString)];
  const env = Object.entries(environment).map(([name, value]) => cString(`${name}=${value}`));
  const [argvArray, envArray] = [array(argv), array(env)];
  const pid = Buffer.alloc(4);
  const status = Buffer.alloc(4);
  const usage = Buffer.alloc(256);
  const start = performance.now();
  const error = posixSpawn(...[pid, path, actions].map(address), 0n, address(argvArray), address(envArray));
  if (error !== 0) throw new Error(`posix_spawn ${program}: errno ${error}`);
  if (wait4(BigInt(pid.readInt32LE()), address(status), 0n, address(usage)) < 0)
    throw new Error(`wait4 ${program} failed`);
  const wall = performance.now() - start;
  const seconds = (offset: number) =>
    Number(usage.readBigInt64LE(offset)) * 1e3 + Number(usage.readBigInt64LE(offset + 8)) / 1e3;
  const code = status.readInt32LE();
  // Keeps the strings reachable until after the calls.
  argv.length = env.length = 0;
  return {wall, cpu: seconds(0) + seconds(16), exitCode: code & 0x7f ? 128 + (code & 0x7f) : (code >> 8) & 0xff};
};
