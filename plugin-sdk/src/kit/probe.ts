/**
 * A shell script that prints what the kernel says about the process that runs it, for `parseProbe`. It needs nothing but a shell and a few small programs; `$$` is
 * the shell, which the app or the entered command is. Where it can, the shell reads itself: while it starts a program it may block signals.
 */
export const PROBE = `
section() { echo "=== $1"; }
show() { while IFS= read -r line; do printf '%s\\n' "$line"; done; }
section status; show </proc/$$/status
section cgroup; show </proc/$$/cgroup
section limits; show </proc/$$/limits
section mountinfo; show </proc/$$/mountinfo
section namespaces; for n in /proc/$$/ns/*; do printf '%s ' "\${n##*/}"; readlink $n; done
section fds; for f in /proc/$$/fd/*; do if [ -L $f ]; then printf '%s ' \${f##*/}; readlink $f; fi; done
section environ; base64 -w0 /proc/$$/environ; echo
section cmdline; base64 -w0 /proc/$$/cmdline; echo
section cwd; readlink /proc/$$/cwd
section umask; umask
section oom; show </proc/$$/oom_score_adj
section label; cat /proc/$$/attr/current 2>/dev/null; echo
section pid; echo $$
section end
`;

export interface Probe {
  /** Fields of /proc/self/status. */
  readonly status: Readonly<Record<string, string>>;
  /** By hierarchy, as `controllers:path` lines in order. */
  readonly cgroup: readonly string[];
  /** Soft and hard limit by name. */
  readonly limits: Readonly<Record<string, readonly [string, string]>>;
  readonly mounts: readonly ProbedMount[];
  readonly namespaces: Readonly<Record<string, string>>;
  readonly fds: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly umask: string;
  readonly oomScoreAdj: string;
  readonly label: string;
  readonly pid: number;
}

export interface ProbedMount {
  /** Major and minor number: which file system it is. */
  readonly device: string;
  readonly root: string;
  readonly target: string;
  readonly flags: readonly string[];
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const pairs = (lines: readonly string[], separator: RegExp) =>
  Object.fromEntries(
    lines.map((line) => {
      const at = line.search(separator);
      return [line.slice(0, at), line.slice(at).replace(separator, '').trim()];
    }),
  );

const nulls = (base64: string): string[] => Buffer.from(base64, 'base64').toString().split('\0').slice(0, -1);

export const parseMounts = (lines: readonly string[]): ProbedMount[] =>
  lines.map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , device = '', root = '', target = '', flags = '', ...propagation] = before.split(' ');
    const [type = '', source = '', options = ''] = after.split(' ');
    return {device, root, target, flags: flags.split(','), propagation, type, source, options: options.split(',')};
  });

/** What the script printed. Throws when it did not come to its end. */
export const parseProbe = (output: string): Probe => {
  const sections = new Map<string, string[]>();
  for (const part of output.split(/^=== /m).slice(1)) {
    const [name = '', ...lines] = part.split('\n');
    sections.set(
      name,
      lines.filter((line) => line !== ''),
    );
  }
  if (!sections.has('end')) throw new Error(`the probe did not end: ${output.slice(-2000)}`);
  const of = (name: string) => sections.get(name) ?? [];
  const one = (name: string) => of(name)[0] ?? '';
  return {
    status: pairs(of('status'), /:\s*/),
    cgroup: of('cgroup')
      .map((line) => line.replace(/^\d+:/, ''))
      .sort(),
    limits: Object.fromEntries(
      of('limits')
        .slice(1)
        .map((line) => [line.slice(0, 26).trim(), [line.slice(26, 47).trim(), line.slice(47, 68).trim()] as const]),
    ),
    mounts: parseMounts(of('mountinfo')),
    namespaces: pairs(of('namespaces'), / /),
    fds: pairs(of('fds'), / /),
    env: Object.fromEntries(nulls(one('environ')).map((entry) => entry.split(/=(.*)/s).slice(0, 2))),
    argv: nulls(one('cmdline')),
    cwd: one('cwd'),
    umask: one('umask'),
    oomScoreAdj: one('oom'),
    label: one('label'),
    pid: Number(one('pid')),
  };
};

/** The fields of `status` that say what a process may do. */
const CREDENTIALS = [
  'Umask',
  'Uid',
  'Gid',
  'Groups',
  'SigIgn',
  'SigBlk',
  'CapInh',
  'CapPrm',
  'CapEff',
  'CapBnd',
  'CapAmb',
  'NoNewPrivs',
  'Seccomp',
  'Seccomp_filters',
  'Speculation_Store_Bypass',
  'SpeculationIndirectBranch',
  'Cpus_allowed',
] as const;

export const credentials = ({status}: Probe): Record<string, string> =>
  Object.fromEntries(CREDENTIALS.map((name) => [name, status[name] ?? '']));
