import {execFile} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {root, sources} from './sources.ts';

/** What is added to the contract and forgotten everywhere else: where it is written, behind what, and the files that do not compile then. */
const plants = [
  {
    what: 'os/linux/planted',
    file: 'core/src/contract/isolators.ts',
    behind: 'export const isolatorValues = {',
    line: "'os/linux/planted': z.strictObject({}),",
    forgottenIn: [
      'core/src/appc/isolators/definitions.ts',
      'core/src/pod/compose/widens.ts',
      'core/src/stage1/aci/promises.ts',
      'flavors/fly/src/index.ts',
      'flavors/kvm/src/declaration.ts',
      'flavors/nspawn/src/declaration.ts',
      'plugin-sdk/src/read-back.ts',
    ],
  },
  {
    what: 'plantedField',
    file: 'core/src/contract/process.ts',
    behind: 'export const process = z.strictObject({',
    line: 'plantedField: z.boolean(),',
    forgottenIn: [
      'core/src/appc/compile/process.ts',
      'core/src/cli/commands/plan.ts',
      'core/src/linux/credentials.ts',
      'core/src/stage1/aci/aci-flavor.ts',
      'core/src/stage1/negotiation/degrade.ts',
      'flavors/kvm/src/beside.ts',
      'plugin-sdk/src/launcher.ts',
      'plugin-sdk/src/systemd/sandbox.ts',
    ],
  },
  {
    what: 'plantedOption',
    file: 'core/src/contract/process.ts',
    behind: '  argv: z.array(z.string()).check(z.minLength(1)),',
    line: 'plantedOption: z.optional(z.boolean()),',
    forgottenIn: [
      'core/src/cli/commands/plan.ts',
      'core/src/linux/credentials.ts',
      'core/src/stage1/negotiation/degrade.ts',
      'plugin-sdk/src/systemd/sandbox.ts',
    ],
  },
  {
    what: 'plantedMax',
    file: 'core/src/contract/process.ts',
    behind: 'export const cgroupLimits = z.strictObject({',
    line: 'plantedMax: z.optional(z.int()),',
    forgottenIn: [
      'core/src/appc/compile/limits.ts',
      'core/src/linux/cgroup-limits.ts',
      'flavors/kvm/src/bundle.ts',
      'flavors/kvm/src/pod-limits.ts',
      'flavors/nspawn/src/cgroups.ts',
      'plugin-sdk/src/systemd/limits.ts',
    ],
  },
  {
    what: 'PlantedStatus',
    file: 'core/src/contract/support.ts',
    behind: 'field: z.enum([',
    line: "'PlantedStatus', ",
    forgottenIn: ['core/src/stage1/verify/verify.ts'],
  },
  {
    what: 'planted-source',
    file: 'core/src/contract/support.ts',
    behind: "z.discriminatedUnion('from', [",
    line: "z.strictObject({from: z.literal('planted-source')}),",
    forgottenIn: ['core/src/stage1/verify/verify.ts'],
  },
] as const;

/** The sources of the packages in a directory of their own, as a checkout has them. */
const copySources = (): string => {
  const copy = mkdtempSync(path.join(tmpdir(), 'rkt-planted-'));
  const packages = ['core', 'plugin-sdk', 'flavors/fly', 'flavors/kvm', 'flavors/nspawn'];
  for (const directory of packages) {
    cpSync(path.join(root, directory, 'src'), path.join(copy, directory, 'src'), {recursive: true});
    cpSync(path.join(root, directory, 'package.json'), path.join(copy, directory, 'package.json'));
  }
  cpSync(path.join(root, 'tsconfig.json'), path.join(copy, 'tsconfig.json'));
  cpSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
  mkdirSync(path.join(copy, 'node_modules/@rkt'), {recursive: true});
  for (const name of readdirSync(path.join(root, 'node_modules'))) {
    if (name !== '@rkt') symlinkSync(path.join(root, 'node_modules', name), path.join(copy, 'node_modules', name));
  }
  for (const directory of packages.slice(0, 2))
    symlinkSync(path.join(copy, directory), path.join(copy, 'node_modules/@rkt', directory));
  return copy;
};

/** One for each error of the compiler, with all its lines. */
const compile = (directory: string): Promise<{file: string; text: string}[]> =>
  new Promise((resolve) => {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    execFile(process.execPath, [tsc, '--noEmit', '--pretty', 'false'], {cwd: directory}, (_error, stdout) => {
      const errors = stdout.split(/^(?=\S[^\n]*\(\d+,\d+\): error)/m).filter((text) => text !== '');
      resolve(errors.map((text) => ({file: text.split('(', 1)[0] ?? '', text})));
    });
  });

test('an isolator, or what one decides, that is forgotten somewhere does not compile', async (t) => {
  const copy = copySources();
  t.teardown(() => rmSync(copy, {recursive: true}));
  for (const {file, behind, line} of plants) {
    const source = readFileSync(path.join(copy, file), 'utf8');
    t.is(source.split(behind).length, 2, `${file}: ${behind}`);
    writeFileSync(path.join(copy, file), source.replace(behind, `${behind}${line}`));
  }
  const errors = await compile(copy);
  for (const {what, forgottenIn} of plants) {
    // What may be absent stands in the types that an error shows, too.
    const files = errors.filter(({text}) => text.replaceAll(`${what}?:`, '').includes(what)).map(({file}) => file);
    t.deepEqual([...new Set(files)].sort(), [...forgottenIn], what);
  }
});

/** Where isolators are listed that may lack one. */
const PARTIAL: Readonly<Record<string, string>> = {
  'core/src/appc/compile/limits.ts': 'a test compiles each isolator and compares with its definition',
  'core/src/cli/grammar/isolators.ts': 'not every isolator has a flag',
  'core/src/stage1/choice/oci-features.ts': 'those that the OCI runtime specification has a word for',
  'core/src/stage1/wishes.ts': 'those that rkt applies by default',
  'flavors/kvm/src/pod-limits.ts':
    'those that QEMU has for the machine as a whole; any other limit that is told nowhere does not compile',
  'plugin-sdk/src/kit/cases/enter.ts': 'a test of the kit finds the name without a case',
  'plugin-sdk/src/kit/cases/isolators.ts': 'a test of the kit finds the name without a case',
  'plugin-sdk/src/kit/world.ts': 'those that every pod has by default, asked for or not',
  'plugin-sdk/src/kit/table.ts': 'a test of the kit finds the name without a case',
};

test('every list of isolators is complete, or says why not', (t) => {
  const complete = [...plants[0].forgottenIn, plants[0].file];
  const lists = sources().filter((file) => {
    if (!/^(core|plugin-sdk|flavors\/[a-z]+)\/src\//.test(file)) return false;
    const names = readFileSync(path.join(root, file), 'utf8').matchAll(/'((os|resource)\/[a-z/-]+)'/g);
    return new Set([...names].map(([, name]) => name)).size > 2;
  });
  t.deepEqual(lists, [...complete, ...Object.keys(PARTIAL)].sort());
});
