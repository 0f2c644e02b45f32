import {appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {root} from '../helpers/command.ts';
import {type Host, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* A pod keeps the flavor that it was made with, whatever becomes of the package: a copy by its digest, until gc finds that no pod has it. */

const keptTest = testIf(lacksPods());

/** fly, which tells every app what it is: in a file of its own, and in a package that it names by an alias. */
const install = (directory: string, version: string, {dependency = 'dependency'} = {}): void => {
  const write = (file: string, content: string) => {
    mkdirSync(path.dirname(path.join(directory, file)), {recursive: true});
    writeFileSync(path.join(directory, file), content);
  };
  write(
    'package.json',
    JSON.stringify({name: 'rkt-flavor-told', main: 'index.cjs', dependencies: {[dependency]: 'npm:told@1'}}),
  );
  write(
    'index.cjs',
    `const {default: fly} = require('${path.join(root, 'flavors/fly/dist/index.cjs')}');
const told = [require('./version.cjs'), require('dependency')].join(' ');
const launch = (...given) => {
  const launch = fly.launch(...given);
  const env = [{name: 'TOLD', value: told}, {name: 'HOOKS_AS', value: String(process.geteuid())}];
  return {...launch, process: {...launch.process, env: [...launch.process.env, ...env]}};
};
module.exports = {...fly, launch};
`,
  );
  write('version.cjs', `module.exports = '${version}';`);
  write('node_modules/dependency/package.json', '{"name": "told", "main": "index.cjs"}');
  write('node_modules/dependency/index.cjs', `module.exports = 'with ${version}';`);
};

const prepare = async (host: Host, stage1: string): Promise<string> => {
  const app = ['--exec=/bin/sh', '--', '-c', 'echo "$TOLD"; echo "hooks as $HOOKS_AS" >&2'];
  const {stdout, stderr} = await host.rkt(['prepare', `--stage1=${stage1}`, await host.fetch(), ...app]);
  if (stdout === '') throw new Error(stderr);
  return stdout.trim();
};

/** With options that make it plan again. */
const runAgain = (host: Host, uuid: string) => host.rkt(['--format=json', 'run-prepared', '--dns=none', uuid]);

const copies = (host: Host): string[] => {
  const directory = path.join(host.data, 'cas/flavor-copies');
  return existsSync(directory) ? readdirSync(directory) : [];
};

keptTest(
  'a prepared pod runs with the flavor that it was planned with: upgraded, broken or removed meanwhile',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const stage1 = path.join(host.directory, 'flavor');
    install(stage1, 'one');
    const [upgraded, elsewhere, removed] = [
      await prepare(host, stage1),
      await prepare(host, stage1),
      await prepare(host, stage1),
    ];
    t.is(copies(host).length, 1);
    const {mode, uid} = statSync(path.join(host.data, 'cas/flavor-copies', copies(host)[0] ?? ''));
    t.deepEqual([mode & 0o777, uid], [0o700, 0]);

    // Its first file stays as it is.
    install(stage1, 'two');
    const first = await runAgain(host, upgraded);
    t.is(first.stdout, 'one with one\n', first.stderr);
    const fresh = await prepare(host, stage1);
    t.is(copies(host).length, 2);
    const second = await host.rkt(['run-prepared', `--stage1=${stage1}`, elsewhere]);
    t.is(second.stdout, 'two with two\n', second.stderr);
    rmSync(stage1, {recursive: true});
    const third = await runAgain(host, removed);
    t.is(third.stdout, 'one with one\n', third.stderr);
    // Nobody: root is who owns the copy.
    t.regex(third.stderr, /^hooks as 65534$/m);

    await host.rkt(['gc', '--grace-period=0s']);
    t.deepEqual(copies(host), [(host.podFile(fresh, 'summary.json') as {flavor: {digest: string}}).flavor.digest]);
    const last = await runAgain(host, fresh);
    t.is(last.stdout, 'two with two\n', last.stderr);
    for (let pass = 0; pass < 2; pass++) await host.rkt(['gc', '--grace-period=0s']);
    t.deepEqual(copies(host), []);
  },
);

keptTest(
  'a copy that is damaged, or is not all that the flavor needs, is not used: the pod stays prepared',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const stage1 = path.join(host.directory, 'flavor');
    install(stage1, 'one');
    const uuid = await prepare(host, stage1);
    install(stage1, 'two');
    const [copy = ''] = copies(host);
    appendFileSync(path.join(host.data, 'cas/flavor-copies', copy, 'packages/0/version.cjs'), '\n');
    const damaged = await runAgain(host, uuid);
    t.is(damaged.error?.code, 'RKT_FLAVOR_REPLACED', damaged.stderr);
    t.regex(String(damaged.error?.fields.because), /damaged/);
    t.deepEqual(host.podDirectories(), {prepared: [uuid]});
    // Whoever prepares with it next makes it whole again.
    install(stage1, 'one');
    await prepare(host, stage1);
    install(stage1, 'two');
    const {stdout, stderr} = await runAgain(host, uuid);
    t.is(stdout, 'one with one\n', stderr);

    install(stage1, 'three', {dependency: 'another'});
    const lacking = await prepare(host, stage1);
    install(stage1, 'four');
    const refused = await runAgain(host, lacking);
    t.is(refused.error?.code, 'RKT_FLAVOR_REPLACED', refused.stderr);
    t.regex(String(refused.error?.fields.because), /dependency/);
    t.true(host.podDirectories().prepared?.includes(lacking));
  },
);

keptTest("rkt's own flavor is kept of a prepared pod, and a pod that runs at once keeps none", async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  t.is((await host.sh('true', {stage1: 'fly'})).exitCode, 0);
  t.deepEqual(copies(host), []);
  const uuid = await prepare(host, 'fly');
  const {digest, source} = (host.podFile(uuid, 'summary.json') as {flavor: {digest: string; source: string}}).flavor;
  t.deepEqual(copies(host), [digest]);
  // As if rkt had been upgraded since.
  const summary = path.join(host.data, 'pods/prepared', uuid, 'summary.json');
  const other = path.join(host.directory, 'other.cjs');
  writeFileSync(other, `module.exports = require('${source}');`);
  writeFileSync(
    summary,
    JSON.stringify({
      ...(host.podFile(uuid, 'summary.json') as object),
      flavor: {...(host.podFile(uuid, 'summary.json') as {flavor: object}).flavor, source: other},
    }),
  );
  const {exitCode, stderr} = await runAgain(host, uuid);
  t.is(exitCode, 0, stderr);
});
