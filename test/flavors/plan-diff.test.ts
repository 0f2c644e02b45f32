import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {type Host, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* One pod under two flavors, side by side. */

const diffTest = testIf(lacksPods('program/systemd-nspawn'));

interface Diff {
  readonly flavors: readonly {
    readonly flavor: string;
    readonly runs: boolean;
    readonly refused?: {readonly code: string};
  }[];
  readonly aspects: readonly {
    readonly about: string;
    readonly what: string;
    readonly values: readonly (string | null)[];
    readonly differs: boolean;
    readonly best: readonly (boolean | null)[];
  }[];
  readonly promises: readonly {readonly name: string; readonly verdicts: readonly (string | null)[]}[];
}

const MEASURED = ['time, measured here', 'memory, measured here'] as const;

const plan = (host: Host, ...args: readonly string[]) => host.rkt(['--insecure-options=image', 'plan', ...args]);

const diff = async (host: Host, ...args: readonly string[]): Promise<Diff> => {
  const {stdout, stderr} = await plan(host, '--format=json', ...args);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Diff;
};

const aspect = ({aspects}: Diff, about: string, what: string) =>
  aspects.find((each) => each.about === about && each.what === what);

diffTest(
  'plan --diff tells what an attacker could reach, what the pod costs, and what stays, with each flavor',
  async (t) => {
    const host = openHost();
    t.teardown(() => host.close());
    const image = buildImage();
    const both = await diff(host, '--diff=fly,nspawn', image);
    t.deepEqual(
      both.flavors.map(({flavor, runs}) => [flavor, runs]),
      [
        ['fly', true],
        ['nspawn', true],
      ],
    );
    for (const what of ['processes', 'ipc']) t.deepEqual(aspect(both, 'reach', what)?.best, [false, true], what);
    t.like(aspect(both, 'reach', 'network'), {differs: false, best: [null, null]});
    t.deepEqual(aspect(both, 'costs', 'processes besides the apps')?.best, [true, false]);
    t.deepEqual(aspect(both, 'keeps', 'exit statuses')?.best, [false, true]);
    t.deepEqual(both.promises.find(({name}) => name === 'hostname')?.verdicts, [null, 'enforced']);
    t.true(both.aspects.every(({values}) => values.every((value) => typeof value === 'string' && value !== '')));

    // What the pod asks for is seen: the more that is, the less it can reach.
    const alone = await diff(
      host,
      '--diff=nspawn,fly',
      '--private-users',
      '--net=none',
      '--allow-degraded=user-namespace',
      image,
    );
    t.like(alone.flavors[1], {flavor: 'fly', runs: false, refused: {code: 'RKT_FLAVOR_CANNOT'}});
    t.deepEqual(aspect(alone, 'reach', 'users')?.values, ["none of the host's", null]);
    t.deepEqual(aspect(alone, 'reach', 'network')?.values, ['none', null]);
    t.deepEqual(alone.promises, []);

    const {stdout} = await plan(host, '--diff=fly,nspawn', image);
    t.regex(
      stdout,
      /^what an attacker inside could reach\n(.*\n)* {2}processes\n {4}- fly: .*\n {4}\+ nspawn: the pod's own$/m,
    );
    // What one of them refuses is not told as what both have.
    const refused = await plan(host, '--diff=nspawn,fly', '--hostname=web', image);
    t.regex(refused.stdout, /^flavor fly refuses this pod \(RKT_FLAVOR_CANNOT\)$/m);
    t.regex(refused.stdout, /^ {2}kernel\n {6}nspawn: .*\n {2}users$/m);
    t.deepEqual(host.podDirectories(), {});
  },
);

diffTest('S26 the page of a comparison loads nothing, and what a path says in it is text', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const evil = path.join(host.directory, '<script>alert(1)<', 'script>"\'&\u202e');
  mkdirSync(evil, {recursive: true});
  const volume = [`--volume=v,kind=host,source=${evil}`, '--mount=volume=v,target=/v'];
  const {stdout, stderr} = await plan(host, '--format=html', '--diff=fly,nspawn', ...volume, buildImage());
  t.regex(stdout, /^<!doctype html>\n/, stderr);
  t.true(stdout.includes('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\ufffd (writable)'));
  t.notRegex(stdout, /<script|\u202e|<link|src=|href=|url\(|https?:/i);
  t.true(stdout.includes('prefers-color-scheme: dark') && stdout.includes('name="viewport"'));
});

diffTest('what cannot be compared is refused', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const image = buildImage();
  const code = async (...args: readonly string[]) => (await plan(host, ...args, image)).error?.code;
  t.is(await code('--diff=fly,nowhere'), 'RKT_FLAVOR_NOT_FOUND');
  for (const value of ['fly', 'fly,fly', 'fly,', 'a,b,c,d,e'])
    t.is(await code(`--diff=${value}`), 'RKT_FLAG_VALUE_INVALID', value);
  t.is(await code('--format=html'), 'RKT_FLAG_VALUE_INVALID');
  t.is(await code('--diff=fly,nspawn', '--stage1=fly'), 'RKT_FLAG_CONFLICT');
  t.is(await code('--diff=fly,nspawn', '--explain'), 'RKT_FLAG_CONFLICT');
  // Neither can: it is the error of the first.
  t.is(await code('--diff=nspawn,fly', '--port=web:80'), 'RKT_PORT_UNKNOWN');
});

diffTest('what pods have cost here is told with its date once it has been measured, and never made up', async (t) => {
  const host = openHost();
  t.teardown(() => host.close());
  const image = buildImage();
  const before = await diff(host, '--diff=fly,nspawn', image);
  for (const what of MEASURED) t.is(aspect(before, 'costs', what), undefined);

  const measured = await host.rkt(['--format=json', 'flavor', 'doctor', '--measure', 'fly']);
  t.is(measured.exitCode, 0, measured.stderr);
  const [costs] = JSON.parse(measured.stdout) as [{milliseconds: number; processes: number; memoryBytes: number}];
  t.true(costs.milliseconds > 0);
  // The app takes the place of rkt.
  t.like(costs, {flavor: {name: 'fly'}, runs: 5, processes: 0, memoryBytes: 0});

  const after = await diff(host, '--diff=fly,nspawn', image);
  for (const what of MEASURED) {
    const {values, best} = aspect(after, 'costs', what) ?? {values: [], best: []};
    t.regex(values[0] ?? '', /^\d.* on \d{4}-\d\d-\d\d$/, what);
    t.deepEqual([values[1], best], ['not measured (rkt flavor doctor --measure nspawn)', [null, null]]);
  }
  t.true(aspect(after, 'costs', 'time, measured here')?.values[0]?.startsWith(`${costs.milliseconds} ms `));
});
