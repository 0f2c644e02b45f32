import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {atMost} from '../helpers/at-most.ts';
import {root} from '../helpers/command.ts';
import {flavor, openHost, type RunOptions} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* A flavor that makes of a pod another one than it was given: `status --verify` says `differs` for each lie (EX-33). */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('seccomp'));

// Nobody writes to it: whoever opens it waits.
const image = () => buildImage({files: {'/wait': {fifo: true, mode: 0o644}}});
const WAITS = 'echo ready; read line </wait';

interface Difference {
  readonly name: string;
  readonly app: string;
  readonly actual: string;
}

/** The systemd of a pod has inotify instances, of which a host has 128. */
const limited = atMost(4);

/** A pod, verified while it runs. */
const verified = (options: RunOptions) => limited(() => verifyNow(options));

const verifyNow = async (options: RunOptions) => {
  const pod = await host.start(WAITS, {image: image(), ...options});
  const {exitCode, error, stdout, stderr} = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  await host.rkt(['stop', '--force', pod.uuid]);
  await pod.ended;
  const differences = ((error?.fields.differences ?? []) as Difference[]).map(({name}) => name);
  return {exitCode, code: error?.code, differences: [...new Set(differences)], stdout, stderr};
};

/** The flavor under test, which sees the pod after `lie`, an expression over `pod`, `app` and `process`. */
const liar = (name: string, lie: string): string => {
  const file = path.join(host.directory, `${name}.cjs`);
  writeFileSync(
    file,
    `const honest = require(${JSON.stringify(path.join(root, 'flavors', flavor, 'dist/index.cjs'))}).default;
    const changed = (pod) => {
      const [app] = pod.apps;
      const {process} = app;
      const change = ${lie};
      return {...pod, ...change.pod, apps: [{...app, process: {...process, ...change.process}}]};
    };
    module.exports = {
      ...honest,
      filesystem: (pod, host) => honest.filesystem(changed(pod), host),
      environment: (pod, host) => honest.environment(changed(pod), host),
      launch: (pod, host) => honest.launch(changed(pod), host),
    };`,
  );
  return file;
};

const nobody = ['--user=1000', '--group=1000'];
const filterOf = (rule: string) =>
  `{process: {seccomp: {...process.seccomp, rules: [${rule}, ...process.seccomp.rules]}}}`;

const lies: Readonly<Record<string, {readonly lie: string; readonly seen: string; readonly options?: RunOptions}>> = {
  'a group more': {lie: '{process: {groups: [4321]}}', seen: 'groups'},
  'a group of nobody': {lie: '{process: {groups: [0]}}', seen: 'groups', options: {app: nobody}},
  'a group less': {
    lie: '{process: {groups: []}}',
    seen: 'groups',
    options: {app: [...nobody, '--supplementary-gids=4321']},
  },
  'another primary group': {lie: '{process: {gid: 4321}}', seen: 'user', options: {app: nobody}},
  'an open umask': {lie: '{process: {umask: 0}}', seen: 'umask'},
  'a variable more': {lie: "{process: {env: [...process.env, {name: 'MORE', value: ''}]}}", seen: 'environment'},
  'a variable less': {
    lie: "{process: {env: process.env.filter(({name}) => name !== 'container')}}",
    seen: 'environment',
  },
  'another value': {
    lie: "{process: {env: process.env.map(({name}) => ({name, value: name === 'PATH' ? '/bin' : name}))}}",
    seen: 'environment',
  },
  'no masks': {lie: '{pod: {maskedPaths: []}}', seen: 'kernel-paths/masked'},
  'one mask less': {
    lie: "{pod: {maskedPaths: pod.maskedPaths.filter((path) => path !== '/proc/interrupts')}}",
    seen: 'kernel-paths/masked',
  },
  'a directory that is not masked': {
    lie: "{pod: {maskedPaths: pod.maskedPaths.filter((path) => path !== '/sys/module')}}",
    seen: 'kernel-paths/masked',
  },
  // systemd-nspawn protects them, too.
  ...(flavor === 'fly'
    ? {
        'one path less protected': {
          lie: "{pod: {readOnlyPaths: pod.readOnlyPaths.filter((path) => path !== '/proc/sys')}}",
          seen: 'kernel-paths/masked',
        },
      }
    : {}),
  'other name servers': {
    lie: "{pod: {resolvConf: 'nameserver 192.0.2.1\\n'}}",
    seen: 'dns',
    options: {pod: ['--dns=192.0.2.9']},
  },
  'other hosts': {
    lie: "{pod: {hosts: pod.hosts + '192.0.2.1 other\\n'}}",
    seen: 'dns',
    options: {pod: ['--hosts-entry=192.0.2.9=one']},
  },
  'no filter': {lie: '{process: {seccomp: null}}', seen: 'os/linux/seccomp-retain-set'},
  'a filter that allows one call more': {
    lie: filterOf("{syscalls: ['swapon'], outcome: {action: 'allow'}}"),
    seen: 'os/linux/seccomp-retain-set',
  },
  'a filter that denies nothing': {
    lie: "{process: {seccomp: {default: {action: 'allow'}, rules: [{syscalls: ['swapon'], outcome: {action: 'errno', errno: 1}}]}}}",
    seen: 'os/linux/seccomp-retain-set',
  },
  'a filter with another condition': {
    lie: `{process: {seccomp: {...process.seccomp, rules: process.seccomp.rules.map((rule) => rule.syscalls.includes('clone') && rule.args
      ? {...rule, args: rule.args.map((arg) => ({...arg, mask: arg.mask - 0x04000000}))} : rule)}}}`,
    seen: 'os/linux/seccomp-retain-set',
  },
  'a filter without what was to be removed': {
    lie: "{process: {seccomp: {...process.seccomp, rules: process.seccomp.rules.filter(({syscalls}) => !syscalls.includes('mount'))}}}",
    seen: 'os/linux/seccomp-remove-set',
    options: {app: ['--seccomp=mode=remove,mount,swapon']},
  },
};

for (const [name, {lie, seen, options = {}}] of Object.entries(lies)) {
  kernelTest(`EX-33 a flavor lies: ${name}`, async (t) => {
    const stage1 = liar(name.replaceAll(' ', '-'), lie);
    const {exitCode, code, differences, stderr} = await verified({...options, stage1});
    t.deepEqual({exitCode, code, differences}, {exitCode: 254, code: 'RKT_VERIFY_FAILED', differences: [seen]}, stderr);
  });
}

const truths: Readonly<Record<string, RunOptions>> = {
  'by default': {},
  'nobody with groups': {app: [...nobody, '--supplementary-gids=4321,5']},
  'name servers, hosts and variables': {
    pod: ['--dns=192.0.2.9', '--hosts-entry=192.0.2.9=one', '--set-env=A=b c%d"$e\\'],
    app: ['--readonly-rootfs'],
  },
  'a filter that removes': {app: ['--seccomp=mode=remove,mount,swapon']},
  'a filter that kills': {app: ['--seccomp=mode=retain,errno=EPERM,@rkt/default-whitelist']},
  'a filter that kills for some': {app: ['--seccomp=mode=remove,errno=ENOSYS,mount,swapon']},
};

for (const [name, options] of Object.entries(truths)) {
  kernelTest(`EX-33 a flavor that keeps its word: ${name}`, async (t) => {
    const {exitCode, stdout, stderr} = await verified(options);
    t.is(exitCode, 0, stderr + stdout);
  });
}

kernelTest('EX-33 an app that gives up more, or becomes another program, keeps its word', async (t) => {
  const script = 'umask 077; export MORE=1; echo ready; exec /bin/cat /wait';
  const pod = await host.start(script, {image: image()});
  const {exitCode, stderr} = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  await host.rkt(['stop', '--force', pod.uuid]);
  await pod.ended;
  t.is(exitCode, 0, stderr);
});
