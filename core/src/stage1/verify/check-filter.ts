import {filtersAreShown} from '../../linux/filters-are-shown.ts';
import {readFilters} from '../../linux/read-filters.ts';
import {rootless} from '../../linux/rootless.ts';
import {compileFilter} from '../../linux/seccomp.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {startedWith, weakerCalls} from '../../linux/weaker-calls.ts';
import type {Evidence, Finding} from './evidence.ts';

/** Names of calls that an error shows at most. */
const SHOWN = 12;

/**
 * The app's filters deny at least what the promised one denies. Where the kernel shows nobody's filters, or not to rkt since it has one itself or is not root of the host, all
 * that is known is that there is one besides those that rkt has, and the finding says so. That a process keeps its own from being seen is a difference: who
 * traces it may be its own child.
 */
export const checkFilter = ({app, pid, state, host}: Evidence): Finding[] => {
  const {seccomp} = app.process;
  if (seccomp === null) return [];
  const counted = state.seccompFilters;
  const isThere = state.seccomp === 'filter' && (counted === undefined || counted > (host.seccompFilters ?? 0));
  if (!isThere) return [{expected: 'filter', actual: state.seccomp, holds: false}];
  const programs = readFiltersOf(pid);
  if (typeof programs === 'string') {
    const holds = host.seccomp !== 'disabled' || !isRootOfHost() || !filtersAreShown();
    return [
      {
        expected: 'filter',
        actual: `${counted ?? 'some'} filters, which cannot be read: ${programs}`,
        holds,
        ...(holds && {unseen: true}),
      },
    ];
  }
  const wanted = compileFilter(seccomp);
  const weaker = startedWith(wanted, seccomp, programs) === undefined ? weakerCalls(wanted, seccomp, programs) : [];
  const isComplete = counted === undefined || programs.length >= counted;
  return [
    {
      expected: `a filter that denies what was promised${isComplete ? '' : `, ${counted} in all`}`,
      actual: weaker.length > 0 ? `lets calls pass: ${shorten(weaker)}` : `filter, ${programs.length} in all`,
      holds: weaker.length === 0 && isComplete,
    },
  ];
};

/** Nobody else is shown any. */
const isRootOfHost = (): boolean => process.geteuid?.() === 0 && rootless() === undefined;

const shorten = (calls: readonly string[]): string =>
  calls.length > SHOWN ? `${calls.slice(0, SHOWN).join(', ')} and ${calls.length - SHOWN} more` : calls.join(', ');

const readFiltersOf = (pid: number): Buffer[] | string => {
  try {
    return readFilters(pid);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EINVAL', 'EIO', 'ETIMEDOUT')) return String((error as Error).message);
    throw error;
  }
};
