import test from 'ava';
import {passedSockets} from '../../src/linux/passed-sockets.ts';
import {parseStatus} from '../../src/linux/read-back.ts';
import {encodeRlimit, exceeds, parseLimits} from '../../src/linux/rlimits.ts';
import {parseSignalSet} from '../../src/linux/signals.ts';
import {RktError} from '../../src/rkt-error.ts';

const CAPS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}:\t0000000000000000\n`).join('');

test('/proc/PID/status as values', (t) => {
  const text = `Umask:\t0027\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n${CAPS}NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n`;
  const {capabilities: _, ...status} = parseStatus(text);
  t.deepEqual(status, {
    uids: [1, 2, 3, 4],
    gids: [5, 6, 7, 8],
    groups: [9, 10],
    umask: 0o027,
    noNewPrivileges: true,
    seccomp: 'filter',
    seccompFilters: 3,
  });
});

test('a process without groups, and a kernel that does not count filters', (t) => {
  const status = parseStatus(`Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \n${CAPS}NoNewPrivs:\t0\nSeccomp:\t0\n`);
  t.deepEqual([status.groups, status.seccomp, status.seccompFilters], [[], 'disabled', undefined]);
});

test('/proc/PID/limits as values, unlimited as null', (t) => {
  const text = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 20000                files     
Max realtime timeout      unlimited            unlimited            us        
Max nice priority         0                    0                    
`;
  t.deepEqual(parseLimits(text), {
    cpu: {soft: null, hard: null},
    nofile: {soft: 1024, hard: 20_000},
    rttime: {soft: null, hard: null},
    nice: {soft: 0, hard: 0},
  });
});

test('struct rlimit64 is soft, hard, all ones for unlimited', (t) => {
  const buffer = encodeRlimit({soft: 5, hard: null});
  t.deepEqual([buffer.readBigUInt64LE(0), buffer.readBigUInt64LE(8)], [5n, 2n ** 64n - 1n]);
});

test('nothing exceeds unlimited, and unlimited exceeds every number', (t) => {
  t.deepEqual(
    [exceeds(null, null), exceeds(5, null), exceeds(null, 5), exceeds(5, 5), exceeds(6, 5)],
    [false, false, true, false, true],
  );
});

test('signal sets begin with signal 1', (t) => {
  t.deepEqual(parseSignalSet('0000000001001001'), [1, 13, 25]);
  t.deepEqual(parseSignalSet('8000000000000000'), [64]);
});

test('LISTEN_FDS counts only when LISTEN_PID is this process', (t) => {
  const none = {fds: [], env: []};
  t.deepEqual(passedSockets({}, 7), none);
  t.deepEqual(passedSockets({LISTEN_FDS: '2', LISTEN_PID: '8'}, 7), none);
  t.deepEqual(passedSockets({LISTEN_FDS: '0', LISTEN_PID: '7'}, 7).fds, []);
});

test('S04 LISTEN_FDS that is no number, or too many, is refused', (t) => {
  for (const value of ['x', '-1', '1.5', '99999', '1025', ' 1']) {
    const error = t.throws(() => passedSockets({LISTEN_FDS: value, LISTEN_PID: '7'}, 7), {instanceOf: RktError});
    t.is(error?.code, 'RKT_LISTEN_FDS_INVALID');
  }
});
