import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {rktEnvironment, root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {writeRootfs} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What examples/ shows works. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

kernelTest('examples/images/hello.yaml builds an image that says hello', async (t) => {
  const rootfs = path.join(host.directory, 'rootfs');
  writeRootfs(rootfs, {});
  const aci = path.join(host.directory, 'hello.aci');
  const manifest = path.join(host.directory, 'hello.yaml');
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64';
  writeFileSync(manifest, readFileSync(path.join(root, 'examples/images/hello.yaml'), 'utf8').replace('amd64', arch));
  const built = await host.rkt(['image', 'build', rootfs, `--manifest=${manifest}`, '-o', aci]);
  t.is(built.exitCode, 0, built.stderr);
  const {stdout, stderr} = await host.run(aci);
  t.is(stdout, 'hello from hello\n', stderr);
});

kernelTest('PO-03 examples/pods/two-volumes.yaml runs', async (t) => {
  const id = await host.fetch();
  const manifest = path.join(host.directory, 'pod.yaml');
  const example = readFileSync(path.join(root, 'examples/pods/two-volumes.yaml'), 'utf8');
  writeFileSync(manifest, example.replace(/sha512-0+/, id));
  const {stdout, exitCode, stderr} = await host.rkt([
    '--insecure-options=image',
    'run',
    '--stage1=fly',
    `--pod-manifest=${manifest}`,
  ]);
  t.is(exitCode, 0, stderr);
  t.regex(stdout, /^root:.*\n[\s\S]* file\n$/);
});

kernelTest('examples/demo.sh shows all it promises', async (t) => {
  t.timeout(11 * 60_000);
  const {exitCode, all: output} = await execa('/bin/sh', [path.join(root, 'examples/demo.sh')], {
    env: {...rktEnvironment, TMPDIR: host.directory, RKT_DEMO_BUILT: '1'},
    extendEnv: false,
    all: true,
    reject: false,
    stdin: 'ignore',
    // It takes a minute. By SIGTERM it cleans up.
    timeout: 10 * 60_000,
  });
  t.is(exitCode, 0, output);
  for (const text of ['hello from hello', 'exit code: 3', 'overlay at', 'the kernel agrees'])
    t.true(output.includes(text), `${text}: ${output}`);
});
