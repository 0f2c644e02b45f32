import test from 'ava';
import type {App, AppName, Pod} from '../../../core/src/contract/index.ts';
import {app, pod} from '../../../core/test/support/fixtures.ts';
import {hasJournal, journalUnits} from '../src/journal.ts';

const UNITS = 'systemd/system';

type Output = App['stdio']['stdout'];
const appOf = (name: string, stdout: Output, stderr: Output, more: Parameters<typeof app>[0] = {}) =>
  app({name: name as AppName, stdio: {stdin: 'null', stdout, stderr}, ...more});
const files = (of: Pod): Map<string, string> => new Map(journalUnits(of).map(({path, content}) => [path, content]));
const names = (of: Pod): string[] => [...files(of).keys()].map((path) => path.replace(`${UNITS}/`, '')).sort();

const JOURNAL = [
  'alive.target.d/journal.conf',
  'rkt-journal.service',
  'systemd-journald.service',
  'systemd-journald.socket',
];
const CONFIGURATION = 'systemd/journald.conf';
const DRAIN = 'rkt/drain';

test('a pod that asks for none has nothing of a journal', (t) => {
  const without = pod({apps: [appOf('web', 'log', 'stream')]});
  t.deepEqual(journalUnits(without), []);
  t.false(hasJournal(without));
});

test('one stream goes there by systemd, and only the apps that ask for it wait', (t) => {
  for (const [stdout, stderr] of [
    ['journal', 'log'],
    ['null', 'journal'],
  ] as const) {
    const of = pod({apps: [appOf('web', stdout, stderr), appOf('other', 'stream', 'stream')]});
    t.deepEqual(names(of), ['app-web.service.d/journal.conf', ...JOURNAL, CONFIGURATION, DRAIN].sort());
    t.is(
      files(of).get(`${UNITS}/app-web.service.d/journal.conf`),
      '[Unit]\nRequires=rkt-journal.service\nWants=systemd-journald.service\nAfter=systemd-journald.service rkt-journal.service\n',
    );
  }
});

test('where both go there, standard error has a way of its own', (t) => {
  const of = pod({apps: [appOf('web', 'journal', 'journal'), appOf('db', 'journal', 'null')]});
  t.deepEqual(
    names(of),
    [
      ...['app-web.service.d/journal.conf', 'app-db.service.d/journal.conf', 'app-web:stderr.service', 'rkt/relay'],
      ...[...JOURNAL, CONFIGURATION, DRAIN],
    ].sort(),
  );
  const relay = files(of).get(`${UNITS}/app-web:stderr.service`) ?? '';
  t.regex(relay, /^SyslogIdentifier=web$/m);
  t.regex(relay, /^SyslogLevel=err$/m);
  t.regex(relay, /^ExecStart=\/bin\/sh \/etc\/rkt\/relay \/run\/rkt-journal\/web$/m);
  t.regex(files(of).get(`${UNITS}/rkt-journal.service`) ?? '', /mkfifo -m 666 \/run\/rkt-journal\/web'/);
  t.regex(
    files(of).get(`${UNITS}/app-web.service.d/journal.conf`) ?? '',
    /^After=systemd-journald.service app-web:stderr.service rkt-journal.service$/m,
  );
});

test('event handlers write there, too', (t) => {
  const handlers: App['eventHandlers'] = [
    {name: 'pre-start', exec: ['/a']},
    {name: 'post-stop', exec: ['/b']},
  ];
  const of = pod({apps: [appOf('web', 'journal', 'null', {eventHandlers: handlers})]});
  const waiting = names(of).filter((name) => name.startsWith('app-'));
  t.deepEqual(waiting, ['', ':post-stop', ':pre-start'].map((part) => `app-web${part}.service.d/journal.conf`).sort());
});

test('nothing of the journal keeps the pod alive, and all of it ends with the pod', (t) => {
  const units = files(pod({apps: [appOf('web', 'journal', 'journal')]}));
  for (const name of ['systemd-journald.service', 'systemd-journald.socket', 'app-web:stderr.service']) {
    const content = units.get(`${UNITS}/${name}`) ?? '';
    t.regex(content, /^Conflicts=shutdown.target$/m, name);
    t.regex(content, /^Before=shutdown.target$/m, name);
    t.notRegex(content, /alive/, name);
  }
  t.regex(units.get(`${UNITS}/alive.target.d/journal.conf`) ?? '', /^SuccessAction=exit$/m);
});

for (const [logSize, streams, use, file] of [
  [undefined, 2, 33_554_432, 4_194_304],
  [8_388_608, 1, 16_777_216, 2_097_152],
  // journald makes no smaller files.
  [65_536, 1, 4_194_304, 524_288],
] as const) {
  test(`${logSize ?? 'the default'} of log for ${streams} streams is ${use} bytes of journal at most`, (t) => {
    const of = pod({
      apps: [appOf('web', 'journal', streams === 2 ? 'journal' : 'null')],
      ...(logSize === undefined ? {} : {logSize}),
    });
    const configuration = files(of).get(CONFIGURATION) ?? '';
    t.regex(configuration, new RegExp(`^RuntimeMaxUse=${use}$`, 'm'));
    t.regex(configuration, new RegExp(`^RuntimeMaxFileSize=${file}$`, 'm'));
  });
}
