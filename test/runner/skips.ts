import {skipReason} from './skipped-title.ts';

/** Skips that are none of a host's fault, by title. In CI any other is a failure: a package that could not be installed hides what it would have tested. */
const EXPECTED: readonly (readonly [title: RegExp, reason: string])[] = [
  [/^conformance › kit › PO-01\/pid /, "with fly it is for an ordinary user's pods, and test/rootless tries it"],
  [/EX-27 AC_METADATA_URL/, 'there is no metadata service yet'],
  [/streams › input is for the app that asks for it/, 'fly has pods of one app'],
  [/ends › EX-57 rkt status tells/, 'under nspawn the cgroup that counts is gone with the app'],
  [/supervision › S20 where a pod as a whole is out/, 'capability 24 is not in CapEff'],
  [/isolators › EX-33 (a limit above what rkt|an oom-score-adj that systemd)/, 'CAP_SYS_RESOURCE is there'],
  [/launch › (a hard limit above|an oom score below) rkt's own is refused/, 'CAP_SYS_RESOURCE is there'],
  [/isolators › EX-4[67] EX-33 /, 'the host has the security module, and its profiles and contexts are its own'],
  [/conformance › labels › .*EX-4[67] /, 'only with a security module, which npm run test:v2 has'],
  [/streams › a journal is refused where there is none/, 'nspawn has journals'],
  [/linux › prove-kvm › QEMU can open the device as nobody/, 'there is no /dev/kvm'],
  [
    /isolators › EX-53 operations of each app, which systemd cannot limit on cgroup v1/,
    'the guest of test:v2 has no v1',
  ],
  [/linux › cgroups › S10 processes that fork while they are killed/, 'the guest of test:v2 has no v1'],
  [/linux › cgroups › a cgroup gets the controllers/, 'only with cgroup v2 alone, which npm run test:v2 has'],
  [/plan-diff › in a browser /, 'the browser is installed for the long tests alone'],
  [/service › limits › /, 'only under a systemd with cgroup v2 alone, which npm run test:v2 has'],
];

/** Whether a skipped test, with its reason in the title, may be skipped in CI. */
export const isExpectedSkip = (title: string): boolean =>
  skipReason(title).reason !== undefined && EXPECTED.some(([pattern]) => pattern.test(title));
