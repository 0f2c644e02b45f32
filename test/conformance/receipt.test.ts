import {createHash, generateKeyPairSync, verify} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {cgroupValues} from '../helpers/cgroup.ts';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {appProcess} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';

/* `rkt status --receipt`: what was declared and what the kernel said, for who was not there. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('cgroup/memory'));

const at = (name: string) => path.join(host.directory, name);
const receiptOf = (name: string) => JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, never>;
const sha256 = (content: Buffer) => `sha256-${createHash('sha256').update(content).digest('hex')}`;

kernelTest(
  'EX-33 a receipt has what was declared, what the kernel said and what the pod was made of, and is signed',
  async (t) => {
    const pod = await host.start('echo ready; exec cat', {pod: ['--pod-name=audited'], app: ['--memory=64M']});
    const write = (name: string, ...flags: string[]) =>
      host.rkt(['--format=json', ...flags, 'status', `--receipt=${at(name)}`, 'audited']);

    const unsigned = await write('unsigned.json');
    t.is(unsigned.exitCode, 0, unsigned.stderr);
    t.regex(unsigned.stderr, /is not signed/);
    t.false(existsSync(at('unsigned.json.sig')));
    const receipt = receiptOf('unsigned.json') as unknown as {
      readonly files: Readonly<Record<string, string>>;
      readonly declared: readonly {readonly name: string}[];
      readonly kernel: readonly {readonly name: string; readonly holds: boolean}[];
    };
    t.like(receipt as object, {
      ...{rktReceipt: 1, holds: true},
      pod: {uuid: pod.uuid, name: 'audited', state: 'running'},
      flavor: {name: flavor},
      apps: [{name: 'test', imageName: 'example.com/test:1.0.0'}],
    });
    // As `status --verify` has it, and as the files are.
    const {stdout} = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
    const {enforcement, verification, unproved} = JSON.parse(stdout);
    t.deepEqual(receipt.declared as unknown, enforcement);
    t.deepEqual(
      receipt.kernel.map(({name}) => name),
      verification.map(({name}: {name: string}) => name),
    );
    t.deepEqual((receipt as unknown as {unproved: unknown}).unproved, unproved);
    const directory = path.join(host.data, 'pods/run', pod.uuid);
    for (const [name, digest] of Object.entries(receipt.files))
      t.is(digest, sha256(readFileSync(path.join(directory, name))));
    t.deepEqual(Object.keys(receipt.files), ['facts.json', 'frozen.json', 'plan.json', 'pod', 'report.json']);

    const {privateKey, publicKey} = generateKeyPairSync('ed25519');
    writeFileSync(at('etc/receipt-key.pem'), privateKey.export({type: 'pkcs8', format: 'pem'}), {mode: 0o600});
    const signed = await write('signed.json');
    t.is(signed.exitCode, 0, signed.stderr);
    t.notRegex(signed.stderr, /is not signed/);
    t.true(verify(null, readFileSync(at('signed.json')), publicKey, readFileSync(at('signed.json.sig'))));

    // A key that somebody else could have signed with is none, and nothing is written.
    mkdirSync(at('etc/paths.d'));
    const elsewhere = {rktVersion: 'v1', rktKind: 'paths', 'receipt-key': at('open.pem')};
    writeFileSync(at('etc/paths.d/key.json'), JSON.stringify(elsewhere));
    writeFileSync(at('open.pem'), privateKey.export({type: 'pkcs8', format: 'pem'}), {mode: 0o644});
    const refused = await write('refused.json');
    t.like(refused, {exitCode: 254, error: {code: 'RKT_RECEIPT_KEY_UNUSABLE', fields: {path: at('open.pem')}}});
    t.false(existsSync(at('refused.json')));
    writeFileSync(at('etc/paths.d/key.json'), JSON.stringify({...elsewhere, 'receipt-key': at('etc/receipt-key.pem')}));

    // What does not hold is in the receipt, and an error all the same.
    const pid = flavor === 'fly' ? pod.pid : await appProcess(pod.uuid, 'test');
    const {file = ''} = cgroupValues(pid, 'memory', ['memory.limit_in_bytes', 'memory.max'])[0] ?? {};
    writeFileSync(file, String(128 * 2 ** 20));
    const lifted = await write('lifted.json');
    t.is(lifted.error?.code, 'RKT_VERIFY_FAILED');
    t.like(receiptOf('lifted.json') as object, {holds: false});
    t.true(verify(null, readFileSync(at('lifted.json')), publicKey, readFileSync(at('lifted.json.sig'))));

    await pod.end();
    const over = await write('over.json');
    t.is(over.error?.code, 'RKT_POD_STATE');
    t.false(existsSync(at('over.json')));
  },
);
