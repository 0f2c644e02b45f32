'use strict';
/*
 * Loads the bundle with the code cache that the build made of it. Unlike Node's own compile cache, which is taken when a file has been parsed, this one
 * was taken after commands had run and holds the functions that they call. There are six, because each costs what is in it: one of the commands that
 * launch, one of `run-prepared`, which decides nothing, one of `enter`, one of those that only look, one of `plan`, which checks more, and one of all others. V8 refuses a cache of another version by itself.
 */
const {closeSync, fstatSync, openSync, readFileSync, readSync, write} = require('node:fs');
const {Script} = require('node:vm');

// That of node:module, which would load more with it.
const Module = module.constructor;

// Packages come from where rkt is installed: what the caller's environment names is not searched, not even for what a package takes if it is there.
const {HOME, NODE_PATH} = process.env;
delete process.env.HOME;
delete process.env.NODE_PATH;
Module._initPaths();
if (HOME !== undefined) process.env.HOME = HOME;
if (NODE_PATH !== undefined) process.env.NODE_PATH = NODE_PATH;

const typed = process.argv.slice(2);

/**
 * Has the kernel begin what the move into a pod's cgroup would wait for: a grace period of RCU, some ten milliseconds, before it has the lock of all moves.
 * For a while after one move the next does not wait. This one, on a thread, is to where this process is.
 */
const expectMove = () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  // Where all of the hierarchy is mounted: nowhere else the file would be that of the cgroup that /proc names.
  const [, mountPoint] = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(mounts) ?? [];
  const [, own] = /^0::\/((?!\.\.).*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  if (mountPoint === undefined || own === undefined) return;
  const fd = openSync(`${mountPoint}/${own}/cgroup.procs`, 'r+');
  // Who needs the first thread of the pool starts all of them.
  const {UV_THREADPOOL_SIZE} = process.env;
  process.env.UV_THREADPOOL_SIZE = '1';
  write(fd, '0', () => closeSync(fd));
  if (UV_THREADPOOL_SIZE === undefined) delete process.env.UV_THREADPOOL_SIZE;
  else process.env.UV_THREADPOOL_SIZE = UV_THREADPOOL_SIZE;
};

if (process.geteuid() === 0 && typed.some((word) => /^(run|run-prepared|enter)$/.test(word))) {
  try {
    expectMove();
  } catch {
    // Then the move waits, or says why it cannot be.
  }
}

const filename = require('node:path').join(__dirname, '../dist/rkt.cjs');
const KINDS = [
  ['launch', /^(run|prepare)$/],
  ['prepared', /^run-prepared$/],
  ['enter', /^enter$/],
  ['look', /^(list|status|version|help|--help|-h)$/],
  ['plan', /^plan$/],
];
const [kind = 'work'] = KINDS.find(([, command]) => typed.some((word) => command.test(word))) ?? [];
const cache = `${filename}.${kind}.cache`;

/** A file of the build, by its descriptor. */
const open = (path) => {
  const fd = openSync(path);
  return {fd, size: fstatSync(fd).size};
};

/** The cache: before the build has made it, and wherever it was left out, rkt is only slower. */
const openCache = () => {
  try {
    return open(cache);
  } catch {
    return undefined;
  }
};

const text = open(filename);
const cached = openCache();
// One room for both, one after the other: to touch memory for the first time takes longer than to read a file into it.
const room = Buffer.allocUnsafeSlow(Math.max(text.size, cached?.size ?? 0));
const read = ({fd, size}) => {
  const length = readSync(fd, room, 0, size, 0);
  closeSync(fd);
  return room.subarray(0, length);
};
// The bundle, which is a function of what a module has, is ASCII, and a string of single bytes is the cheapest to make.
const source = read(text).latin1Slice();
const cachedData = cached && read(cached);
const script = new Script(source, {filename, ...(cachedData === undefined ? {} : {cachedData})});
const bundle = {exports: {}};
// What is not Node's own is rare, and a function that finds it takes longer to make than most of a command. So does node:module, of which rkt needs what all modules have.
const requireFrom = (name) =>
  name === 'node:module' ? Module : (process.getBuiltinModule(name) ?? Module.createRequire(filename)(name));
script.runInThisContext()(bundle.exports, requireFrom, bundle, filename, `${__dirname}/../dist`);

if (require.main === module) bundle.exports.main();
else module.exports = {bundle: bundle.exports, cache, script, rejected: script.cachedDataRejected};
