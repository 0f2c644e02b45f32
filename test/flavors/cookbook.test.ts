import {copyFileSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* Every policy of the cookbook is loaded, and explained for pods that it is about and for pods that it is not. */

const policies = path.join(root, 'examples/policies');
const obstacle = lacksPods('program/systemd-nspawn');

const host = openHost();
test.after.always(() => host.close());

const RETAIN = 'os/linux/capabilities-retain-set';
const wide = {isolators: [{name: RETAIN, value: {set: ['CAP_NET_ADMIN']}}]};
const labels = [
  {name: 'os', value: 'linux'},
  {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
  {name: 'example.com/team', value: 'support'},
];
const IMAGES: readonly ImageSpec[] = [
  {name: 'example.com/web'},
  {name: 'example.com/proxy', app: wide},
  {name: 'example.com/help', manifest: {labels}},
  {name: 'registry.example.com/node/agent'},
  {name: 'registry.example.com/proxy', app: wide},
  {name: 'registry.example.com/web'},
  {name: 'tenants.example.com/web'},
];

interface Case {
  readonly image: string;
  readonly pod?: readonly string[];
  readonly app?: readonly string[];
  /** The flavor, or the code of the refusal. */
  readonly is: string;
}

/** No image of kvm has been built on this data directory. */
const COOKBOOK: Readonly<Record<string, readonly Case[]>> = {
  'agents-on-the-host': [
    {image: 'registry.example.com/node/agent', is: 'fly'},
    {image: 'example.com/web', is: 'nspawn'},
    {image: 'example.com/web', pod: ['--stage1=fly'], is: 'RKT_POLICY_FLAVOR_REFUSED'},
  ],
  'annotation-chooses': [
    {image: 'example.com/web', app: ['--annotation=example.com/isolation=host'], is: 'fly'},
    {image: 'example.com/web', app: ['--annotation=example.com/isolation=pod'], is: 'nspawn'},
    {image: 'example.com/web', pod: ['--stage1=fly'], is: 'fly'},
  ],
  'proxies-from-our-registry': [
    {image: 'registry.example.com/proxy', is: 'nspawn'},
    {
      image: 'example.com/proxy',
      app: [`--accept-image=${RETAIN}`],
      is: 'RKT_POLICY_ACCEPT_FORBIDDEN',
    },
  ],
  'enter-works': [
    {image: 'example.com/help', is: 'nspawn'},
    {image: 'example.com/help', pod: ['--stage1=fly'], is: 'fly'},
  ],
  'filters-are-kept': [
    {
      image: 'example.com/web',
      pod: ['--allow-degraded=os/linux/seccomp-retain-set'],
      is: 'RKT_POLICY_DEGRADE_FORBIDDEN',
    },
    {image: 'example.com/web', pod: ['--allow-degraded=dns'], is: 'nspawn'},
  ],
  'kvm-where-it-works': [
    {image: 'example.com/web', is: 'nspawn'},
    {image: 'example.com/web', pod: ['--stage1=fly'], is: 'RKT_POLICY_FLAVOR_REFUSED'},
  ],
  'nothing-is-left-out': [
    {image: 'example.com/web', pod: ['--stage1=fly', '--hostname=web'], is: 'fly'},
    {image: 'example.com/web', pod: ['--allow-degraded=dns'], is: 'RKT_POLICY_DEGRADE_FORBIDDEN'},
  ],
  'root-has-its-own-ids': [
    {image: 'example.com/web', is: 'RKT_POLICY_NO_FLAVOR'},
    {image: 'example.com/web', pod: ['--private-users'], is: 'nspawn'},
    {image: 'example.com/web', app: ['--user=1000'], is: 'nspawn'},
  ],
  'strangers-have-their-own-kernel': [
    {image: 'registry.example.com/web', is: 'nspawn'},
    {image: 'example.com/web', is: 'RKT_POLICY_NO_FLAVOR'},
  ],
  'tenants-share-nothing': [
    {image: 'tenants.example.com/web', is: 'RKT_POLICY_NO_FLAVOR'},
    {image: 'tenants.example.com/web', pod: ['--net=none'], app: ['--memory=64Mi'], is: 'nspawn'},
    {image: 'example.com/web', is: 'nspawn'},
  ],
};

test.before(async () => {
  // Nothing of them runs.
  if (obstacle === undefined) for (const image of IMAGES) await host.fetch({bare: true, ...image});
});

test('the cookbook and this test have the same policies, and its README tells of each', (t) => {
  const files = readdirSync(policies).filter((name) => name.endsWith('.yaml'));
  t.deepEqual(files.map((name) => name.replace('.yaml', '')).sort(), Object.keys(COOKBOOK).sort());
  const readme = readFileSync(path.join(policies, 'README.md'), 'utf8');
  for (const file of files) t.true(readme.includes(`(${file})`), file);
});

for (const [name, cases] of Object.entries(COOKBOOK)) {
  testIf(obstacle)(`${name} is explained as it says`, async (t) => {
    const config = path.join(host.directory, name);
    mkdirSync(path.join(config, 'policy.d'), {recursive: true});
    copyFileSync(path.join(policies, `${name}.yaml`), path.join(config, `policy.d/${name}.yaml`));
    for (const {image, pod = [], app = [], is} of cases) {
      const args = ['--format=json', `--user-config=${config}`, 'explain', ...pod, image, ...app];
      const {stdout, stderr, exitCode} = await host.rkt(args);
      const told = JSON.parse(stdout || '{}') as {flavor?: string; runs?: boolean; error?: {code: string}};
      t.is(told.error?.code ?? told.flavor, is, `${args.join(' ')}\n${stdout}${stderr}`);
      t.is(exitCode, told.runs === true ? 0 : 1);
    }
  });
}
