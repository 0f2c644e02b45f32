import {randomUUID} from 'node:crypto';
import {mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import type {Command} from '../../core/src/cli/command.ts';
import {commands} from '../../core/src/cli/commands.ts';
import {rktEnvironment, root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage, writeRootfs} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';

/* Every example of every help text runs as it is printed, in a place that has what it names. */

const host = openHost();
const at = (name: string) => path.join(host.directory, name);
/** The examples name them by their beginnings; the rest is this run's own, as cgroups are of the whole host. */
const UUIDS = [`0f5a1f3e${randomUUID().slice(8)}`, `7c2d9b40${randomUUID().slice(8)}`] as const;
const obstacle = lacksPods('program/bash');

const IN_NAMESPACE = ['/usr/bin/unshare', '--mount', '--propagation=private'];

/** Prepares a pod that gets this UUID from the kernel. */
const prepareWith = async (uuid: string) => {
  writeFileSync(at('uuid'), `${uuid}\n`);
  const script = 'mount --bind "$1" /proc/sys/kernel/random/uuid && shift && exec "$@"';
  const {stdout, stderr} = await host.rkt(['prepare', 'example.com/web', '--stdout=log'], {
    through: [...IN_NAMESPACE, '/bin/sh', '-c', script, 'sh', at('uuid')],
  });
  if (stdout.trim() !== uuid) throw new Error(`rkt prepare: ${stdout}${stderr}`);
};

const imageOf = (name: string) =>
  buildImage({
    name: `example.com/${name}`,
    files: {'/srv/index.html': 'hello', '/var/lib/db/.keep': ''},
    app: {exec: ['/bin/sh', '-c', 'echo hello; read line; exit 0']},
    manifest: {
      labels: [
        {name: 'version', value: '1.0'},
        {name: 'os', value: 'linux'},
        {name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64'},
      ],
    },
  });

test.before(async () => {
  if (obstacle !== undefined) return;
  mkdirSync(at('etc/stage1.d'));
  writeFileSync(at('etc/stage1.d/flavor-use.json'), '{"rktVersion": "v1", "rktKind": "stage1", "flavor": "fly"}');
  const kit = at('kit');
  writeRootfs(path.join(kit, 'rootfs'), {});
  const web = await host.fetch(imageOf('web'));
  await host.fetch(imageOf('db'));
  await host.fetch(
    buildImage({
      name: 'example.com/flavors/jail',
      bare: true,
      app: null,
      files: {
        '/bin/flavor': {content: readFileSync(path.join(root, 'examples/python/flavor.py'), 'utf8'), mode: 0o755},
      },
      manifest: {annotations: [{name: 'rkt/stage1/program', value: '/bin/flavor'}]},
    }),
  );
  for (const uuid of UUIDS) await prepareWith(uuid);
  renameSync(host.data, at('template'));
  writeFileSync(path.join(kit, 'web.aci'), readFileSync(imageOf('web')));
  writeFileSync(path.join(kit, 'busybox.aci'), readFileSync(buildImage()));
  writeFileSync(
    path.join(kit, 'web.yaml'),
    'acKind: ImageManifest\nacVersion: 0.8.11\nname: example.com/web\napp: {exec: [/bin/web], user: "0", group: "0"}\n',
  );
  writeFileSync(
    path.join(kit, 'pod.yaml'),
    `acKind: PodManifest\nacVersion: 0.8.11\napps: [{name: web, image: {id: ${web}}}]\n`,
  );
  const fly = createRequire(import.meta.url).resolve('@rkt/flavor-fly');
  mkdirSync(path.join(kit, 'my-flavor'));
  writeFileSync(path.join(kit, 'my-flavor/package.json'), '{"name": "my-flavor", "main": "index.cjs"}');
  writeFileSync(path.join(kit, 'my-flavor/index.cjs'), `module.exports = require(${JSON.stringify(fly)});\n`);
  mkdirSync(at('bin'));
  const quoted = host.command().map((word) => `'${word}'`);
  writeFileSync(at('bin/rkt'), `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`, {mode: 0o755});
});
test.after.always(() => host.close());

const bash = (script: string) =>
  execa('/usr/bin/unshare', [...IN_NAMESPACE.slice(1), program('bash') ?? '/bin/bash', '-c', script], {
    cwd: host.directory,
    env: {...rktEnvironment, PATH: `${at('bin')}:${rktEnvironment.PATH}`},
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    timeout: 5 * 60_000,
  });

/** What the host has before an example: places of its own for what it names, and the pod in the state that it needs. */
const before = (example: string): string[] => [
  'set -eo pipefail',
  'for place in /srv /run /root; do mount -t tmpfs -o mode=755 tmpfs $place; done',
  'mkdir -p /srv/data /root/.config/fish/completions',
  `rm -rf '${host.data}' work; cp -a template '${host.data}'; cp -a kit work; cd work`,
  ...(/^rkt (image (build|export)|export) /.test(example) ? ['rm web.aci'] : []),
  ...(/uuid-file=/.test(example) ? [`printf ${UUIDS[0]} > /run/web.uuid`] : []),
  ...(/^rkt (enter|stop) | --verify | --receipt=/.test(example)
    ? ['mkfifo input', `rkt run-prepared ${UUIDS[0]} <>input &`, `rkt status --wait-ready=1m ${UUIDS[0]} >/dev/null`]
    : []),
  ...(/^rkt (logs|export) | --wait=/.test(example) ? [`rkt run-prepared ${UUIDS[0]} </dev/null`] : []),
];

/** Only what has run has left the data directory, which goes with all that is in it. */
const END = `trap "if compgen -G '${host.data}/pods/[re]*/*' >/dev/null; then rkt stop --all --force >/dev/null; wait; rkt rm --all >/dev/null; fi" EXIT`;

/** They tell of all flavors, and of some that they cannot run here. */
const MAY_END_WITH_1 = ['rkt flavor doctor', 'rkt doctor'];

/** All cases are tests of their own (conformance/kit); other examples try some. */
const TRIES_ALL = ['rkt flavor test fly', 'rkt flavor doctor --prove fly', 'rkt doctor --prove --stage1=fly'];

for (const [name, {load}] of Object.entries(commands)) {
  serialTestIf(obstacle)(`the examples of rkt ${name} run as printed`, async (t) => {
    t.timeout(10 * 60_000);
    const {command}: {command: Command} = await load();
    for (const {command: example} of command.examples) {
      if (TRIES_ALL.includes(example)) continue;
      if (example.includes('flavor build nspawn') && program('systemd-nspawn') === undefined) continue;
      if (example.includes('flavors/jail') && program('python3') === undefined) continue;
      // test/flavors/plan-diff runs it.
      if (example === 'rkt flavor doctor --measure fly') continue;
      // They fetch a kernel, or compile one; test/kvm runs them as printed.
      if (/^rkt flavor build (--kernel=small )?kvm$/.test(example)) continue;
      const ending = MAY_END_WITH_1.includes(example) ? ' || [ $? = 1 ]' : '';
      const script = [...before(example).slice(0, 4), END, ...before(example).slice(4), `${example}${ending}`];
      const {exitCode, stderr, stdout} = await bash(script.join('\n'));
      t.is(exitCode, 0, `${example}\n${stdout}${stderr}`);
      t.notRegex(stderr, /^code: /m, `${example}\n${stderr}`);
    }
  });
}
