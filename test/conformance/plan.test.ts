import {chmodSync, mkdirSync, statSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {asNobody} from '../helpers/as-nobody.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {difference, snapshot} from '../helpers/snapshot.ts';
import {program} from '../runner/packages.ts';

/* `rkt plan` tells what `run` would do: without effects, without root, the same every time. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const imageId = () => host.fetch();
const planOf = (image: string, ...flags: string[]) => [
  ...['--format=json', '--insecure-options=image', 'plan', '--stage1=fly', ...flags, image],
];

interface Plan {
  readonly filesystem: readonly {readonly id: string; readonly do: string}[];
  readonly environment: readonly {readonly id: string; readonly do: string}[];
  readonly launch: {readonly process: {readonly argv: readonly string[]; readonly uid: number}};
}

kernelTest('a plan has the steps of the three stages, each with an id of its own', async (t) => {
  const {stdout, exitCode, stderr} = await host.rkt(planOf(await imageId()));
  t.is(exitCode, 0, stderr);
  const {plan} = JSON.parse(stdout) as {plan: Plan};
  const ids = [...plan.filesystem, ...plan.environment].map(({id}) => id);
  t.is(plan.filesystem[0]?.do, 'namespace');
  t.is(new Set(ids).size, ids.length);
  t.deepEqual(plan.launch.process.argv, ['/bin/sh', '-c', 'exit 0']);
});

testIf(lacksPods('program/taskset'))('S07 the same plan comes out on whatever processors rkt may run', async (t) => {
  const planned = planOf(await imageId());
  const {stdout} = await host.rkt(planned);
  const onOne = await host.rkt(planned, {through: ['taskset', '-c', '0']});
  t.is(onOne.exitCode, 0, onOne.stderr);
  t.is(onOne.stdout, stdout);
});

kernelTest('the same plan comes out twice, byte for byte', async (t) => {
  const id = await imageId();
  for (const flags of [[], ['--volume=data,kind=empty'], ['--net=host', '--dns=192.0.2.1']]) {
    const first = await host.rkt(planOf(id, ...flags));
    const second = await host.rkt(planOf(id, ...flags));
    t.is(first.exitCode, 0, first.stderr);
    t.is(first.stdout, second.stdout);
  }
});

kernelTest('a plan has no effects', async (t) => {
  const own = openHost();
  t.teardown(() => own.close());
  const id = await own.fetch();
  const scope = {directories: [own.directory]};
  const before = snapshot(scope);
  const {exitCode, stdout, stderr} = await own.rkt(planOf(id, '--volume=data,kind=empty'));
  t.is(exitCode, 0, stderr);
  const {plan} = JSON.parse(stdout) as {plan: {readonly pod: string}};
  t.deepEqual(difference(before, snapshot({...scope, pods: new Set([plan.pod])})), {});
});

testIf(lacksPods('program/setpriv'))('a plan needs no root', async (t) => {
  const other = openHost();
  t.teardown(() => other.close());
  const id = await other.fetch();
  for (const directory of [path.dirname(other.directory), other.directory, other.data, path.join(other.data, 'cas')]) {
    // Nothing less than before: the first is that of others, too.
    chmodSync(directory, (statSync(directory).mode & 0o7777) | 0o055);
  }
  const chmod = program('chmod') ?? '/bin/chmod';
  const {execa} = await import('execa');
  await execa(chmod, ['-R', 'o+rX', path.join(other.data, 'cas')]);
  const {exitCode, stdout, stderr} = await other.rkt(planOf(id), {through: asNobody()});
  t.is(exitCode, 0, stderr);
  const root = await other.rkt(planOf(id));
  const steps = (text: string) => (JSON.parse(text) as {plan: Plan}).plan.filesystem.map((step) => step.id);
  t.deepEqual(steps(stdout), steps(root.stdout));
});

testIf(lacksPods('program/setpriv'))('a run needs root and says so', async (t) => {
  const directory = path.join(host.directory, 'nobody');
  mkdirSync(directory);
  const {exitCode, error} = await host.rkt([`--dir=${directory}`, ...host.runArguments('true')], {
    through: asNobody(),
  });
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_ROOT_NEEDED');
});

kernelTest('a plan is refused where the run would be', async (t) => {
  const {exitCode, error} = await host.rkt(planOf(await imageId(), '--hostname=other'));
  t.is(exitCode, 254);
  t.is(error?.code, 'RKT_FLAVOR_CANNOT');
});

kernelTest('what ran is what was planned', async (t) => {
  const id = await imageId();
  const pod = await host.start('echo ready; cat', {image: id});
  const ran = host.podFile(pod.uuid, 'plan.json') as Plan & {readonly pod: string};
  await pod.end();
  const {stdout} = await host.rkt([...planOf(id), '--exec=/bin/sh', '--', '-c', 'echo ready; cat']);
  const {plan: planned} = JSON.parse(stdout) as {plan: Plan & {readonly pod: string}};
  const withoutUuid = (plan: Plan & {readonly pod: string}) =>
    JSON.parse(JSON.stringify(plan).replaceAll(plan.pod, 'UUID'));
  t.deepEqual(withoutUuid(planned), withoutUuid(ran));
});

kernelTest(
  'EX-03 what is planned of a file is what is prepared of it, with the images that it depends on',
  async (t) => {
    const own = openHost();
    t.teardown(() => own.close());
    const names = {'/etc/passwd': 'web:x:1000:1000::/:/bin/sh\n', '/etc/group': 'web:x:1000:\n'};
    const file = buildImage({
      name: 'example.com/top',
      bare: true,
      files: {'/opt/x': 'x'},
      app: {user: 'web', group: 'web'},
      manifest: {dependencies: [{imageName: 'example.com/names'}]},
    });
    const code = async (command: string, ...flags: readonly string[]) =>
      (await own.rkt(['--format=json', '--insecure-options=image', command, '--stage1=fly', file, ...flags])).error
        ?.code;
    t.deepEqual([await code('plan'), await code('prepare')], Array(2).fill('RKT_IMAGE_DEPENDENCY_MISSING'));
    await own.rkt(['image', 'rm', 'example.com/top']);
    await own.fetch({name: 'example.com/names', bare: true, files: names});
    // A file of the archive that is none of the image.
    t.is(await code('plan', '--user=/manifest'), 'RKT_USER_UNKNOWN');
    const kinds = [[], ['--no-overlay']];
    const planned = [];
    for (const flags of kinds) planned.push((await own.rkt(planOf(file, ...flags))).stdout);
    for (const [index, flags] of kinds.entries()) {
      const {stdout, stderr} = await own.rkt(['--insecure-options=image', 'prepare', '--stage1=fly', ...flags, file]);
      const text = stderr + JSON.stringify(own.podFile(stdout.trim(), 'plan.json'));
      const {plan} = JSON.parse(planned[index] || '{}') as {plan: Plan & {readonly pod: string}};
      const expected = JSON.stringify(plan).replaceAll(plan.pod, stdout.trim());
      // Where a tree of its own will be is not known before.
      t.is(
        text.replaceAll(/trees\/[^/"]+/g, 'trees/rendered-by-run'),
        expected.replaceAll(/trees\/[^/"]+/g, 'trees/rendered-by-run'),
      );
      t.is(plan.launch.process.uid, 1000);
    }
    t.is(await code('prepare', '--user=/manifest'), 'RKT_USER_UNKNOWN');
  },
);

for (const format of ['text', 'json', 'json-pretty', 'yaml']) {
  kernelTest(`a plan can be had as ${format}`, async (t) => {
    const {exitCode, stdout} = await host.rkt([`--format=${format}`, ...planOf(await imageId()).slice(1)]);
    t.is(exitCode, 0);
    t.true(stdout.includes('overlay'), stdout);
  });
}
