import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {root} from '../../helpers/command.ts';

/** Where a fault flavor fails: when it is loaded, or in a hook. */
export const HOOKS = ['module', 'probe', 'filesystem', 'environment', 'launch', 'appProcess', 'enter', 'stop'] as const;
export type Hook = (typeof HOOKS)[number];

/** What it does there, as a function of what it would do without. */
const DOES = {
  delays: '(real) => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200); return real(); }',
  crashes: '() => process.abort()',
  throws: "() => { throw new TypeError('fault') }",
  hangs: '() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'returns garbage': "() => [{do: 'nothing that is known'}]",
  'returns too much': '() => Array(20_001).fill({})',
  'takes all memory': '() => new ArrayBuffer(1e10)',
  'writes a file': "() => require('node:fs').writeFileSync('/tmp/fault', '')",
  forks: "() => require('node:child_process').spawn('/bin/true')",
} as const;
export type Fault = keyof typeof DOES;
export const FAULTS = Object.keys(DOES) as Fault[];

/** A flavor that fails as it is told; it is the same to a pod that runs, whatever it is told. */
export interface FaultFlavor {
  /** For `--stage1`. */
  readonly directory: string;
  /** From now on; without arguments at no place. */
  readonly tell: (hook?: Hook | 'every hook', fault?: Fault) => void;
  /** Command lines of its processes that are there. */
  readonly processes: () => string[];
}

/** fly under another name, with the hooks that fly does without. */
const source = `const {default: fly} = require('${path.join(root, 'flavors/fly/dist/index.cjs')}');
const told = require('told/fault.json');
const faults = {${Object.entries(DOES)
  .map(([name, code]) => `${JSON.stringify(name)}: ${code}`)
  .join(', ')}};
const at = (hook, real) => told.hook === hook || told.hook === 'every hook' ? faults[told.fault](real) : real();
const stop = (pod, force) => [{do: 'signal', to: 'supervisor', signal: force ? 'SIGKILL' : 'SIGTERM'}, {do: 'await-exit', milliseconds: 10_000}, {do: 'kill'}];
const hooks = {...fly, stop, appProcess: () => ({in: 'child', generation: 1})};
delete hooks.declaration;
delete hooks.appCgroup;
module.exports = {
  ...Object.fromEntries(Object.entries(hooks).map(([hook, call]) => [hook, (...given) => at(hook, () => call(...given))])),
  declaration: {...fly.declaration, name: 'fault'},
};
module.exports = at('module', () => module.exports);
`;

/** Makes a fault flavor in a new directory. */
export const makeFaultFlavor = (directory: string): FaultFlavor => {
  mkdirSync(directory, {recursive: true});
  // Its package.json does not name it: it is no part of what is pinned, nor of the copy that is kept.
  const told = path.join(directory, 'node_modules/told');
  mkdirSync(told, {recursive: true});
  const tell: FaultFlavor['tell'] = (hook, fault) =>
    writeFileSync(path.join(told, 'fault.json'), JSON.stringify({hook, fault}));
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({name: 'rkt-flavor-fault', main: 'index.cjs'}));
  writeFileSync(path.join(directory, 'index.cjs'), source);
  tell();
  return {
    directory,
    tell,
    processes: () => commandLines().filter((line) => line.includes(path.join(directory, 'index.cjs'))),
  };
};

const commandLines = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        // It has ended.
        return [];
      }
    });
