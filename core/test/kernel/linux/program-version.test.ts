import {chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {program} from '../../../../test/runner/packages.ts';
import type {HostPath} from '../../../src/contract/index.ts';
import {syscall} from '../../../src/linux/libc.ts';
import {newSessionKeyring} from '../../../src/linux/session-keyring.ts';
import {makeThreadCalls} from '../../../src/linux/thread-call.ts';
import {imageProgramVersion} from '../../../src/stage1/facts/program-version.ts';

const rootTest = testIf(lacks('root', 'program/busybox'));
/** linux/keyctl.h */
const KEYCTL_GET_KEYRING_ID = 0;
const KEY_SPEC_SESSION_KEYRING = -3;

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-image-version-'));
test.after.always(() => rmSync(directory, {recursive: true, force: true}));
chmodSync(directory, 0o777);

/** What a program of an image finds out about where it is asked for its version. */
const tells = (name: string, script: string): string => {
  const tree = path.join(directory, name);
  mkdirSync(tree);
  const file = path.join(tree, 'program');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return imageProgramVersion({path: file as HostPath}, tree as HostPath);
};

rootTest('S36 a program of an image tells its version as nobody, without capabilities', (t) => {
  t.is(tells('id', 'echo $(id -u) $(id -g) $(id -G)'), '65533 65533 65533');
});

rootTest('S36 it sees its image and the programs of the host, no other file and no process, and writes none', (t) => {
  const seen = tells(
    'files',
    `for path in ${directory}/* /proc/* /home/* /root/* /dev/*; do [ ! -e "$path" ] || echo -n "$path "; done; echo .; ! echo >${directory}/written`,
  );
  t.is(seen, `${directory}/files .`);
  t.false(existsSync(path.join(directory, 'written')));
});

rootTest('S10 its memory, its processes and its time are bounded', (t) => {
  t.is(tells('bounded', 'echo $(ulimit -d) $(ulimit -p) $(ulimit -S -t)'), '1048576 4096 10');
});

rootTest('S35 it has a session keyring of its own, and not that of who asks', (t) => {
  makeThreadCalls(newSessionKeyring());
  const own = syscall('keyctl', [KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0]);
  const number = process.arch === 'arm64' ? 219 : 250;
  const asks = `perl <<END\nprint syscall(${number}, ${KEYCTL_GET_KEYRING_ID}, ${KEY_SPEC_SESSION_KEYRING}, 0)\nEND`;
  const theirs = [tells('keyring', asks), tells('keyring-of-another', asks)];
  for (const keyring of theirs) t.regex(keyring, /^[1-9]\d*$/);
  t.is(new Set([String(own), ...theirs]).size, 3);
});

rootTest('S36 it has no network, and this thread has it again', (t) => {
  const before = readlinkSync('/proc/thread-self/ns/net');
  // Of the host it would be up.
  t.regex(tells('network', `${program('busybox')} ip link`), /\blo: <LOOPBACK> /);
  t.is(readlinkSync('/proc/thread-self/ns/net'), before);
});
