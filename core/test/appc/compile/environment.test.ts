import test from 'ava';
import {completeEnvironment, DEFAULT_PATH, mergeEnvironment} from '../../../src/appc/compile/environment.ts';
import {refused} from '../support.ts';

const list = (record: Record<string, string>) => Object.entries(record).map(([name, value]) => ({name, value}));
const record = (environment: {name: string; value: string}[]) =>
  Object.fromEntries(environment.map(({name, value}) => [name, value]));

test('IM-20 inherited < image < of the pod < of the app', (t) => {
  const merged = mergeEnvironment(list({A: 'image', B: 'image', C: 'image'}), {
    inherited: {A: 'inherited', D: 'inherited', E: 'inherited', F: 'inherited'},
    pod: {B: 'pod', C: 'pod', E: 'pod', G: 'pod'},
    app: {C: 'app', G: 'app'},
  });
  t.deepEqual(record(merged), {A: 'image', B: 'pod', C: 'app', D: 'inherited', E: 'pod', F: 'inherited', G: 'app'});
  t.is(new Set(merged.map(({name}) => name)).size, merged.length);
  t.deepEqual(
    merged.slice(0, 3).map(({name}) => name),
    ['A', 'B', 'C'],
  );
});

test('IM-20 what a manifest cannot hold, and what speaks of rkt’s own descriptors, is not inherited', (t) => {
  const inherited = {
    'BASH_FUNC_x%%': '() {}',
    LISTEN_FDS: '1',
    LISTEN_PID: '2',
    RKT_FAULT: 'x',
    OK: '1',
    GONE: undefined,
  };
  t.deepEqual(mergeEnvironment(null, {inherited}), list({OK: '1'}));
});

test('IM-20 a variable of a flag with an invalid name is refused', (t) => {
  t.is(refused(t, 'RKT_ENVIRONMENT_NAME_INVALID', () => mergeEnvironment([], {pod: {'A B': ''}})).name, 'A B');
  refused(t, 'RKT_ENVIRONMENT_NAME_INVALID', () => mergeEnvironment([], {app: {'': ''}}));
});

test('S25 variables called like parts of JavaScript objects are variables', (t) => {
  t.deepEqual(
    mergeEnvironment(list({constructor: '1'}), {app: {toString: '2'}}),
    list({constructor: '1', toString: '2'}),
  );
});

test('EX-25 EX-26 EX-28 EX-29 an app without environment gets the defaults', (t) => {
  t.deepEqual(record(completeEnvironment(null, {appName: 'cart'})), {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    SHELL: '/bin/sh',
    USER: 'root',
    LOGNAME: 'root',
    HOME: '/root',
    AC_APP_NAME: 'cart',
    container: 'rkt',
  });
});

test('EX-25 an image may replace the defaults', (t) => {
  const {PATH, HOME} = record(completeEnvironment(list({PATH: '/opt/bin', HOME: '/srv'}), {appName: 'a'}));
  t.deepEqual({PATH, HOME}, {PATH: '/opt/bin', HOME: '/srv'});
  t.is(DEFAULT_PATH.split(':').length, 6);
});

test('EX-26 EX-27 EX-28 an image cannot pretend to be another app', (t) => {
  const environment = list({AC_APP_NAME: 'other', container: 'docker', AC_METADATA_URL: 'http://evil'});
  t.like(record(completeEnvironment(environment, {appName: 'a', metadataUrl: 'http://127.0.0.1/x'})), {
    AC_APP_NAME: 'a',
    container: 'rkt',
    AC_METADATA_URL: 'http://127.0.0.1/x',
  });
});
