'use strict';
const {spawnSync} = require('node:child_process');
const {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} = require('node:fs');
const {tmpdir} = require('node:os');
const path = require('node:path');
const {setFlagsFromString} = require('node:v8');

/*
 * Makes the code cache of the bundle. V8 compiles a function when it is first called and the cache holds what has been compiled, so this process does
 * what the hot commands do, once each: with the argument `run` those that launch a pod, else those that only look. This is no TypeScript because Node strips types with WebAssembly, which changes V8's flags,
 * and a cache made under other flags is refused.
 */

const start = require.resolve('../bin/start.cjs');
const place = mkdtempSync(path.join(tmpdir(), 'rkt-build-'));
const image = path.join(place, 'image.aci');
const global = [`--dir=${place}/data`, '--insecure-options=image'];

/** What is not hot is done by another process: each function in the cache is read by every command. */
const cold = (...args) => {
  const {status, stdout, stderr} = spawnSync(process.execPath, [...process.execArgv, start, ...args]);
  if (status !== 0) throw new Error(String(stderr));
  return String(stdout).trim();
};

const preparePod = () => {
  try {
    cold('image', 'build', '--from-host', '/bin/true', '--name=train', '--exec=/bin/true', '-o', image);
    cold(...global, 'fetch', image);
    // Twice, so that what is checked once has been checked.
    cold(...global, 'prepare', '--stage1=fly', 'train');
    return cold(...global, 'prepare', '--stage1=fly', 'train');
  } catch ({message}) {
    // Not root, or no bsdtar: rkt will only start more slowly.
    process.stderr.write(`code cache without what run needs: ${message}`);
    return undefined;
  }
};

// V8 forgets the bytecode of functions that have not run for a while.
setFlagsFromString('--no-flush-bytecode');

const train = async ({rkt}, uuid) => {
  if (process.argv.includes('run')) {
    if (uuid === undefined) return;
    // As far as a run can go and come back.
    process.env.RKT_FAULT = 'launch.credentials:error';
    await rkt([...global, 'run', '--stage1=fly', 'train']);
    await rkt([...global, 'run-prepared', uuid]);
  } else {
    await rkt(['version']);
    if (uuid === undefined) return;
    await rkt([...global, 'list']);
    await rkt([...global, 'status', uuid]);
  }
};

const uuid = preparePod();
const {bundle, cache, script} = require(start);
// What the commands say is of no interest. The descriptors themselves are replaced, for rkt writes to them without Node's streams.
for (const fd of [1, 2]) {
  closeSync(fd);
  openSync('/dev/null', 'w');
}
train(bundle, uuid)
  .then(() => {
    // Back to what V8 starts with: a run switches the compilers off before it becomes the app.
    for (const flag of ['--flush-bytecode', '--opt', '--maglev', '--sparkplug']) setFlagsFromString(flag);
    writeFileSync(cache, script.createCachedData());
  })
  .finally(() => rmSync(place, {recursive: true, force: true}))
  .then(() => process.exit(0));
