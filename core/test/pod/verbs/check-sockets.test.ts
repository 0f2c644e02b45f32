import test, {type ExecutionContext} from 'ava';
import type {App, AppName, PassedSocket} from '../../../src/contract/index.ts';
import {checkSockets} from '../../../src/pod/verbs/check-sockets.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {app, pod} from '../../support/fixtures.ts';

const port = (changes: Partial<App['ports'][number]> = {}) =>
  ({name: 'web', protocol: 'tcp', port: 80, count: 1, socketActivated: true, ...changes}) as const;
const socket = (changes: Partial<PassedSocket> = {}): PassedSocket => ({
  family: 'inet',
  protocol: 'tcp',
  stream: true,
  address: '0.0.0.0',
  port: 80,
  ...changes,
});
const named = (name: string, ...ports: App['ports']) => app({name: name as AppName, ports});
const problems = (t: ExecutionContext, apps: App[], sockets?: PassedSocket[]) => {
  const error = t.throws(() => checkSockets(pod({apps}), sockets === undefined ? {} : {sockets}), {
    instanceOf: RktError,
  });
  t.is(error.code, 'RKT_POD_SOCKETS_MISMATCH');
  return (error.fields.problems as string[]).length;
};

test('sockets and ports that fit', (t) => {
  t.notThrows(() => checkSockets(pod(), {}));
  t.notThrows(() => checkSockets(pod({apps: [named('a', port({socketActivated: false}))]}), {}));
  t.notThrows(() => checkSockets(pod({apps: [named('a', port())]}), {sockets: [socket()]}));
  const both = [socket(), socket({family: 'inet6', address: '0:0:0:0:0:0:0:0'})];
  t.notThrows(() => checkSockets(pod({apps: [named('a', port())]}), {sockets: both}));
  const moved = named('a', port({count: 2, hostPort: 8080}));
  t.notThrows(() => checkSockets(pod({apps: [moved]}), {sockets: [socket({port: 8081}), socket({port: 8080})]}));
});

test('a socket that was not passed', (t) => {
  t.is(problems(t, [named('a', port())]), 1);
  t.is(problems(t, [named('a', port({count: 2}))], [socket()]), 1);
});

test('sockets that no port wants', (t) => {
  t.is(problems(t, [app()], [socket()]), 1);
  t.is(problems(t, [app()], [socket({family: 'unix', protocol: 'other', address: '', port: 0})]), 1);
  t.is(problems(t, [named('a', port({socketActivated: false}))], [socket()]), 1);
  for (const other of [socket({protocol: 'udp'}), socket({port: 81})])
    t.is(problems(t, [named('a', port())], [other]), 2);
  t.is(problems(t, [named('a', port({hostIp: '127.0.0.1'}))], [socket()]), 2);
});

test('a socket for two', (t) => {
  t.is(problems(t, [named('a', port()), named('b', port())], [socket()]), 1);
});
