'use strict';
const {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} = require('node:fs');
const {tmpdir} = require('node:os');
const path = require('node:path');
const {setFlagsFromString} = require('node:v8');

/*
 * Makes the code cache of the bundle. V8 compiles a function when it is first called and the cache holds what has been compiled, so this process does
 * what the hot commands do, once each. Where a pod cannot run (not root, no bsdtar) there is less in it; rkt starts all the same.
 * This is no TypeScript because Node strips types with WebAssembly, which changes V8's flags, and a cache made under other flags is refused.
 */

// V8 forgets the bytecode of functions that have not run for a while.
setFlagsFromString('--no-flush-bytecode');

const {bundle, script} = require('../bin/start.cjs');
const {rkt} = bundle;

const place = mkdtempSync(path.join(tmpdir(), 'rkt-build-'));
const image = path.join(place, 'image.aci');
const global = [`--dir=${place}/data`, '--insecure-options=image'];

// What the commands say is of no interest. The descriptors themselves are replaced, for rkt writes to them without Node's streams.
for (const fd of [1, 2]) {
  closeSync(fd);
  openSync('/dev/null', 'w');
}

const train = async () => {
  await rkt(['version']);
  const built = await rkt([
    'image',
    'build',
    '--from-host',
    '/bin/true',
    '--name=train',
    '--exec=/bin/true',
    '-o',
    image,
  ]);
  if (built !== 0) return;
  await rkt([...global, 'fetch', image]);
  await rkt([...global, 'prepare', 'train', `--uuid-file-save=${place}/uuid`]);
  await rkt([...global, 'list']);
  await rkt([...global, 'status', `--uuid-file=${place}/uuid`]);
  // As far as a run can go and come back.
  process.env.RKT_FAULT = 'launch.credentials:error';
  await rkt([...global, 'run', 'train']);
  await rkt([...global, 'run-prepared', `--uuid-file=${place}/uuid`]);
  delete process.env.RKT_FAULT;
  await rkt([...global, 'gc', '--grace-period=0s']);
};

train()
  .then(() => {
    // Back to what V8 starts with: a run switches the compilers off before it becomes the app.
    for (const flag of ['--flush-bytecode', '--opt', '--maglev', '--sparkplug']) setFlagsFromString(flag);
    writeFileSync(path.join(__dirname, '../dist/rkt.cjs.cache'), script.createCachedData());
  })
  .finally(() => rmSync(place, {recursive: true, force: true}))
  .then(() => process.exit(0));
