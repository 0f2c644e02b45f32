import test from 'ava';
import {CAPABILITIES, type Capability} from '../../src/contract/index.ts';
import {type CapabilitySets, encodeCapData, fromMask, parseCapabilities, toMask} from '../../src/linux/capabilities.ts';
import {type Credentials, setsBeforeExec} from '../../src/linux/credentials.ts';
import {RktError} from '../../src/rkt-error.ts';

test('names are bits in the order of linux/capability.h', (t) => {
  t.is(toMask(['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_CHECKPOINT_RESTORE']), (1n << 0n) | (1n << 21n) | (1n << 40n));
  t.deepEqual(fromMask(0x1ff_ffff_ffffn), [...CAPABILITIES]);
  t.deepEqual(fromMask(1n << 63n), []);
});

test('the sets of /proc/PID/status', (t) => {
  const text =
    'CapInh:\t0000000000000000\nCapPrm:\t0000000000000021\nCapEff:\t0000000000000020\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n';
  const sets = parseCapabilities(text);
  t.deepEqual(sets.permitted, ['CAP_CHOWN', 'CAP_KILL']);
  t.deepEqual(sets.effective, ['CAP_KILL']);
  t.false(sets.bounding.includes('CAP_SYS_RESOURCE'));
  t.is(sets.bounding.length, 40);
});

test('capset takes effective, permitted, inheritable of the lower word, then of the upper one', (t) => {
  const data = encodeCapData(1n | (1n << 32n), 2n | (2n << 32n), 4n | (4n << 32n));
  t.deepEqual(
    Array.from({length: 6}, (_, index) => data.readUInt32LE(index * 4)),
    [1, 2, 4, 1, 2, 4],
  );
});

const ALL = [...CAPABILITIES];
const own = (permitted: Capability[] = ALL): CapabilitySets => ({
  inheritable: [],
  permitted,
  effective: permitted,
  bounding: permitted,
  ambient: [],
});
const credentials = (changes: Partial<Credentials>): Credentials => ({
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0,
  capabilities: {bounding: ['CAP_CHOWN', 'CAP_KILL'], effective: ['CAP_KILL'], ambient: []},
  noNewPrivileges: false,
  rlimits: [],
  oomScoreAdj: null,
  ...changes,
});
const unfiltered = (permitted?: Capability[]) => ({filters: 0, own: own(permitted)});
const filtered = {filters: 1, own: own()};

test('root keeps what it is to have; a user nothing but ambient capabilities', (t) => {
  t.deepEqual(setsBeforeExec(credentials({}), unfiltered()).permitted, ['CAP_KILL']);
  t.deepEqual(setsBeforeExec(credentials({uid: 1}), unfiltered()).permitted, []);
  const capabilities: Credentials['capabilities'] = {
    bounding: ['CAP_KILL'],
    effective: ['CAP_KILL'],
    ambient: ['CAP_KILL'],
  };
  const sets = setsBeforeExec(credentials({uid: 1, capabilities}), unfiltered());
  t.deepEqual([sets.permitted, sets.inheritable, sets.ambient], [['CAP_KILL'], ['CAP_KILL'], ['CAP_KILL']]);
});

test('a filter without no-new-privileges takes CAP_SYS_ADMIN until execve, with it nothing', (t) => {
  for (const uid of [0, 1]) {
    t.true(setsBeforeExec(credentials({uid}), filtered).permitted.includes('CAP_SYS_ADMIN'));
    const sets = setsBeforeExec(credentials({uid, noNewPrivileges: true}), filtered);
    t.false(sets.permitted.includes('CAP_SYS_ADMIN'));
    t.false(sets.bounding.includes('CAP_SYS_ADMIN'));
  }
});

test('what rkt lacks is left out of upper bounds; an ambient capability that it lacks is an error', (t) => {
  const some: Capability[] = ['CAP_CHOWN', 'CAP_SETUID'];
  const sets = setsBeforeExec(credentials({}), unfiltered(some));
  t.deepEqual([sets.bounding, sets.permitted], [['CAP_CHOWN'], []]);
  const capabilities: Credentials['capabilities'] = {
    bounding: ['CAP_KILL'],
    effective: ['CAP_KILL'],
    ambient: ['CAP_KILL'],
  };
  const error = t.throws(() => setsBeforeExec(credentials({uid: 1, capabilities}), unfiltered(some)), {
    instanceOf: RktError,
  });
  t.is(error?.code, 'RKT_CAPABILITIES_MISSING');
  t.deepEqual(error?.fields.capabilities, ['CAP_KILL']);
});
