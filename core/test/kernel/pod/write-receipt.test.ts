import {generateKeyPairSync, type KeyObject, verify} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import type {ExecutionContext} from 'ava';
import {execa} from 'execa';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {program} from '../../../../test/runner/packages.ts';
import {canonicalJson} from '../../../src/pod/verbs/canonical-json.ts';
import type {Receipt} from '../../../src/pod/verbs/receipt.ts';
import {receiptKey, writeReceipt} from '../../../src/pod/verbs/write-receipt.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import type {Settings} from '../../../src/settings.ts';

const rootTest = testIf(lacks('root'));
const RECEIPT = {rktReceipt: 1, pod: {uuid: 'x'}, holds: true} as unknown as Receipt;

const place = (t: ExecutionContext): string => {
  const directory = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-receipt-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  return directory;
};
const pem = (key: KeyObject): string => String(key.export({type: 'pkcs8', format: 'pem'}));
const writeKey = (directory: string, text: string, mode = 0o600): string => {
  const file = path.join(directory, 'receipt-key.pem');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
};
const keyIn = (directory: string, paths = {}) => receiptKey({localConfig: directory} as unknown as Settings, paths);

testIf(lacks('root', 'program/openssl'))(
  'a receipt and its signature can be checked with openssl, and a change is seen',
  async (t) => {
    const directory = place(t);
    const {privateKey, publicKey} = generateKeyPairSync('ed25519');
    writeKey(directory, pem(privateKey));
    const file = path.join(directory, 'receipt.json');
    writeReceipt(file, RECEIPT, keyIn(directory));
    t.is(readFileSync(file, 'utf8'), canonicalJson(RECEIPT));
    const signature = readFileSync(`${file}.sig`);
    t.is(signature.length, 64);
    t.true(verify(null, readFileSync(file), publicKey, signature));
    t.false(verify(null, Buffer.from(`${readFileSync(file, 'utf8')} `), publicKey, signature));

    writeFileSync(path.join(directory, 'public.pem'), publicKey.export({type: 'spki', format: 'pem'}));
    const check = () =>
      execa(
        program('openssl') ?? '',
        ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', 'public.pem', '-in', file, '-sigfile', `${file}.sig`],
        {cwd: directory, reject: false},
      );
    t.is((await check()).exitCode, 0);
    writeFileSync(file, canonicalJson({...RECEIPT, holds: false}));
    t.is((await check()).exitCode, 1);
  },
);

rootTest('without a key there is no signature, nor one of an earlier receipt', (t) => {
  const directory = place(t);
  t.is(keyIn(directory), undefined);
  const file = path.join(directory, 'receipt.json');
  writeReceipt(file, RECEIPT, generateKeyPairSync('ed25519').privateKey);
  t.true(existsSync(`${file}.sig`));
  writeReceipt(file, RECEIPT, undefined);
  t.false(existsSync(`${file}.sig`));
});

rootTest('a key that is none, or that others may read, is refused', (t) => {
  const directory = place(t);
  const refused = (because: RegExp) => {
    const error = t.throws<RktError>(() => keyIn(directory), {code: 'RKT_RECEIPT_KEY_UNUSABLE'});
    t.regex(String(error?.fields.because), because);
  };
  const {privateKey, publicKey} = generateKeyPairSync('ed25519');
  writeKey(directory, 'no key');
  refused(/no private key/);
  writeKey(directory, String(publicKey.export({type: 'spki', format: 'pem'})));
  refused(/no private key/);
  writeKey(directory, pem(generateKeyPairSync('x25519').privateKey));
  refused(/x25519/);
  for (const mode of [0o640, 0o604, 0o620]) {
    writeKey(directory, pem(privateKey), mode);
    refused(/others may use it/);
  }
  const file = writeKey(directory, pem(privateKey));
  chownSync(file, 65_534, 65_534);
  refused(/user 65534/);
  chownSync(file, 0, 0);
  t.is(keyIn(directory)?.asymmetricKeyType, 'ed25519');
  rmSync(file);
  mkdirSync(file);
  refused(/not a regular file/);
});

rootTest('the key of the configuration has to be there', (t) => {
  const directory = place(t);
  const error = t.throws<RktError>(() => keyIn(directory, {receiptKey: path.join(directory, 'other.pem')}), {
    code: 'RKT_RECEIPT_KEY_UNUSABLE',
  });
  t.is(error?.fields.path, path.join(directory, 'other.pem'));
});

rootTest('what is no file is not replaced', (t) => {
  const directory = place(t);
  const file = path.join(directory, 'receipt.json');
  mkdirSync(`${file}.sig`);
  t.throws(() => writeReceipt(file, RECEIPT, undefined), {code: 'RKT_RECEIPT_UNWRITABLE'});
  t.false(existsSync(file));
  t.throws(() => writeReceipt(path.join(directory, 'none/receipt.json'), RECEIPT, undefined), {
    code: 'RKT_RECEIPT_UNWRITABLE',
  });
});

rootTest('a key that leads nowhere is not the same as no key', (t) => {
  const directory = place(t);
  symlinkSync('gone', path.join(directory, 'receipt-key.pem'));
  t.throws(() => keyIn(directory), {code: 'RKT_RECEIPT_KEY_UNUSABLE'} as never);
});
