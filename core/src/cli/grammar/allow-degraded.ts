import {wrong} from './checked.ts';

/** The names in the values of `--allow-degraded`. @throws RKT_FLAG_VALUE_INVALID */
export const parseAllowDegraded = (values: readonly string[]): string[] =>
  values.flatMap((value) =>
    value.split(',').map((name) => {
      const typed = {flag: 'allow-degraded', value, example: 'os/linux/seccomp-retain-set'};
      // Never a blanket switch: each is named.
      if (name === 'all') throw wrong(typed, 'there is no "all"; name each isolator and feature');
      if (!/^[a-z0-9]+(?:[-._~/][a-z0-9]+)*$/.test(name))
        throw wrong(typed, `"${name}" is no name of an isolator or feature`);
      return name;
    }),
  );
