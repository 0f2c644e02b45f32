import type {App, SeccompFilter} from '@rkt/core/contract';
import {seccompRefused} from './errors.ts';
import {NEWER_CALLS} from './newer-calls.ts';
import {conditionSetting} from './seccomp-conditions.ts';
import type {Setting} from './unit.ts';

type Action = SeccompFilter['default'];
type Rule = SeccompFilter['rules'][number];

/** `kill` has no suffix where it is the answer to all that is not allowed. */
const answer = (app: App, action: Action, syscalls: readonly string[]): string => {
  if (action.action !== 'errno') return 'kill';
  if (action.errno === 0) throw seccompRefused(app.name, syscalls, 'a call that fails without an error number');
  return `${action.errno}`;
};

/** The first version that may refuse them: 252 takes them, 257 does not. */
const NO_ENOSYS_IN_LISTS = 253;
const ENOSYS: Action = {action: 'errno', errno: 38};

const isFallBack = ({syscalls, outcome}: Rule): boolean =>
  isSame(outcome, ENOSYS) && syscalls.every((name) => name === 'clone3');

const isSame = (a: Action, b: Action): boolean =>
  a.action === b.action && (a.action !== 'errno' || b.action !== 'errno' || a.errno === b.errno);

const names = (rules: readonly Rule[]): string[] => [...new Set(rules.flatMap(({syscalls}) => syscalls))].sort();

/**
 * The app's filter. systemd has lists without conditions on arguments, so a call that is allowed with some arguments only is put on the list, and
 * a setting of its own that refuses at least as much stands beside it; see {@link conditionSetting}.
 *
 * Newer versions refuse to load a list with calls that fail as calls do that the kernel lacks (measured: 257). That is how clone3 has to fail, whose
 * arguments no filter can see, so there it is on the list, and RestrictNamespaces, a filter of its own, makes it fail.
 *
 * For an app that is neither root nor has CAP_SYS_ADMIN systemd sets no-new-privileges along with any filter.
 */
export const seccompSettings = (app: App, systemdVersion = 252): Setting[] => {
  const filter = app.process.seccomp;
  if (filter === null) return [];
  const conditional = filter.rules.filter(({args}) => args !== undefined && args.length > 0);
  const plain = filter.rules.filter((rule) => !conditional.includes(rule));
  const conditions = names(conditional).map((name) =>
    conditionSetting(
      app.name,
      name,
      filter.default,
      conditional.filter(({syscalls}) => syscalls.includes(name)),
    ),
  );
  const moves =
    systemdVersion >= NO_ENOSYS_IN_LISTS && filter.default.action !== 'allow' && !isSame(ENOSYS, filter.default);
  const elsewhere = moves ? plain.filter(isFallBack) : [];
  if (elsewhere.length > 0 && !conditions.some(([key]) => key === 'RestrictNamespaces')) {
    throw seccompRefused(app.name, names(elsewhere), `a call that fails with ENOSYS, by systemd ${systemdVersion}`);
  }
  return [
    // Calls of another ABI of this machine would pass by the list.
    ['SystemCallArchitectures', 'native'],
    ...(filter.default.action === 'allow'
      ? denyList(app, plain)
      : allowList(
          app,
          filter.default,
          plain.filter((rule) => !elsewhere.includes(rule)),
          names([...conditional, ...elsewhere]),
        )),
    ...conditions,
  ];
};

/** Without the capability it does no more than open_tree without flags: it opens a file. */
const isHarmless = ({process}: App, name: string): boolean =>
  name === 'open_tree_attr' && !process.capabilities.bounding.includes('CAP_SYS_ADMIN');

const denyList = (app: App, rules: readonly Rule[]): Setting[] => {
  const denied = rules.filter(({outcome}) => outcome.action !== 'allow');
  const open = names(denied).filter((name) => NEWER_CALLS.has(name) && !isHarmless(app, name));
  if (open.length > 0) throw seccompRefused(app.name, open, 'a call that systemd may not know, and then does not deny');
  const words = denied.flatMap(({syscalls, outcome}) => {
    const suffix = answer(app, outcome, syscalls);
    return syscalls.map((name) => `${name}:${suffix}`);
  });
  return words.length > 0 ? [['SystemCallFilter', `~${words.join(' ')}`]] : [];
};

const allowList = (app: App, otherwise: Action, rules: readonly Rule[], conditional: readonly string[]): Setting[] => {
  const allowed = names(rules.filter(({outcome}) => outcome.action === 'allow'));
  const all = [...new Set([...allowed, ...conditional])].sort();
  const [first = 'execve'] = all;
  const others = rules.filter(({outcome}) => outcome.action !== 'allow' && !isSame(outcome, otherwise));
  const words = others.flatMap(({syscalls, outcome}) => {
    const suffix = answer(app, outcome, syscalls);
    return syscalls.map((name) => `${name}:${suffix}`);
  });
  return [
    ...(otherwise.action === 'errno' ? [['SystemCallErrorNumber', answer(app, otherwise, [])] as const] : []),
    // The first list that allows something adds calls that nobody asked for. They go again, then come those that were asked for.
    ['SystemCallFilter', first],
    ['SystemCallFilter', '~@default'],
    ['SystemCallFilter', all.length > 0 ? all.join(' ') : first],
    ...(words.length > 0 ? [['SystemCallFilter', `~${words.join(' ')}`] as const] : []),
  ];
};

/** Whether an app's filter lets a call pass, whatever its arguments. */
export const allowsCall = (filter: SeccompFilter | null, name: string): boolean => {
  if (filter === null) return true;
  const rule = filter.rules.find(({syscalls}) => syscalls.includes(name));
  return (rule === undefined || rule.args !== undefined ? filter.default : rule.outcome).action === 'allow';
};
