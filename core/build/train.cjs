'use strict';
const {spawn, spawnSync} = require('node:child_process');
const {closeSync, mkdtempSync, openSync, rmSync, writeFileSync} = require('node:fs');
const {tmpdir} = require('node:os');
const path = require('node:path');
const {setFlagsFromString} = require('node:v8');
const vm = require('node:vm');

/*
 * Makes the code cache of the bundle, and of the flavors that it launches pods with. V8 compiles a function when it is first called and the cache holds what has been compiled, so this process does
 * what commands do, once each: with the argument `run` those that launch a pod, with `run-prepared` and `enter` that one, with `list` those that only look, with `plan` that one, with `fetch` what the others have most of. This is no TypeScript because Node strips types with WebAssembly, which changes V8's flags,
 * and a cache made under other flags is refused.
 */

const start = require.resolve('../bin/start.cjs');
const place = mkdtempSync(path.join(tmpdir(), 'rkt-build-'));
const kind = process.argv[2];
const launches = kind === 'run';
const image = path.join(place, 'image.aci');
const another = path.join(place, 'another.aci');
const global = [`--dir=${place}/data`, '--insecure-options=image'];

/** What is not hot is done by another process: each function in the cache is read by every command. */
const cold = (...args) => {
  const {status, stdout, stderr} = spawnSync(process.execPath, [...process.execArgv, start, ...args]);
  if (status !== 0) throw new Error(String(stderr));
  return String(stdout).trim();
};

/** Not root, no bsdtar, no systemd: rkt will only start more slowly. */
const attempt = (work) => {
  try {
    return work();
  } catch ({message}) {
    process.stderr.write(`code cache without what run needs: ${message}\n`);
    return undefined;
  }
};

const preparePod = () => {
  cold('image', 'build', '--from-host', '/bin/true', '--name=train', '--exec=/bin/true', '-o', image);
  cold(...global, 'fetch', image);
  return cold(...global, 'prepare', '--stage1=fly', 'train');
};

/** What is made once of this host, and checked once. */
const runOnNspawn = () => {
  cold(...global, 'run', '--stage1=nspawn', 'train');
  return cold(...global, 'gc', '--grace-period=0s');
};

/** A pod to enter, until this process ends. */
const startPod = () => {
  cold('image', 'build', '--from-host', '/bin/sleep', '--name=train', '--exec=/bin/sleep', '-o', image);
  cold(...global, 'fetch', image);
  const run = [...global, 'run', '--stage1=fly', '--pod-name=train', 'train', '--', '600'];
  const pod = spawn(process.execPath, [...process.execArgv, start, ...run], {stdio: 'ignore'});
  process.once('exit', () => pod.kill('SIGKILL'));
  cold(...global, 'status', '--wait-ready=1m', 'train');
  return 'train';
};

/** What is loaded by a code cache, by its file. */
const scripts = new Map();
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options);
    scripts.set(options.filename, this);
  }
};

// V8 forgets the bytecode of functions that have not run for a while.
setFlagsFromString('--no-flush-bytecode');

const train = async ({rkt}, uuid) => {
  if (kind === 'list') await rkt(['version']);
  if (uuid === undefined) return;
  // As far as a run can go and come back.
  const point = {run: 'launch.credentials', 'run-prepared': 'launch.credentials', enter: 'enter.program'}[kind];
  if (point !== undefined) process.env.RKT_FAULT = `${point}:error`;
  const commands = {
    run: [
      // Not as it was prepared, so that it is checked: most pods are when they run for the first time.
      ['run', '--stage1=fly', '--set-env=NEW=1', 'train'],
      ...(hasNspawn ? [['run', '--stage1=nspawn', '--set-env=NEW=1', 'train']] : []),
    ],
    'run-prepared': [['run-prepared', uuid]],
    enter: [['enter', uuid, 'sleep', '0']],
    list: [['list'], ['status', uuid]],
    plan: [['plan', '--stage1=fly', 'train']],
    fetch: [
      ['image', 'build', '--from-host', '/bin/true', '--name=another', '--exec=/bin/true', '-o', another],
      ['fetch', another],
      ['rm', uuid],
      ['gc', '--grace-period=0s'],
    ],
  };
  for (const command of commands[kind]) {
    const status = await rkt([...global, ...command]);
    if (status !== (point === undefined ? 0 : 254)) throw new Error(`rkt ${command.join(' ')} ended with ${status}`);
  }
  delete process.env.RKT_FAULT;
  if (kind === 'enter') {
    cold(...global, 'stop', '--force', uuid);
    cold(...global, 'gc', '--grace-period=0s');
  }
};

const uuid = attempt(kind === 'enter' ? startPod : preparePod);
const hasNspawn = launches && uuid !== undefined && attempt(runOnNspawn) !== undefined;
const {bundle, cache, script} = require(start);
// What the commands say is of no interest. The descriptors themselves are replaced, for rkt writes to them without Node's streams.
for (const fd of [1, 2]) {
  closeSync(fd);
  openSync('/dev/null', 'w');
}
train(bundle, uuid)
  .then(() => {
    // Back to what V8 starts with.
    setFlagsFromString('--flush-bytecode');
    for (const [file, made] of scripts) {
      if (made === script || launches)
        writeFileSync(made === script ? cache : `${file}.cache`, made.createCachedData());
    }
  })
  .finally(() => rmSync(place, {recursive: true, force: true}))
  .then(() => process.exit(0));
