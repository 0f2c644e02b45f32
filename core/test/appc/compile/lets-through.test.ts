import test from 'ava';
import {letsThrough} from '../../../src/appc/compile/lets-through.ts';
import {compileSeccomp} from '../../../src/appc/compile/seccomp.ts';
import type {Isolators} from '../../../src/contract/isolators.ts';
import type {Capability} from '../../../src/contract/process.ts';

const CAPABILITIES: readonly Capability[] = ['CAP_CHOWN', 'CAP_SYS_CHROOT'];
const beyond = (isolators: Isolators, capabilities = CAPABILITIES) =>
  letsThrough(compileSeccomp(isolators, capabilities), compileSeccomp({}, capabilities));
const retain = (...set: string[]) => beyond({'os/linux/seccomp-retain-set': {set}});
const remove = (...set: string[]) => beyond({'os/linux/seccomp-remove-set': {set}});

test('S31 a filter is compared with the default one call by call', (t) => {
  t.deepEqual(retain('read', 'write', 'chroot'), []);
  t.deepEqual(retain('@rkt/default-whitelist'), []);
  t.deepEqual(retain('read', 'mount', 'io_uring_setup').sort(), ['io_uring_setup', 'mount']);
  t.deepEqual(retain('@appc.io/all'), ['every system call']);
});

test('S31 a call that the default allows with some arguments only is more without that condition', (t) => {
  t.deepEqual(retain('clone', 'read'), ['clone']);
  t.deepEqual(retain('clone3', 'personality', 'socket').sort(), ['clone3', 'personality', 'socket']);
});

test('S31 a remove-set lets through what it does not list, unless it asks for the default filter', (t) => {
  t.deepEqual(remove('reboot'), ['every system call that it does not list']);
  t.deepEqual(remove('@appc.io/empty'), []);
});

test('S31 nothing is more than no filter', (t) => {
  t.deepEqual(letsThrough(null, null), []);
  t.deepEqual(letsThrough(compileSeccomp({}, []), null), []);
});
